// What the server tells about its greylists, as JSON (views.h).
//
// Thread-safety: pure over what is handed in. Cost: GreyStatsJson walks the whole table, 10 million rows in a quarter
// of a second.
#pragma once

#include "cli/config.h"
#include "cli/greylists.h"
#include "cli/json.h"

namespace rblitz {

// For `status`: how they stand.
[[nodiscard]] Json GreylistsJson(const Config& config, const Greylists& greylists);

// For `grey stats`: what one has, answers and writes.
[[nodiscard]] Json GreyStatsJson(const Greylists::One& one, const TripletRules& rules, uint32_t now);

}  // namespace rblitz
