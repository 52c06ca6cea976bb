// The sections [[heat]] and [traffic] of the configuration, and what a [[feed]] of heat may say besides.
//
// Thread-safety: pure. Errors: collected in the ConfigErrors given, or by the reader.
#pragma once

#include <filesystem>

#include "cli/config.h"
#include "cli/config_feeds.h"
#include "cli/config_table.h"

namespace rblitz {

// `folder`: where relative paths start. `feed` has its format already.
void ReadHeatFeed(TableReader& reader, const std::filesystem::path& folder, FeedConfig* feed);

[[nodiscard]] TrafficConfig ReadTraffic(const toml::table& table, ConfigErrors* errors);

// `config` has its feeds already, and takes the zone.
void ReadHeatZone(const toml::table& table, const FeedIndex& feeds, Config* config, ConfigErrors* errors);

}  // namespace rblitz
