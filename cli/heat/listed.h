// Which addresses of own networks a server lists, in which zones and why.
//
// The server says what its zones are made of; their feeds are read once more here, as for `rblitz dump`, and cut own
// networks into pieces that are alike. Of each piece the server is asked about one address: what it answers is what
// counts, exclusions, overrides and all.
//
// Thread-safety: pure but for files and the socket. Errors: those of the socket; a feed that cannot be read as it is
// served is a note. Cost: a reading of each feed, and at most kMostAsked questions.
#pragma once

#include <string>
#include <vector>

#include "cli/heat/own_report.h"
#include "tables/result.h"

namespace rblitz {

inline constexpr size_t kMostAsked = 20000;

// Fills `listed` of all. `most`: networks and ranges to name.
[[nodiscard]] Status TellListed(const std::string& control, size_t most, std::vector<OwnHeat>* report,
                                std::vector<std::string>* notes);

}  // namespace rblitz
