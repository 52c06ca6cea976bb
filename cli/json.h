// JSON as the control socket and --json speak it: keys keep the order in which they were set.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace rblitz {

using Json = nlohmann::ordered_json;

// Never throws: bytes that are no UTF-8 (a bad line of a feed, quoted) become U+FFFD.
[[nodiscard]] std::string DumpJson(const Json& json, int indent = -1);

// Never throws: what is no JSON is_discarded().
[[nodiscard]] Json ParseJson(std::string_view text);

}  // namespace rblitz
