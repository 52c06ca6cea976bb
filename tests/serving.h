// A small server as tests of the responder want it: feeds from a few lines, and four zones over them that show every
// kind of answer.
//
// Thread-safety: pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/zone.h"
#include "tables/ip4_builder.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz::test {

constexpr uint32_t Ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { return a << 24 | b << 16 | c << 8 | d; }

struct Entry {
  uint32_t first;
  uint32_t last;
  uint32_t a;                               // last octet of the A value; 0 excludes
  std::vector<std::string_view> text = {};  // parts, between which the address stands
};

inline std::shared_ptr<FeedData> MakeFeed(std::string name, const std::vector<Entry>& entries) {
  auto feed = std::make_shared<FeedData>();
  feed->name = std::move(name);
  feed->data_time = 1700000000;
  Ip4Builder builder(Precedence::kPieces, &feed->verdicts);
  for (const Entry& e : entries) {
    const TextId text = feed->verdicts.InternText(e.text);
    const ValueId value =
        e.a == 0 ? kNotListed : feed->verdicts.Intern({.a_be = __builtin_bswap32(Ip(127, 0, 0, e.a)), .text = text});
    builder.AddRange(e.first, e.last, value);
  }
  Ip4BuildReport report;
  feed->ip4 = std::make_shared<const Ip4Table>(builder.Build(nullptr, &report));
  feed->test_unlisted = builder.exact(Ip(127, 0, 0, 1));
  feed->test_listed = builder.exact(Ip(127, 0, 0, 2));
  return feed;
}

inline Soa ShortSoa(uint32_t serial) {
  return {.ttl_seconds = 600,
          .mname = "ns.example.com",
          .rname = "hostmaster.example.com",
          .serial = serial,
          .refresh_seconds = 1,
          .retry_seconds = 2,
          .expire_seconds = 3,
          .minimum_seconds = 300};
}

// bl.example.com of two feeds, bogons.example.com of one that lists 127/8, out.example.com whose feed did not load, and
// one.bl.example.com inside the first. version.bind is told, id.server hidden.
inline Result<std::unique_ptr<const Serving>> FourZones(std::shared_ptr<const ClientRules> client_rules = {}) {
  Snapshot snapshot;
  snapshot.feeds.push_back(MakeFeed("first", {{Ip(192, 0, 2, 1), Ip(192, 0, 2, 1), 2, {"Listed ", ""}},
                                              {Ip(192, 0, 2, 5), Ip(192, 0, 2, 5), 3},
                                              {Ip(198, 51, 100, 0), Ip(198, 51, 100, 255), 4, {"net"}}}));
  auto second = MakeFeed("second", {{Ip(192, 0, 2, 1), Ip(192, 0, 2, 1), 9, {"also ", ""}},
                                    {Ip(192, 0, 2, 5), Ip(192, 0, 2, 5), 3},
                                    {Ip(203, 0, 113, 7), Ip(203, 0, 113, 7), 2, {"second"}}});
  second->ttl_seconds = 60;
  snapshot.feeds.push_back(second);
  snapshot.feeds.push_back(
      MakeFeed("bogons", {{Ip(127, 0, 0, 0), Ip(127, 255, 255, 255), 2}, {Ip(10, 0, 0, 0), Ip(10, 255, 255, 255), 2}}));
  snapshot.feeds.push_back(nullptr);
  const Soa soa = ShortSoa(7);
  std::vector<ZoneConfig> zones;
  zones.push_back({.name = "bl.example.com",
                   .feeds = {0, 1},
                   .soa = soa,
                   .ns = NameServers{.ttl_seconds = 0, .names = {"ns.example.com", "other.example.net"}},
                   .slot = 0});
  zones.push_back({.name = "Bogons.Example.com.", .feeds = {2}, .ttl_seconds = 77, .slot = 1});
  zones.push_back({.name = "out.example.com", .feeds = {3}, .slot = 2});
  zones.push_back({.name = "one.bl.example.com", .feeds = {0}, .soa = soa, .slot = 3});
  return BuildServing(std::move(snapshot), zones, {.version = "rblitz test", .id = ""}, std::move(client_rules));
}

}  // namespace rblitz::test
