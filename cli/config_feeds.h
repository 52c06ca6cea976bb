// The feeds that a key of the configuration names.
//
// Thread-safety: pure. Errors: collected by the reader.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/config_table.h"

namespace rblitz {

// Indices into Config::feeds, by name.
using FeedIndex = std::map<std::string, uint32_t>;

// Each once, in the order of the file.
[[nodiscard]] std::vector<uint32_t> ReadFeedNames(TableReader& reader, const char* key, const FeedIndex& feeds);

}  // namespace rblitz
