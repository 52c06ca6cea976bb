// Zones of the tests of bursts that are answered together: apexes of many lengths, with few and with large tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/zone.h"
#include "tests/serving.h"

namespace rblitz {

// Apexes whose questions end, without or with OPT, on both sides of each number of vectors that is compared: 7 and 18
// bytes, 20 and 31, 21 and 32, 22 and 33, 53 and 64, 54 and 65, 64 and 75, 65 and 76.
inline std::vector<std::string> Apexes() {
  std::vector<std::string> apexes;
  for (const size_t wire_size : {3u, 16u, 17u, 18u, 49u, 50u, 60u, 61u}) {
    const std::string_view parent = wire_size == 3 ? "" : ".Example.com";
    apexes.push_back(std::string(wire_size - 2 - parent.size(), 'b').append(parent));
  }
  return apexes;
}

// Of one feed, with one A or two of an address, with and without text, or of several, some of whose addresses more than
// one lists; some have a SOA.
inline constexpr uint8_t kFeeds = 11;
inline Result<std::unique_ptr<const Serving>> ServeApexes(const std::vector<std::string>& apexes) {
  using test::Ip;
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("feed", {{Ip(192, 0, 2, 0), Ip(192, 0, 2, 99), 2, {"Listed ", ""}},
                                            {Ip(192, 0, 2, 50), Ip(192, 0, 2, 99), 3},
                                            {Ip(0, 0, 0, 0), Ip(9, 255, 255, 255), 4, {"net"}},
                                            {Ip(127, 0, 0, 0), Ip(127, 0, 0, 255), 5}}),
                    test::MakeFeed("second", {{Ip(192, 0, 2, 80), Ip(192, 0, 2, 149), 6, {"Second"}}})};
  for (uint8_t i = 2; i < kFeeds; ++i) {
    snapshot.feeds.push_back(
        test::MakeFeed("more", {{Ip(192, 0, 2, 140u + i), Ip(192, 0, 2, 143u + i), static_cast<uint8_t>(7 + i)}}));
  }
  std::vector<ZoneConfig> zones;
  for (const std::string& apex : apexes) {
    const auto slot = static_cast<uint32_t>(zones.size());
    zones.push_back({.name = apex, .feeds = {0}, .slot = slot});
    if (slot % 2 == 1) zones.back().soa = test::ShortSoa(7);
    // One, two, and as many as are asked at once in more than one round.
    for (uint32_t feed = 1; feed < (slot % 3 == 0 ? 1u : slot % 3 == 1 ? 2u : kFeeds); ++feed) {
      zones.back().feeds.push_back(feed);
    }
  }
  return BuildServing(std::move(snapshot), zones, {.version = "rblitz test", .id = ""});
}

inline constexpr uint32_t kSingles = 70000;
// Number i of the addresses that the feed of this A lists one by one: half of them in blocks of many, half apart.
inline uint32_t SingleOf(uint8_t a, uint32_t i) {
  return i % 2 == 0 ? test::Ip(192, 0, 3, 0) + 5 * i : test::Ip(a, 0, 0, 0) + 130 * i;
}

// A small list, and a large one of one value (a is 4) or two (5).
inline std::shared_ptr<const FeedData> FeedOf(uint8_t a) {
  using test::Ip;
  std::vector<test::Entry> entries = {{Ip(192, 0, 2, 10u * a), Ip(192, 0, 2, 10u * a + 120), a, {"Listed"}}};
  for (uint32_t i = 0; a > 3 && i < kSingles; ++i) {
    entries.push_back({SingleOf(a, i), SingleOf(a, i), static_cast<uint8_t>(i % 3 == 0 ? a : 4)});
  }
  return test::MakeFeed("feed" + std::to_string(a), entries);
}

// Of one feed each, all of whose answers are ready, so that bursts of many zones take their own way
// (responder_mixed.cc): small tables, and large ones of one value and of two. The last zone has two feeds.
inline Result<std::unique_ptr<const Serving>> ServeReadyApexes(const std::vector<std::string>& apexes) {
  Snapshot snapshot;
  for (uint8_t a = 2; a < 6; ++a) snapshot.feeds.push_back(FeedOf(a));
  std::vector<ZoneConfig> zones;
  for (const std::string& apex : apexes) {
    const auto slot = static_cast<uint32_t>(zones.size());
    zones.push_back({.name = apex, .feeds = {slot % 4}, .slot = slot});
    if (slot % 2 == 1) zones.back().soa = test::ShortSoa(7);
  }
  zones.back().feeds.push_back(0);
  return BuildServing(std::move(snapshot), zones, {.version = "rblitz test", .id = ""});
}

}  // namespace rblitz
