#include "cli/json.h"

namespace rblitz {

std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json ParseJson(std::string_view text) { return Json::parse(text, nullptr, false); }

}  // namespace rblitz
