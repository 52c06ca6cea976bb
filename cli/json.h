// JSON as the control socket and --json speak it: keys keep the order in which they were set.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace rblitz {

using Json = nlohmann::ordered_json;

// Never throws: bytes that are no UTF-8 (a bad line of a feed, quoted) become U+FFFD.
[[nodiscard]] std::string DumpJson(const Json& json, int indent = -1);

// Never throws: what is no JSON is_discarded().
[[nodiscard]] Json ParseJson(std::string_view text);

// A value of an object: empty, or `absent`, where there is none or one of another type.
[[nodiscard]] std::string TextAt(const Json& object, const char* key);
[[nodiscard]] uint64_t NumberAt(const Json& object, const char* key, uint64_t absent);

}  // namespace rblitz
