// Feeds of heat as tests ask them.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "tests/feed_fixture.h"

namespace rblitz {

// The score of the /24 around an address; -1: the feed did not load.
inline int HeatOf(const Loaded& loaded, std::string_view address) {
  if (loaded.feed == nullptr || loaded.feed->heat == nullptr) return -1;
  return loaded.feed->heat->at(HostOrder(address) >> 8);
}

// The same of the network of this length around an IPv6 address; 0: it is not known.
inline int Heat6Of(const Loaded& loaded, const std::string& address, unsigned length) {
  if (loaded.feed == nullptr || loaded.feed->heat6 == nullptr) return -1;
  const auto& networks = loaded.feed->heat6->of_length[Heat6Index(length)];
  const uint64_t prefix = Ip6Of(address).high & ~HostBits64(length);
  const auto found = std::ranges::find(networks, prefix, &Heat6Networks::One::prefix);
  return found == networks.end() ? 0 : found->score;
}

inline Loaded LoadHeat(std::string_view format, std::string_view text, HeatOptions options = {}) {
  const TempFolder folder;
  return Load({.name = "test",
               .paths = {folder.Write("heat", text)},
               .format = std::string(format),
               .heat = std::move(options)});
}

// What guards say of it; empty: nothing.
inline std::string RefusalOf(const FeedGuards& guards, const Loaded& loaded) {
  const Status kept = CheckGuards(guards, loaded.report, {}, 0);
  return kept ? "" : kept.error().message;
}

inline std::string HeatSample(const std::string& name) { return std::string(RBLITZ_SAMPLES) + "/" + name; }

inline Loaded LoadHeatSample(const std::string& name, std::string_view format, HeatOptions options = {}) {
  return Load({.name = "test", .paths = {HeatSample(name)}, .format = std::string(format), .heat = std::move(options)});
}

}  // namespace rblitz
