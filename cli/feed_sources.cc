#include "cli/feed_sources.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "loaders/feed_copies.h"

namespace rblitz {

namespace {

// A link or a new name changes a file's ctime, not what is in it.
bool SameContent(FileIdentity a, FileIdentity b) {
  a.changed_ns = b.changed_ns = 0;
  return a == b;
}

// Whoever reads the files may be in another folder than the server.
std::string Absolute(const std::string& path) { return std::filesystem::absolute(path).string(); }

std::vector<FeedSource> SourcesOf(FeedFiles files) {
  std::vector<FeedSource> sources;
  for (size_t i = 0; i < files.sources.size(); ++i) {
    sources.push_back({.path = files.paths[i],
                       .bytes = std::move(files.sources[i]),
                       .size = files.identities[i].size,
                       .modified_ns = files.identities[i].modified_ns});
  }
  return sources;
}

}  // namespace

Json FeedSourcesJson(const FeedStatus& feed, const std::string& state) {
  const FeedConfig& config = feed.config;
  Json paths = Json::array();
  for (const std::string& path : config.paths) paths.push_back(Absolute(path));
  Json files = Json::array();
  for (const FileIdentity& file : feed.files) {
    files.push_back({file.device, file.inode, file.size, file.modified_ns, file.changed_ns});
  }
  return {{"name", config.name},
          {"paths", std::move(paths)},
          {"folder", Absolute(".")},
          {"format", config.format},
          {"a_be", config.a_be ? Json(*config.a_be) : Json()},
          {"txt", config.text ? Json(*config.text) : Json()},
          {"codes", config.codes},
          {"max_range", config.guards.max_range},
          {"max_range_v6", config.guards.max_range_v6},
          {"files", std::move(files)},
          {"from_files", feed.origin == DataOrigin::kFiles},
          {"copy", Absolute(state + "/feeds/" + config.name + "/current")}};
}

FeedSources FeedSourcesFromJson(const Json& json) {
  FeedSources feed;
  feed.config.name = json["name"].get<std::string>();
  feed.config.paths = json["paths"].get<std::vector<std::string>>();
  feed.folder = json["folder"].get<std::string>();
  feed.config.format = json["format"].get<std::string>();
  if (!json["a_be"].is_null()) feed.config.a_be = json["a_be"].get<uint32_t>();
  if (!json["txt"].is_null()) feed.config.text = json["txt"].get<std::string>();
  feed.config.codes = json["codes"].get<std::map<std::string, uint32_t>>();
  feed.config.guards.max_range = json["max_range"].get<uint64_t>();
  feed.config.guards.max_range_v6 = json["max_range_v6"].get<uint8_t>();
  feed.from_files = json["from_files"].get<bool>();
  feed.copy = json["copy"].get<std::string>();
  for (const Json& file : json["files"]) {
    feed.files.push_back({.device = file[0].get<uint64_t>(),
                          .inode = file[1].get<uint64_t>(),
                          .size = file[2].get<uint64_t>(),
                          .modified_ns = file[3].get<int64_t>(),
                          .changed_ns = file[4].get<int64_t>()});
  }
  return feed;
}

std::string FeedOf(const Json& record) {
  if (!record["feed"].is_string()) return "";
  const auto name = record["feed"].get<std::string>();
  return name.substr(0, name.find(':'));  // no feed's name has one
}

void AddSources(const std::vector<FeedStatus>& feeds, const std::string& state, Json* lookup) {
  Json sources = Json::object();
  for (const Json& zone : (*lookup)["zones"]) {
    for (const Json& record : zone["records"]) {
      const auto feed =
          std::ranges::find_if(feeds, [&](const FeedStatus& one) { return FeedOf(record) == one.config.name; });
      if (feed != feeds.end()) sources[feed->config.name] = FeedSourcesJson(*feed, state);
    }
  }
  (*lookup)["sources"] = std::move(sources);
}

Result<OpenedFeed> OpenServed(const FeedSources& feed) {
  Result<FeedFiles> files = OpenFeedFiles(feed.config.paths);
  const bool same = files && std::ranges::equal(files->identities, feed.files, SameContent);
  if (same && feed.from_files) return OpenedFeed{.sources = SourcesOf(*std::move(files))};
  Result<FeedCopy> copy = ReadFeedCopy(feed.copy);
  // What was rolled back to has files of its own: the copy alone says what is served.
  if (copy && (!feed.from_files || IsCopyOf(copy->info, feed.files))) {
    for (FeedSource& source : copy->sources) {
      source.path = (std::filesystem::path(feed.folder) / source.path).lexically_normal().string();
    }
    return OpenedFeed{.sources = std::move(copy->sources), .changed = true};
  }
  if (!files) return tl::unexpected<Error>(files.error());
  return OpenedFeed{.sources = SourcesOf(*std::move(files)), .changed = true, .current = false};
}

}  // namespace rblitz
