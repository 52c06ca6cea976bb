// What the operator's tool must know of a greylist: of a server that is asked, or of a configuration that is read.
//
// Thread-safety: pure but for reading the file. Errors: say which file or zone; JSON of another shape is an error.
#pragma once

#include <string>
#include <vector>

#include "cli/json.h"
#include "dataplane/grey_question.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

struct GreySettings {
  std::string zone;
  std::string key_file;
  TripletRules rules;
  GreyMasks masks;
};

// Of the result of `grey config`. What it does not say is as usual.
[[nodiscard]] Result<std::vector<GreySettings>> GreySettingsFromJson(const Json& result);

// Of the sections [[greylist]] of a configuration.
[[nodiscard]] Result<std::vector<GreySettings>> GreySettingsFromFile(const std::string& config);

// The one of the zone; where none is named, the only one.
[[nodiscard]] Result<GreySettings> ChooseGreylist(const std::vector<GreySettings>& greylists, const std::string& zone);

}  // namespace rblitz
