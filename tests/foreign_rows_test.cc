#include "cli/foreign_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "cli/foreign_texts.h"
#include "cli/policy/sender.h"

namespace rblitz {
namespace {

constexpr uint32_t kThen = 1750000000;

const GreyKey& Key() {
  static const GreyKey kKey = GreyKey::FromText("s3cret").value();
  return kKey;
}

TripletKey KeyOfMail(const std::string& client, const std::string& sender, const std::string& recipient,
                     GreyMasks masks = {}) {
  const auto name = GreyName({.client = client, .sender = sender, .recipient = recipient}, Key());
  return KeyOf(GreyQuestionOf(*name, masks)->triplet);
}

class Foreign : public testing::Test {
 protected:
  void Start(GreyMasks masks = {}, bool normal = false) {
    settings_.masks = masks;
    rows_ = std::make_unique<ForeignRows>(settings_, Key(), normal);
  }
  [[nodiscard]] std::string Why() const { return rows_->skipped().empty() ? "" : rows_->skipped().begin()->first; }

  GreySettings settings_;
  std::unique_ptr<ForeignRows> rows_;
};

TEST_F(Foreign, KeysOfPostgreyAreReadInOneWayOrNotAtAll) {
  const struct {
    std::string key;
    std::vector<std::string> mail;  // empty: not read
    std::string why;
  } cases[] = {
      {"192.0.2.0/a@b/c@d", {"192.0.2.0", "a@b", "c@d"}, ""},
      {"192.0.2.0//c@d", {"192.0.2.0", "", "c@d"}, ""},
      {"192.0.2.0/root/c@d", {"192.0.2.0", "root", "c@d"}, ""},
      {"192.0.2.0/a/b@x/c@d", {"192.0.2.0", "a/b@x", "c@d"}, ""},
      {"192.0.2.0/a@b/c/d@e", {"192.0.2.0", "a@b", "c/d@e"}, ""},
      {"2001:db8:0:0:0:0:0:0/a@b/c@d", {"2001:db8::", "a@b", "c@d"}, ""},
      {"192.0.2.7/32/a@b/c@d", {"192.0.2.7", "a@b", "c@d"}, ""},
      {"2001:db8:0:0:0:0:0:7/128/a@b/c@d", {"2001:db8::7", "a@b", "c@d"}, ""},
      {"192.0.2.0//c/d@e", {"192.0.2.0", "", "c/d@e"}, ""},
      {"192.0.2.0/a@b/c@d/e@f", {}, "keys that can be read in several ways or none"},
      {"192.0.2.0/a@b", {}, "keys that can be read in several ways or none"},
      {"192.0.2.0", {}, "keys that can be read in several ways or none"},
      {"", {}, "keys that can be read in several ways or none"},
      {"host.example/a@b/c@d", {}, "clients that are no address"},
      {"192.0.2.0/bounce-#@b/c@d", {}, "senders whose numbers were taken out"},
      {"192.0.2.0/a@b/", {}, "mails that are none"},
      {"da39a3ee5e6b4b0d3255bfef95601890afd80709", {}, "keys that are hashed (--privacy)"},
  };
  for (const auto& [key, mail, why] : cases) {
    Start();
    PostgreyRows postgrey(rows_.get());
    postgrey.See(key);
    postgrey.AddTriplet(key, "1750000000,1750000400");
    EXPECT_EQ(Why(), why) << key;
    ASSERT_EQ(rows_->rows().size(), mail.empty() ? 0u : 1u) << key;
    if (mail.empty()) continue;
    const TripletRow& row = rows_->rows().front();
    EXPECT_TRUE(row.key == KeyOfMail(mail[0], mail[1], mail[2])) << key;
    EXPECT_EQ(row.first, kThen);
    EXPECT_EQ(row.last_minutes, MinutesOf(kThen + 400));
    EXPECT_TRUE(row.passed);
  }
}

TEST_F(Foreign, TimesOfPostgreyDecideByTheGreylistsOwnDelay) {
  const struct {
    std::string value;
    bool is_row;
    bool passed;
  } cases[] = {{"1750000000,1750000000", true, false},
               {"1750000000,1750000299", true, false},
               {"1750000000,1750000300", true, true},
               {"1750000000,1750000300,host", true, true},
               {"1750000400,1750000000", true, false},
               {"", false, false},
               {"1750000000", false, false},
               {"x,1750000000", false, false},
               {"1750000000,", false, false},
               {"0,1750000000", false, false},
               {"-5,1750000000", false, false},
               {"1750000000,99999999999", false, false},
               {"99999999999999999999,1", false, false}};
  for (const auto& [value, is_row, passed] : cases) {
    Start();
    PostgreyRows(rows_.get()).AddTriplet("192.0.2.0/a@b/c@d", value);
    ASSERT_EQ(rows_->rows().size(), is_row ? 1u : 0u) << value;
    EXPECT_EQ(Why(), is_row ? "" : "times that are none") << value;
    if (!is_row) continue;
    EXPECT_EQ(rows_->rows().front().passed, passed) << value;
  }
}

TEST_F(Foreign, NetworksWiderThanTheGreylistsStayBehind) {
  const struct {
    std::vector<std::string> networks;
    GreyMasks masks;
    size_t rows;
  } cases[] = {
      {{"10.1.0.0"}, {}, 1},
      {{"10.1.0.0", "10.2.0.0", "10.3.0.0", "10.4.0.0"}, {}, 0},
      {{"10.1.0.0", "10.2.0.0", "10.3.0.0", "10.4.0.0"}, {.ip4 = 16}, 4},
      {{"10.1.0.0", "10.2.0.0", "10.3.0.0", "10.4.5.0"}, {}, 4},
      {{"10.1.0.0", "10.2.0.0"}, {.ip4 = 32}, 0},
      {{"10.1.0.0", "10.2.0.7"}, {.ip4 = 32}, 2},
      {{"2001:db8::", "10.1.0.1"}, {}, 2},
      {{"2001:db8:1::", "2001:db8:2::", "2001:db8:3::", "2001:db8:4::"}, {}, 0},
      {{"2001:db8:1::", "2001:db8:2::", "2001:db8:3::", "2001:db8:4::"}, {.ip6 = 48}, 4},
  };
  for (const auto& [networks, masks, rows] : cases) {
    Start(masks);
    PostgreyRows postgrey(rows_.get());
    for (const std::string& network : networks) postgrey.See(network + "/a@b/c@d");
    for (const std::string& network : networks) {
      postgrey.AddTriplet(network + "/a@b/c@d", "1750000000,1750000400");
    }
    EXPECT_EQ(rows_->rows().size(), rows) << networks.back();
    EXPECT_EQ(Why(), rows == networks.size() ? "" : "networks wider than the greylist's");
  }
}

TEST_F(Foreign, MailsAreAskedForAsAPolicyServiceWritesThem) {
  const struct {
    std::string key;
    std::vector<std::string> mail;
  } cases[] = {
      {"192.0.2.0/bounce-#@x/c@d", {"bounce-4711@x", "c@d"}},
      {"192.0.2.0/list-#-b@x/c+box@d", {"list-17-b@x", "c@d"}},
      {"192.0.2.0/srs0=ab12=xy=orig.test=al@fwd/c@d", {"SRS0=zz99=ab=orig.test=al@fwd", "c@d"}},
      {"192.0.2.0/n-0a1b2c3d4e@x/c@d", {"n-99ffee00aa@x", "c@d"}},
      {"192.0.2.0//c@d", {"", "c@d"}},
  };
  for (const auto& [key, mail] : cases) {
    Start({}, true);
    PostgreyRows(rows_.get()).AddTriplet(key, "1750000000,1750000400");
    ASSERT_EQ(rows_->rows().size(), 1u) << key << Why();
    EXPECT_TRUE(rows_->rows().front().key ==
                KeyOfMail("192.0.2.4", policy::NormalSender(mail[0], mail[1]), policy::NormalRecipient(mail[1])))
        << key;
  }
}

TEST_F(Foreign, CreditsAreOneAnHourBeforeTheLast) {
  const std::pair<std::string, uint32_t> cases[] = {
      {"1,1750000000", 1}, {"3,1750000000", 3}, {"5,1750000000", 5}, {"77,1750000000", 5}, {"4,7200", 3}};
  for (const auto& [value, credits] : cases) {
    Start();
    PostgreyRows(rows_.get()).AddClient("192.0.2.4", value);
    ASSERT_EQ(rows_->rows().size(), 1u) << value;
    const TripletRow& row = rows_->rows().front();
    EXPECT_EQ(Credits(row), credits) << value;
    EXPECT_EQ(row.key.kind, TripletKind::kClient);
    EXPECT_TRUE(row == Join(row, row)) << value;
  }
  for (const char* const value : {"0,1750000000", "-1,1750000000", "1", "1,0", "x,1", "1,-9223372036854775808"}) {
    Start();
    PostgreyRows(rows_.get()).AddClient("192.0.2.4", value);
    EXPECT_TRUE(rows_->rows().empty() && rows_->skipped().size() == 1) << value;
  }
}

TEST_F(Foreign, DomainsHaveOneSenderOrEnough) {
  Start();
  rows_->AddDomain("192.0.2.0/24", "x.test", "one@x.test", {.first = kThen, .last = kThen});
  rows_->AddDomain("192.0.2.4", "X.test", "", {.first = kThen, .last = kThen});
  rows_->AddDomain("192.0.2.4", "", "", {.first = kThen, .last = kThen});
  ASSERT_EQ(rows_->rows().size(), 2u);
  EXPECT_TRUE(rows_->rows()[0].key == rows_->rows()[1].key);
  EXPECT_EQ(Senders(rows_->rows()[0].payload), 1u);
  EXPECT_EQ(Senders(rows_->rows()[1].payload), 2u);
  EXPECT_EQ(Why(), "domains that are none");
}

TEST_F(Foreign, StatesOfGreylistdMeetTheirTexts) {
  Start();
  std::istringstream states(
      "[white]\n17 = 1750000400 1750000000 2\n-5 = 1750000400 1750000000 9\n\n[grey]\n"
      "99 = 1750000100 1750000000 1\n100 = 1750000100 1750000000 1\n\n[black]\n7 = 1750000100 1750000000 1\n\n"
      "[statistics]\nwhite = 0\n");
  std::istringstream texts(
      "17 = 192.0.2.4 a@b c@d\n-5 = 192.0.2.9\n99 = 192.0.2.0/24 c@d\n7 = 192.0.2.4 x@y c@d\n"
      "55 = 192.0.2.5 forgotten@b c@d\nnonsense\n17 = 192.0.2.4 twice@b c@d\n");
  ASSERT_TRUE(ReadGreylistdTexts(&states, "states", &texts, rows_.get()));
  ASSERT_EQ(rows_->rows().size(), 3u);
  EXPECT_TRUE(rows_->rows()[0].key == KeyOfMail("192.0.2.4", "a@b", "c@d"));
  EXPECT_TRUE(rows_->rows()[0].passed);
  EXPECT_EQ(Credits(rows_->rows()[1]), kMaxCredits);
  EXPECT_TRUE(rows_->rows()[2].key == KeyOfMail("192.0.2.4", "", "c@d"));
  EXPECT_FALSE(rows_->rows()[2].passed);
  EXPECT_EQ(rows_->skipped(),
            (std::map<std::string, uint64_t>{
                {"hashes without a text", 1}, {"lines without a key", 1}, {"rows of the black list", 1}}));
}

// What postgrey would have written, from mails that are known.
TEST_F(Foreign, RandomMailsComeOverAsTheyAreAskedFor) {
  std::mt19937_64 random(11);
  const auto word = [&] {
    std::string text;
    for (uint64_t i = 1 + random() % 12; i-- > 0;) text += "abcxyz-._/="[random() % 11];
    return text;
  };
  Start();
  PostgreyRows postgrey(rows_.get());
  size_t expected = 0;
  for (int i = 0; i < 5000; ++i) {
    const std::string network =
        "10." + std::to_string(random() % 256) + "." + std::to_string(1 + random() % 255) + ".0";
    const std::string sender = random() % 8 == 0 ? "" : word() + "@" + "x.test";
    const std::string recipient = word() + "@y.test";
    std::string key = network;
    key += "/";
    key += sender;
    key += "/";
    key += recipient;
    postgrey.See(key);
    const size_t before = rows_->rows().size();
    postgrey.AddTriplet(key, "1750000000,1750000400");
    if (rows_->rows().size() == before) continue;
    ++expected;
    EXPECT_TRUE(rows_->rows().back().key == KeyOfMail(network, sender, recipient)) << key;
  }
  EXPECT_GT(expected, 4000u);
}

}  // namespace
}  // namespace rblitz
