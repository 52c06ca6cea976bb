#include "cli/feed_lines.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/feed_sources.h"
#include "cli/looked_up.h"
#include "loaders/feed_search.h"

namespace rblitz {

namespace {

struct Lines {
  std::vector<FoundLine> found;
  bool changed = false;
  std::string error;
};

Lines FindIn(const FeedSources& feed, const Sought& sought) {
  Lines lines;
  Result<OpenedFeed> opened = OpenServed(feed);
  if (!opened) {
    lines.error = opened.error().message;
    return lines;
  }
  lines.changed = opened->changed;
  Result<std::vector<FoundLine>> found = FindLines(feed.config, std::move(opened->sources), sought);
  if (found) {
    lines.found = *std::move(found);
  } else {
    lines.error = found.error().message;
  }
  return lines;
}

// Of a feed that gives several values the record's own, if its lines can be told from the others'.
void AddTo(Json* record, const Lines& lines) {
  Json own = Json::array();
  Json all = Json::array();
  for (const FoundLine& found : lines.found) {
    const Json line = {{"file", found.path}, {"line", found.line}};
    all.push_back(line);
    if ((*record)["a"] == (found.a_be == 0 ? Json() : Json(AText(found.a_be)))) own.push_back(line);
  }
  const Json& chosen = own.empty() ? all : own;
  (*record)["file"] = chosen.empty() ? Json() : chosen[0]["file"];
  (*record)["line"] = chosen.empty() ? Json() : chosen[0]["line"];
  (*record)["lines"] = chosen;
  (*record)["changed"] = lines.changed;
  if (!lines.error.empty()) (*record)["file_error"] = lines.error;
}

}  // namespace

void AddLines(Json* lookup) {
  const Json sources = std::exchange((*lookup)["sources"], Json());
  lookup->erase("sources");
  const Result<LookedUp> looked_up = ReadLookup((*lookup)["what"].get<std::string>());
  if (!looked_up || !sources.is_object()) return;
  Sought sought;
  const bool has_ip4 = looked_up->asked.is_ip4 || looked_up->asked.ip4_within != Ip4Within::kNone;
  if (has_ip4) sought.ip4 = looked_up->asked.ip4;
  if (looked_up->asked.is_ip6) sought.ip6 = looked_up->asked.ip6;
  sought.labels = looked_up->labels();
  std::map<std::pair<std::string, std::string>, Lines> by_feed_and_part;
  for (Json& zone : (*lookup)["zones"]) {
    sought.part = zone["part"].is_string() ? zone["part"].get<std::string>() : "";
    for (Json& record : zone["records"]) {
      const std::string feed = FeedOf(record);
      if (!sources.contains(feed)) continue;
      const auto [known, inserted] = by_feed_and_part.try_emplace({feed, sought.part});
      if (inserted) known->second = FindIn(FeedSourcesFromJson(sources[feed]), sought);
      AddTo(&record, known->second);
    }
  }
}

}  // namespace rblitz
