#include <gtest/gtest.h>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

// "pass", "ignore" and so on, or the value that everything is answered with; in brackets where nobody has the key.
std::string Decision(const Loaded& loaded, const std::string& key) {
  if (loaded.feed == nullptr) return "no feed: " + loaded.error;
  if (loaded.feed->keys == nullptr) return "no keys";
  const AclDecision* const known = loaded.feed->keys->Find(key);
  const AclDecision decision = known != nullptr ? *known : loaded.feed->keys->unnamed();
  static constexpr const char* kNames[] = {"pass", "ignore", "refuse", "empty"};
  std::string shown;
  if (decision.action != AclAction::kAnswer) {
    shown = kNames[static_cast<size_t>(decision.action)];
  } else {
    for (const Verdict& verdict : loaded.feed->verdicts.at(decision.value)) {
      char text[kMaxTextBytes];
      shown = Dotted(verdict.a_be);
      if (const size_t size = loaded.feed->verdicts.Render(verdict.text, "$", text); size > 0) {
        shown.append(" ").append(text, size);
      }
    }
  }
  return known != nullptr ? shown : "(" + shown + ")";
}

TEST(AclkeyFormat, ReadsKeysAndWhatTheyGet) {
  const Loaded loaded =
      LoadText("aclkey",
               "first\n:refuse\nsecret :pass\nUPPER :Accept\nk2:empty\nk3=blackhole # c\n"
               "k4 :127.255.255.254:Renew, $\nk5 only text\nbare\nbare2 # c\nsecret :refuse\n$TTL 5m\n");
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.errors, std::vector<std::string>{});
  EXPECT_EQ(loaded.report.entries, 9u);
  EXPECT_EQ(loaded.report.duplicates, 1u);
  EXPECT_EQ(loaded.feed->ttl_seconds, 300u);
  EXPECT_EQ(loaded.feed->acl, nullptr);
  const std::pair<const char*, const char*> cases[] = {{"first", "ignore"},
                                                       {"secret", "pass"},
                                                       {"upper", "pass"},
                                                       {"k2", "empty"},
                                                       {"k3", "ignore"},
                                                       {"k4", "127.255.255.254 Renew, $"},
                                                       {"k5", "127.0.0.2 only text"},
                                                       {"bare", "refuse"},
                                                       {"bare2", "refuse"},
                                                       {"secre", "(refuse)"},
                                                       {"", "(refuse)"}};
  for (const auto& [key, decision] : cases) EXPECT_EQ(Decision(loaded, key), decision) << key;
}

TEST(AclkeyFormat, ReadsItsSample) {
  const Loaded loaded =
      Load({.name = "keys", .paths = {std::string(RBLITZ_SAMPLES) + "/rbldnsd-aclkey.txt"}, .format = "aclkey"});
  ASSERT_NE(loaded.feed, nullptr) << loaded.error;
  EXPECT_EQ(loaded.report.entries, 9u);
  EXPECT_EQ(loaded.report.rejected + loaded.report.duplicates, 0u);
  const std::pair<const char*, const char*> cases[] = {
      {"k3yabcdefghijklmnopqrstuv0", "pass"},
      {"k3yabcdefghijklmnopqrstuv4", "pass"},
      {"k3yabcdefghijklmnopqrstuv5", "(ignore)"},
      {"expiredkey00000000000000aa", "127.255.255.250 Key disabled"},
      {"stolenkey000000000000000bb", "refuse"},
      {"quietkey0000000000000000cc", "empty"},
      {"overquota000000000000000dd", "127.255.255.255 Excessive number of queries"}};
  for (const auto& [key, decision] : cases) EXPECT_EQ(Decision(loaded, key), decision) << key;
}

// rspamd's fork lists everything for those.
TEST(AclkeyFormat, ClientsWithoutAKeyAreIgnoredUnlessADefaultLineSaysOtherwise) {
  EXPECT_EQ(Decision(LoadText("aclkey", "secret :pass\n"), "other"), "(ignore)");
  EXPECT_EQ(Decision(LoadText("aclkey", "secret :pass\n=empty\n"), "other"), "(empty)");
  EXPECT_EQ(Decision(LoadText("aclkey", ":refuse\nbad :empty\n:pass\n"), "other"), "(pass)");
  // In whichever of its files that line stands.
  const Loaded two = LoadTexts("aclkey", {"a :pass\n:refuse\nb\n", "c\n"});
  EXPECT_EQ(Decision(two, "other"), "(refuse)");
  EXPECT_EQ(Decision(two, "b"), "refuse");
  EXPECT_EQ(Decision(two, "c"), "ignore");
}

TEST(AclkeyFormat, WithABadLineIsNotUsed) {
  const std::pair<std::string, std::string> lines[] = {
      {"a.b :pass", "bad key 'a.b'"},
      {"!secret", "bad key '!secret'"},
      {"a\\b", "bad key 'a\\b'"},
      {std::string(64, 'k') + " :pass", "bad key '" + std::string(60, 'k') + "...'"},
      {"secret :passed", "bad A value in ':passed'"},
      {"secret =passed", "bad keyword in '=passed'"},
      {"$SOA 1 a b 0 1 1 1 1", "an access list has no $SOA or $NS: '$SOA 1 a b 0 1 1 1 1'"}};
  for (const auto& [line, what] : lines) {
    const Loaded loaded = LoadText("aclkey", "good :pass\n" + line + "\n");
    EXPECT_EQ(loaded.feed, nullptr) << line;
    EXPECT_EQ(loaded.error, "feed test: 1:2: " + what + ": an access list with a bad line is not used");
  }
  EXPECT_NE(LoadText("aclkey", std::string(63, 'k') + " :pass\n").feed, nullptr);
}

TEST(AclkeyFormat, ThatBecomesEmptyIsNotUsed) {
  const Loaded before = LoadText("aclkey", "secret :pass\n");
  ASSERT_NE(before.feed, nullptr) << before.error;
  const TempFolder folder;
  const FeedConfig config{.name = "test", .paths = {folder.Write("1", ":pass\n")}, .format = "aclkey"};
  EXPECT_EQ(Load(config, before.feed.get()).error, "feed test: an access list that has become empty is not used");
}

}  // namespace
}  // namespace rblitz
