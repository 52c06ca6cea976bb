// `rblitz dump ZONE`: a zone that is served, as a standard master file. The server tells what the zone is made of; its
// feeds are read once more here, so that the server has no work with it.
//
// Thread-safety: pure but for files and the stream. Errors: say which feed cannot be read as it is served.
// Cost: the tables of the zone's feeds, and one more reading of those that list names, digests or IPv6.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/json.h"
#include "cli/override.h"
#include "dataplane/zone.h"
#include "loaders/feed_status.h"
#include "tables/result.h"

namespace rblitz {

// What a server that is asked knows.
struct DumpView {
  const Config& config;
  const Serving* serving;  // null: nothing yet
  const std::vector<FeedStatus>& feeds;
  const std::vector<Override>& overrides;
};

// What a server tells of one of its zones. Fails when it has no such zone.
[[nodiscard]] Result<Json> ZonePlanJson(const DumpView& view, const std::string& zone);

// Told now and then how many records have been written.
using DumpProgress = std::function<void(uint64_t records)>;

[[nodiscard]] Status DumpZone(const Json& plan, std::ostream* out, const DumpProgress& progress);

}  // namespace rblitz
