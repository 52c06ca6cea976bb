// What the server tells about itself, as JSON: the answers of the control socket and of --json.
//
// Thread-safety: pure over what is handed in; a Serving must be held by an online RCU reader.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/json.h"
#include "cli/workers.h"
#include "dataplane/zone.h"
#include "loaders/reloader.h"

namespace rblitz {

// Per second, over the last whole second.
struct Rates {
  double received = 0;
  double answered = 0;
};

struct ServerView {
  const Config& config;
  const Workers& workers;
  const std::vector<FeedStatus>& feeds;
  const Serving* serving;  // null: nothing has been loaded yet
  LoadProgress reading;
  double uptime_seconds;
  Rates rates;
};

// The configured zones and how they stand. Null: nothing has been loaded yet.
[[nodiscard]] Json ZonesJson(const Config& config, const Serving* serving);

[[nodiscard]] Json StatusJson(const ServerView& view);
[[nodiscard]] Json StatsJson(const Workers& workers, const Serving* serving, Rates rates);

// What the zones say of an IPv4 address. Fails when `what` is none, or `zone` (empty: all) is not served.
[[nodiscard]] Result<Json> LookupJson(const Serving& serving, const std::string& what, const std::string& zone);

// One feed of a reload or a check.
[[nodiscard]] Json OutcomeJson(const FeedOutcome& outcome);

// Lines of an Error that has several.
[[nodiscard]] Json ErrorLines(const std::string& message);

}  // namespace rblitz
