#include "cli/request.h"

#include "cli/json.h"

namespace rblitz {

Result<ControlRequest> ParseRequest(std::string_view line) {
  const Json object = ParseJson(line);
  if (!object.is_object()) return Fail("a request is one JSON object a line");
  ControlRequest request{.command = TextAt(object, "command"),
                         .feeds = {},
                         .force = object.value("force", Json()) == true,
                         .feed = TextAt(object, "feed"),
                         .what = TextAt(object, "what"),
                         .zone = TextAt(object, "zone"),
                         .action = TextAt(object, "action"),
                         .a = TextAt(object, "a"),
                         .lasting = TextAt(object, "for"),
                         .why = TextAt(object, "why")};
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
