// Heat over the control socket: pages of cells and networks, each reading of one moment.
#include "cli/heat_answers.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/heat_zone.h"
#include "tests/serving.h"

namespace rblitz {
namespace {

using Clock = HeatReadings::Clock;

struct Told {
  std::map<uint32_t, unsigned> cells;
  std::map<std::string, unsigned> networks6;
  size_t pages = 0;
  size_t most = 0;  // of a page

  bool operator==(const Told& other) const { return cells == other.cells && networks6 == other.networks6; }
};

class HeatAnswersTest : public testing::Test {
 protected:
  // Feeds "one", "two" and "list", zone "heat.test" of the first two.
  void Serve(HeatCells cells, Heat6Networks one, Heat6Networks two) {
    Snapshot snapshot;
    for (const auto* const name : {"one", "two", "list"}) {
      snapshot.feeds.push_back(test::MakeFeed(name, {}));
    }
    const auto fill = [&](size_t feed, HeatCells of_cells, Heat6Networks networks) {
      auto data = std::make_shared<FeedData>(*snapshot.feeds[feed]);
      data->heat = std::make_shared<const HeatCells>(std::move(of_cells));
      if (networks.count() > 0) data->heat6 = std::make_shared<const Heat6Networks>(std::move(networks));
      snapshot.feeds[feed] = std::move(data);
    };
    fill(0, std::move(cells), std::move(one));
    fill(1, {}, std::move(two));
    const ZoneConfig zones[] = {{.name = "heat.test", .feeds = {0, 1}, .heat = HeatZoneConfig{}},
                                {.name = "bl.test", .feeds = {2}, .slot = 1}};
    auto serving = BuildServing(std::move(snapshot), zones, {});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = *std::move(serving);
  }

  Result<Json> Ask(Json request) {
    request["command"] = "heat";
    request["action"] = "cells";
    return HeatAnswers(traffic_, serving_.get(), &readings_).Answer(request);
  }

  // Takes the pages that follow `page`, too.
  Told Rest(Result<Json> page, bool ip6) {
    Told told;
    for (; page; page = Ask({{"from", page->at("next")}, {"reading", page->at("reading")}, {"ip6", ip6}})) {
      ++told.pages;
      told.most = std::max(told.most, page->at("runs").size() + page->at("networks6").size());
      for (const Json& run : page->at("runs")) {
        for (uint32_t i = 0; i < run[1]; ++i) told.cells[run[0].get<uint32_t>() + i] = run[2];
      }
      for (const Json& network : page->at("networks6")) {
        EXPECT_TRUE(told.networks6.emplace(network[0], network[1]).second) << network;
      }
      if (page->at("next").is_null()) return told;
    }
    ADD_FAILURE() << page.error().message;
    return told;
  }
  Told Tell(const std::string& source, const std::string& name, bool ip6) {
    return Rest(Ask({{"source", source}, {"name", name}, {"ip6", ip6}}), ip6);
  }
  std::string Error(const Json& request) {
    const Result<Json> answer = Ask(request);
    return answer ? "" : answer.error().message;
  }

  std::vector<std::unique_ptr<WorkerStats>> counters_;
  Traffic traffic_{counters_, {}, [] { return false; }, [](const auto&) {}};
  HeatReadings readings_;
  std::unique_ptr<const Serving> serving_;
};

Heat6Networks Networks(uint64_t count, uint8_t score) {
  Heat6Networks networks;
  for (uint64_t i = 0; i < count; ++i) {
    networks.of_length[Heat6Index(64)].push_back({.prefix = uint64_t{0x20010db8} << 32 | i, .score = score});
  }
  networks.of_length[Heat6Index(32)].push_back({.prefix = uint64_t{0x20010db8} << 32, .score = 255});
  return networks;
}

HeatCells Cells(uint8_t score) {
  HeatCells cells;
  for (uint32_t cell = 0; cell < 300; ++cell) cells[0xcb0070 + cell] = score;
  return cells;
}

TEST_F(HeatAnswersTest, TellsOfIp6BehindIp4AndOnlyWhereItIsWanted) {
  Serve(Cells(7), Networks(3, 9), Networks(2, 20));
  const Told feed = Tell("feed", "one", true);
  EXPECT_EQ(feed.cells.size(), 300u);
  EXPECT_EQ(feed.networks6,
            (std::map<std::string, unsigned>{
                {"2001:db8::/64", 9}, {"2001:db8:0:1::/64", 9}, {"2001:db8:0:2::/64", 9}, {"2001:db8::/32", 255}}));
  const Told zone = Tell("zone", "heat.test", true);
  EXPECT_EQ(zone.cells, feed.cells);
  EXPECT_EQ(zone.networks6,
            (std::map<std::string, unsigned>{
                {"2001:db8::/64", 20}, {"2001:db8:0:1::/64", 20}, {"2001:db8:0:2::/64", 9}, {"2001:db8::/32", 255}}))
      << "the highest of both";
  for (const auto* const source : {"feed", "zone"}) {
    const Told told = Tell(source, source == std::string("feed") ? "one" : "heat.test", false);
    EXPECT_EQ(told.cells, feed.cells);
    EXPECT_TRUE(told.networks6.empty());
  }
  EXPECT_EQ(Tell("traffic", "", true), Told());
  EXPECT_EQ(readings_.count(), 0u) << "all have been read to their ends";
}

TEST_F(HeatAnswersTest, PagesAreBoundedAndComplete) {
  constexpr uint64_t kMany = 3 * HeatAnswers::kMostRuns;
  HeatCells cells;
  for (uint32_t cell = 0; cell < kMany; ++cell) cells[cell] = static_cast<uint8_t>(1 + cell % 2);
  Serve(std::move(cells), Networks(kMany, 9), {});
  for (const auto& [source, name] : {std::pair("feed", "one"), std::pair("zone", "heat.test")}) {
    const Told told = Tell(source, name, true);
    EXPECT_EQ(told.cells.size(), kMany);
    EXPECT_EQ(told.networks6.size(), kMany + 1);
    EXPECT_GE(told.pages, 7u);
    EXPECT_LE(told.most, HeatAnswers::kMostRuns);
  }
}

// A feed may be loaded between two pages: what is half read must not become half of each.
TEST_F(HeatAnswersTest, AReadingIsOfOneMoment) {
  constexpr uint64_t kMany = HeatAnswers::kMostRuns + 10;
  for (const auto& [source, name] : {std::pair("feed", "one"), std::pair("zone", "heat.test")}) {
    Serve(Cells(7), Networks(kMany, 9), {});
    const Told before = Tell(source, name, true);
    Result<Json> first = Ask({{"source", source}, {"name", name}, {"ip6", true}});
    ASSERT_TRUE(first && !first->at("next").is_null());
    Serve(Cells(8), Networks(5, 10), {});
    EXPECT_EQ(Rest(std::move(first), true), before);
    EXPECT_EQ(Tell(source, name, true).networks6.size(), 6u);
  }
  EXPECT_EQ(readings_.count(), 0u);
}

TEST_F(HeatAnswersTest, SaysWhatIsWrong) {
  Serve(Cells(7), Networks(1, 9), {});
  EXPECT_NE(Error({{"source", "zone"}, {"name", "bl.test"}}).find("no zone of heat"), std::string::npos);
  EXPECT_NE(Error({{"source", "feed"}, {"name", "list"}}).find("no feed of heat"), std::string::npos);
  EXPECT_NE(Error({{"source", "moon"}}).find("no source 'moon'"), std::string::npos);
  EXPECT_NE(Error({{"reading", 1}, {"from", 5}}).find("has ended"), std::string::npos);
  EXPECT_NE(Error({{"reading", "x"}}).find("has ended"), std::string::npos);
  // Beyond all places there is nothing.
  Result<Json> first = Ask({{"source", "feed"}, {"name", "one"}, {"ip6", true}});
  ASSERT_TRUE(first);
  const HeatReading& reading = readings_.Begin({.cells = std::make_shared<const HeatCells>()}, Clock::now());
  const uint64_t id = reading.id;
  const Result<Json> beyond = Ask({{"reading", id}, {"from", uint64_t{1} << 40}, {"ip6", true}});
  ASSERT_TRUE(beyond);
  EXPECT_TRUE(beyond->at("runs").empty() && beyond->at("networks6").empty() && beyond->at("next").is_null());
}

TEST(HeatReadings, AreFewAndEnd) {
  HeatReadings readings;
  const auto cells = std::make_shared<const HeatCells>();
  const Clock::time_point start = Clock::now();
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < HeatReadings::kMost; ++i) {
    ids.push_back(readings.Begin({.cells = cells}, start + std::chrono::seconds(i)).id);
  }
  EXPECT_NE(readings.Find(ids[0], start + std::chrono::seconds(10)), nullptr);
  const uint64_t newest = readings.Begin({.cells = cells}, start + std::chrono::seconds(11)).id;
  EXPECT_EQ(readings.count(), HeatReadings::kMost);
  EXPECT_EQ(readings.Find(ids[1], start + std::chrono::seconds(11)), nullptr) << "the one asked for longest ago";
  EXPECT_NE(readings.Find(ids[0], start + std::chrono::seconds(12)), nullptr);
  readings.End(newest);
  EXPECT_EQ(readings.Find(newest, start), nullptr);
  readings.Expire(start + std::chrono::seconds(12) + HeatReadings::kPatience);
  EXPECT_EQ(readings.count(), 1u);
  readings.Expire(start + std::chrono::seconds(13) + HeatReadings::kPatience);
  EXPECT_EQ(readings.count(), 0u);
  EXPECT_EQ(cells.use_count(), 1) << "nothing is held any more";
}

}  // namespace
}  // namespace rblitz
