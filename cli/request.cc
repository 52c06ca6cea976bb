#include "cli/request.h"

#include "cli/json.h"

namespace rblitz {

namespace {

// What the object says under `key`; empty when it says nothing or no text.
std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Result<ControlRequest> ParseRequest(std::string_view line) {
  const Json object = ParseJson(line);
  if (!object.is_object()) return Fail("a request is one JSON object a line");
  ControlRequest request{.command = Text(object, "command"),
                         .feeds = {},
                         .force = object.value("force", Json()) == true,
                         .feed = Text(object, "feed"),
                         .what = Text(object, "what"),
                         .zone = Text(object, "zone"),
                         .action = Text(object, "action"),
                         .a = Text(object, "a"),
                         .lasting = Text(object, "for"),
                         .why = Text(object, "why")};
  const auto feeds = object.find("feeds");
  if (request.command != "reload" || feeds == object.end()) return request;
  if (!feeds->is_array()) return Fail("reload: feeds must be a list");
  for (const Json& feed : *feeds) {
    if (!feed.is_string()) return Fail("reload: feeds must be a list of names");
    request.feeds.push_back(feed.get<std::string>());
  }
  return request;
}

}  // namespace rblitz
