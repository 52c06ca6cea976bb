// As zero_allocation_test.cc, of zones of heat.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/io/memory_io.h"
#include "dataplane/responder.h"
#include "tests/burst_calls.h"
#include "tests/dns_message.h"
#include "tests/echo.h"
#include "tests/frames.h"
#include "tests/serving.h"

namespace rblitz {
namespace {

using test::Calls;
using test::CallsInBursts;

// Each type and kind of address, A records of several levels and texts, beside a zone that lists.
TEST(ZeroAllocation, NorAreQuestionsOfZonesOfHeat) {
  const auto cells = std::make_shared<HeatCells>();
  for (uint32_t cell = 0; cell < kCellsInBlock; ++cell) (*cells)[cell + (10 << 16)] = static_cast<uint8_t>(cell);
  const auto heat = std::make_shared<FeedData>();
  heat->name = "heat";
  heat->ip4 = test::MakeFeed("", {})->ip4;
  heat->heat = cells;
  const auto networks = std::make_shared<Heat6Networks>();
  for (uint64_t i = 1; i < 255; ++i) {
    networks->of_length[Heat6Index(64)].push_back({.prefix = i, .score = static_cast<uint8_t>(i)});
  }
  heat->heat6 = networks;
  Snapshot snapshot;
  snapshot.feeds = {heat, test::MakeFeed("list", {{test::Ip(10, 0, 0, 0), test::Ip(10, 0, 127, 255), 2}})};
  const std::vector<ZoneConfig> zones = {
      {.name = "heat.test", .feeds = {0}, .heat = HeatZoneConfig{}},
      {.name = "all.test", .feeds = {0}, .slot = 1, .heat = HeatZoneConfig{.min_score = 1, .all = true}},
      {.name = "bl.test", .feeds = {1}, .slot = 2}};
  const auto serving = BuildServing(std::move(snapshot), zones, {});
  ASSERT_TRUE(serving) << serving.error().message;
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(test::Own(), stats.get());
  for (unsigned i = 0; i < 256; ++i) {
    for (const char* zone : {"heat.test", "all.test", "bl.test"}) {
      const std::string name = "9." + std::to_string(i) + ".0.10." + zone;
      memory.Push(test::UdpFrame({}, {}, Question(name, i % 5 == 0 ? dns::kTxt : i % 7 == 0 ? dns::kAny : dns::kA)));
      char nibbles[80];
      std::snprintf(nibbles, sizeof nibbles, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.%x.%x.0.0.0.0.0.0.0.0.0.0.0.0.0.0.%s",
                    i % 16, i / 16, zone);
      memory.Push(test::UdpFrame({}, {}, Question(nibbles, i % 5 == 0 ? dns::kTxt : dns::kA)));
      memory.Push(test::UdpFrame({}, {}, Question(i % 11 == 0 ? name.substr(2) : "x" + name, dns::kA, Opt{})));
    }
  }
  Responder responder(stats.get());
  const Calls calls = CallsInBursts(memory, 400, [&](io::Burst& burst) { responder.Answer(burst, **serving); });
  EXPECT_EQ(calls, (Calls{0, 0}));
  for (const size_t slot : {0u, 1u, 2u}) {
    for (const Outcome outcome : {Outcome::kListed, Outcome::kNxdomain, Outcome::kOther, Outcome::kNoData}) {
      EXPECT_GT(stats->zones[slot].outcomes[static_cast<size_t>(outcome)].value(), 0u) << OutcomeName(outcome);
    }
  }
  EXPECT_TRUE(test::AddsUp(*stats));
}

}  // namespace
}  // namespace rblitz
