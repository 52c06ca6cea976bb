#include "cli/override_feeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/asked_name.h"
#include "dataplane/dns/name.h"
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
    return First(asked, part);
  }
  [[nodiscard]] std::string AskName(const std::string& name) const {
    const dns::Name wire = dns::NameFromText(name);
    const auto count = static_cast<size_t>(std::ranges::count(name, '.')) + 1;
    return First(AskedName::Read({wire.bytes.data(), wire.size - size_t{1}}, count), "");
  }

 private:
  [[nodiscard]] std::string First(const AskedName& asked, const char* part) const {
    const auto zone = Zone::Build(config_, snapshot_, part);
    const std::vector<Listing> listings = zone.value().Explain(asked).listings;
    return listings.empty() ? "-" : Dotted(listings[0].a_be) + " " + listings[0].text;
  }

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

// SHA-256 and MD5 of one thing in hexadecimal and base32.
const std::string kSha256 = "ca978112ca1bbdcafac231b39a23dc4d.a786eff8147c4e72b9807785afee48bb";
constexpr char kSha256InOnePiece[] = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
constexpr char kSha256Base32[] = "zklycewkdo64v6wcggzzui64jwtyn37ycr6e44vzqb3yll7ojc5q";
constexpr char kMd5[] = "5a9392784e07eb40cfb3f4a464e0a914";
constexpr char kMd5Base32[] = "lkjze6coa7vubt5t6ssgjyfjcq";

TEST(OverrideFeeds, DigestsAreOverriddenInEverySpelling) {
  const std::string list = kSha256 + " :5:bad\n" + kMd5 + " :6:worse\n";
  for (const char* removed : {kSha256.c_str(), kSha256InOnePiece, kSha256Base32}) {
    const OverriddenZone zone("hash", list, {Remove(removed)});
    EXPECT_EQ(zone.AskName(kSha256), "-") << removed;
    EXPECT_EQ(zone.AskName(kSha256Base32), "-") << removed;
    EXPECT_EQ(zone.AskName(kMd5Base32), "127.0.0.6 worse");
  }
  for (const char* added : {kMd5, kMd5Base32}) {
    const OverriddenZone zone("hash", kSha256, {Add(added)});
    EXPECT_EQ(zone.AskName(kMd5), "127.0.0.2 why") << added;
    EXPECT_EQ(zone.AskName(kMd5Base32), "127.0.0.2 why") << added;
  }
}

// Of two for one digest the newer one, however they are written.
TEST(OverrideFeeds, TheNewestForADigestDecides) {
  EXPECT_EQ(OverriddenZone("hash", kMd5, {Add(kMd5), Remove(kMd5Base32)}).AskName(kMd5), "-");
  EXPECT_EQ(OverriddenZone("hash", kSha256, {Remove(kMd5Base32), Add(kMd5)}).AskName(kMd5Base32), "127.0.0.2 why");
}

// Where there are no digests a name is a name: what is 26 letters long could be one.
TEST(OverrideFeeds, NamesThatCouldBeDigestsStayNames) {
  constexpr char kName[] = "www.thequickbrownfoxjumpsou";
  const std::string name = kName;
  const OverriddenZone names("dnset", "." + name + "\n", {Remove(kName)});
  EXPECT_EQ(names.AskName(name), "-");
  EXPECT_EQ(names.AskName("a." + name), "127.0.0.2 ");
  EXPECT_EQ(names.AskName("wwwt.hequickbrownfoxjumpsou"), "-");
  EXPECT_EQ(OverriddenZone("dnset", "other\n", {Add(kName)}).AskName("wwwt.hequickbrownfoxjumpsou"), "-");
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
