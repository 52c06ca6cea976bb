// What the server says of its greylists, as text for people.
//
// Thread-safety: pure. Errors: JSON of another shape throws nlohmann's exceptions, which main catches.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cli/grey_settings.h"
#include "cli/json.h"
#include "tables/triplet_row.h"

namespace rblitz {

// "1 row", "2 rows".
[[nodiscard]] std::string RowsText(uint64_t rows);

// An aligned table with a line for its columns; empty for no rows.
[[nodiscard]] std::string RenderGreyRows(std::span<const TripletRow> rows, const GreySettings& settings, uint32_t now);

// Of the triplet that was asked for by its name: {"a", "state", "why", "wait", "first", "row"}.
[[nodiscard]] std::string RenderGreyAnswer(const Json& lookup, const GreySettings& settings, uint32_t now);

// Of an address or network: {"rows", "credits"}, these of an address alone.
[[nodiscard]] std::string RenderGreyClients(const std::string& what, const Json& lookup, const GreySettings& settings,
                                            uint32_t now);

// {"zones": [{"zone", "state", ...}]}: whatever else there is, a group a line.
[[nodiscard]] std::string RenderGreyStats(const Json& stats);

}  // namespace rblitz
