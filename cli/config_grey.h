// The sections [[greylist]] of the configuration.
//
// Thread-safety: pure. Errors: collected in the ConfigErrors given; what may be so, and hardly is meant so, in
// warnings.
#pragma once

#include <filesystem>

#include "cli/config.h"
#include "cli/config_feeds.h"
#include "cli/config_table.h"

namespace rblitz {

// `folder`: where relative paths start. `config` has its feeds already, and takes the greylist.
void ReadGreylist(const toml::table& table, const std::filesystem::path& folder, const FeedIndex& feeds, Config* config,
                  ConfigErrors* errors);

}  // namespace rblitz
