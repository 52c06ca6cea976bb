#include "cli/json.h"

namespace rblitz {

std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json ParseJson(std::string_view text) { return Json::parse(text, nullptr, false); }

std::string TextAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

uint64_t NumberAt(const Json& object, const char* key, uint64_t absent) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : absent;
}

}  // namespace rblitz
