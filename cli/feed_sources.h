// Where the data of a feed can be read once more: what a server tells `rblitz lookup` and `rblitz dump`, which read the
// files themselves, so that the server has no work with it.
//
// Thread-safety: pure but for the file system. Errors: bytes that cannot be had; JSON of another shape throws
// nlohmann's exceptions, which main catches.
#pragma once

#include <string>
#include <vector>

#include "cli/json.h"
#include "loaders/feed.h"
#include "loaders/feed_status.h"
#include "loaders/file_identity.h"
#include "tables/result.h"

namespace rblitz {

struct FeedSources {
  FeedConfig config;                // what a load needs of it
  std::vector<FileIdentity> files;  // that were loaded
  bool from_files = true;           // else what is served came from a copy
  std::string copy;                 // where the last good copy is
  std::string folder;               // where a copy's relative paths begin
};

// `state`: the server's folder.
[[nodiscard]] Json FeedSourcesJson(const FeedStatus& feed, const std::string& state);
[[nodiscard]] FeedSources FeedSourcesFromJson(const Json& json);

// The feed that gave a record of a lookup, without the name of its data set; empty: it is the zone's own.
[[nodiscard]] std::string FeedOf(const Json& record);

// Adds to the answer of a lookup, as "sources", those of the feeds that gave its records.
void AddSources(const std::vector<FeedStatus>& feeds, const std::string& state, Json* lookup);

struct OpenedFeed {
  std::vector<FeedSource> sources;
  bool changed = false;  // the files are others than those that were loaded
  bool current = true;   // the sources are what is served
};

// What is served: the files, or its copy when they have changed since. Where there is no copy of it, the files as they
// are.
[[nodiscard]] Result<OpenedFeed> OpenServed(const FeedSources& feed);

}  // namespace rblitz
