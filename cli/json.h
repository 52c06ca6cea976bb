// JSON as the control socket and --json speak it: keys keep the order in which they were set.
//
// Errors: DumpJson never throws: bytes that are no UTF-8 (a bad line of a feed, quoted) become U+FFFD.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace rblitz {

using Json = nlohmann::ordered_json;

[[nodiscard]] inline std::string DumpJson(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rblitz
