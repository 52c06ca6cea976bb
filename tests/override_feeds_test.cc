#include "cli/override_feeds.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dataplane/asked_name.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

Override Given(OverrideKind kind, const char* what, const char* zone = "") {
  Override override;
  override.kind = kind;
  override.subject = ParseOverrideSubject(what).value();
  override.zone = zone;
  override.why = "why";
  return override;
}
Override Add(const char* what, const char* zone = "") { return Given(OverrideKind::kAdd, what, zone); }
Override Remove(const char* what, const char* zone = "") { return Given(OverrideKind::kRemove, what, zone); }

// zone.test of one feed, with these overrides.
class OverriddenZone {
 public:
  OverriddenZone(const char* format, const std::string& text, std::vector<Override> overrides)
      : overrides_(std::move(overrides)) {
    snapshot_.feeds.push_back(LoadTexts(format, {text}).feed);
    OverrideFeeds(&overrides_).Join(&config_, &snapshot_);
  }

  [[nodiscard]] size_t feeds() const { return config_.feeds.size() + config_.except.size(); }
  [[nodiscard]] bool IsTextOnly() const {
    for (const auto& feed : snapshot_.feeds) {
      if (!feed->is_text_only) return false;
    }
    return true;
  }

  [[nodiscard]] uint32_t Serial() const { return Zone::Build(config_, snapshot_).value().soa().serial; }

  // "A text" of what is listed first; "-" for nothing.
  [[nodiscard]] std::string Ask(const char* address, const char* part = "") const {
    AskedName asked;
    asked.is_ip4 = true;
    asked.ip4 = HostOrder(address);
    const auto zone = Zone::Build(config_, snapshot_, part);
    const std::vector<Listing> listings = zone.value().Explain(asked).listings;
    return listings.empty() ? "-" : Dotted(listings[0].a_be) + " " + listings[0].text;
  }

 private:
  std::vector<Override> overrides_;
  Snapshot snapshot_;
  ZoneConfig config_{.name = "zone.test", .feeds = {0}};
};

constexpr char kOrigins[] = "64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03\n";

TEST(OverrideFeeds, OverridesForEveryZoneLeaveZonesOfTextsAlone) {
  const OverriddenZone zone("cymru-origin", kOrigins, {Add("203.0.113.77"), Remove("192.0.2.1")});
  EXPECT_EQ(zone.feeds(), 1u);
  EXPECT_EQ(zone.Ask("192.0.2.1"), "0.0.0.0 64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03");
}

TEST(OverrideFeeds, AZoneOfTextsStaysOneWithOverridesOfItsOwn) {
  const OverriddenZone zone("cymru-origin", kOrigins,
                            {Add("203.0.113.77", "zone.test"), Remove("192.0.2.1", "zone.test")});
  EXPECT_EQ(zone.feeds(), 3u);
  EXPECT_TRUE(zone.IsTextOnly());
  EXPECT_EQ(zone.Ask("203.0.113.77"), "0.0.0.0 why");
  EXPECT_EQ(zone.Ask("192.0.2.1"), "-");
  EXPECT_EQ(zone.Ask("192.0.2.2"), "0.0.0.0 64496 | 192.0.2.0/24 | ZZ | arin | 2001-02-03");
  EXPECT_EQ(zone.Ask("127.0.0.2"), "-");  // no test point
}

TEST(OverrideFeeds, NoRemoveTakesATestPointAwayWhateverIsAddedBesides) {
  for (const std::vector<Override>& overrides :
       {std::vector<Override>{Remove("127.0.0.2")}, std::vector<Override>{Remove("127.0.0.2"), Add("203.0.113.7")},
        std::vector<Override>{Remove("127.0.0.0/8"), Add("203.0.113.7")}}) {
    const OverriddenZone zone("cidr", "192.0.2.0/24\n", overrides);
    EXPECT_EQ(zone.Ask("127.0.0.2").substr(0, 9), "127.0.0.2");
    EXPECT_EQ(zone.Ask("127.0.0.1"), "-");
  }
  EXPECT_EQ(OverriddenZone("cidr", "192.0.2.0/24\n", {Add("127.0.0.2")}).Ask("127.0.0.2"), "127.0.0.2 why");
}

TEST(OverrideFeeds, TheSerialFollowsRemovesAsItFollowsAdds) {
  for (Override override : {Add("203.0.113.7"), Remove("192.0.2.1")}) {
    override.since = 4'000'000'000;
    EXPECT_EQ(OverriddenZone("cidr", "192.0.2.0/24\n", {override}).Serial(), 4'000'000'000u);
  }
}

TEST(OverrideFeeds, RemovesReachThePartsOfCombinedFeeds) {
  const char text[] = "$DATASET ip4set a\n192.0.2.1\n192.0.2.2\n$DATASET dnset @\nname.example\n";
  const OverriddenZone zone("combined", text, {Remove("192.0.2.1"), Add("192.0.2.9")});
  EXPECT_EQ(zone.feeds(), 2u);  // nothing is added to a zone that has no addresses of its own
  EXPECT_EQ(zone.Ask("192.0.2.1", "a"), "-");
  EXPECT_EQ(zone.Ask("192.0.2.2", "a").substr(0, 9), "127.0.0.2");
}

}  // namespace
}  // namespace rblitz
