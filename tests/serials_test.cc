#include "cli/serials.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

// What a server does when it publishes: a zone, bl.test, of data of this time.
ZoneSerial Publish(Serials* serials, int64_t data_time, std::optional<Soa> soa = {}) {
  static const std::shared_ptr<const FeedData> kLoaded = LoadText("cidr", "192.0.2.1\n").feed;
  auto data = std::make_shared<FeedData>(*kLoaded);
  data->data_time = data_time;
  Snapshot snapshot;
  snapshot.feeds.push_back(std::move(data));
  ZoneConfig zone{.name = "bl.test", .feeds = {0}, .soa = std::move(soa)};
  serials->Join(&zone);
  const auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  EXPECT_TRUE(serving);
  const Zone& built = (*serving)->zones.zones()[0];
  EXPECT_EQ(built.soa().serial, built.serial().published);
  serials->Remember((*serving)->zones.zones());
  return built.serial();
}

TEST(Serials, FollowTheDataAndNeverGoBack) {
  Serials serials;
  const std::pair<int64_t, uint32_t> steps[] = {{1000, 1000}, {1000, 1000}, {2000, 2000}, {1000, 2001}, {1000, 2001},
                                                {2000, 2002}, {2002, 2003}, {2003, 2004}, {2005, 2005}, {2005, 2005}};
  for (const auto& [data_time, published] : steps) {
    EXPECT_EQ(Publish(&serials, data_time), (ZoneSerial{static_cast<uint32_t>(data_time), published}));
  }
}

// RFC 1982 section 3.2: behind 2^32 - 1 comes 0.
TEST(Serials, CountInACircle) {
  Serials serials;
  constexpr int64_t kLast = 0xffffffff;
  EXPECT_EQ(Publish(&serials, kLast).published, 0xffffffffu);
  EXPECT_EQ(Publish(&serials, kLast - 5).published, 0u);
  EXPECT_EQ(Publish(&serials, (kLast + 10) & kLast).published, 9u);
  EXPECT_EQ(Publish(&serials, kLast - 9).published, 10u);
}

TEST(Serials, OfTheConfigurationAreAsItSays) {
  Serials serials;
  EXPECT_EQ(Publish(&serials, 5000).published, 5000u);
  const auto soa = [](uint32_t serial) { return Soa{.mname = "a.test", .rname = "b.test", .serial = serial}; };
  EXPECT_EQ(Publish(&serials, 5000, soa(7)).published, 7u);
  EXPECT_EQ(Publish(&serials, 5000, soa(6)).published, 6u);
  EXPECT_EQ(Publish(&serials, 5000, soa(0)).published, 5000u);
  EXPECT_EQ(Publish(&serials, 4000, soa(0)).published, 5001u);
}

TEST(Serials, AreRememberedOverRestarts) {
  const TempFolder folder;
  const std::string path = folder.Path("serials");
  {
    Serials serials;
    serials.KeepIn(path);
    EXPECT_EQ(Publish(&serials, 2000).published, 2000u);
    EXPECT_EQ(Publish(&serials, 1000).published, 2001u);
  }
  {
    Serials serials;
    serials.KeepIn(path);
    EXPECT_EQ(Publish(&serials, 1000).published, 2001u);
    EXPECT_EQ(Publish(&serials, 1500).published, 2002u);
  }
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "rblitz serials 1\nbl.test 1500 2002\n");
}

TEST(Serials, BeginAnewWhereTheFileIsOfNoUse) {
  const TempFolder folder;
  for (const char* text : {"", "\n", "something else\nbl.test 1 9000\n", "rblitz serials 1\nbl.test x 9000\n",
                           "rblitz serials 1\nbl.test 1 99999999999\n"}) {
    Serials serials;
    testing::internal::CaptureStderr();
    serials.KeepIn(folder.Write("serials", text));
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(Publish(&serials, 1000).published, 1000u) << text;
  }
  // A folder that is not there is no reason not to serve.
  Serials serials;
  serials.KeepIn(folder.Path("none/serials"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(Publish(&serials, 1000).published, 1000u);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("event=serials_unusable"), std::string::npos);
  EXPECT_EQ(Publish(&serials, 900).published, 1001u);
}

}  // namespace
}  // namespace rblitz
