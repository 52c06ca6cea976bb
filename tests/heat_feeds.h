// Feeds of heat as tests ask them.
//
// Thread-safety: pure.
#pragma once

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

inline Loaded LoadHeat(std::string_view format, std::string_view text, HeatOptions options = {}) {
  const TempFolder folder;
  return Load({.name = "test",
               .paths = {folder.Write("heat", text)},
               .format = std::string(format),
               .heat = std::move(options)});
}

inline std::string HeatSample(const std::string& name) { return std::string(RBLITZ_SAMPLES) + "/" + name; }

inline Loaded LoadHeatSample(const std::string& name, std::string_view format, HeatOptions options = {}) {
  return Load({.name = "test", .paths = {HeatSample(name)}, .format = std::string(format), .heat = std::move(options)});
}

}  // namespace rblitz
