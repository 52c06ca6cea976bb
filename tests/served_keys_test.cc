// Clients that are known by a key in their questions: from feeds of format aclkey to answers.
#include "tests/served_rules.h"

namespace rblitz {
namespace {

constexpr const char* kKeys =
    "$TTL 7\n:refuse\nsecret :pass\nhollow :empty\nlapsed :127.255.255.254:renew, $\nclosed :ignore\n";

class ServedKeys : public ServedRules {
 protected:
  void ServeAll(const char* keys = kKeys) {
    Serve({{"data", "cidr", "198.51.100.7\n2001:db8:1::/48\n"},
           {"names", "dnset", ".spam.example\n"},
           {"records", "generic", "www A 192.0.2.80\n@ TXT hello\n"},
           {"keys", "aclkey", keys}},
          {{.name = "bl.test", .feeds = {0, 1, 2}, .soa = test::ShortSoa(7), .access = {3}},
           {.name = "ip.test", .feeds = {0}, .soa = test::ShortSoa(7), .access = {3}}});
  }
};

TEST_F(ServedKeys, TheKeyIsNoPartOfWhatIsAskedFor) {
  ServeAll();
  const std::string ip6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2";
  struct Row {
    std::string name;
    const char* with_key;
    const char* hollow;
  };
  const Row rows[] = {{"7.100.51.198", "127.0.0.2", "NXDOMAIN"},
                      {"8.100.51.198", "NXDOMAIN", "NXDOMAIN"},
                      {ip6, "127.0.0.2", "NXDOMAIN"},
                      {"51.198", "nodata", "NXDOMAIN"},
                      {"2.0.0.127", "127.0.0.2", "NXDOMAIN"},
                      {"1.0.0.127", "NXDOMAIN", "NXDOMAIN"},
                      {"x.spam.example", "127.0.0.2", "NXDOMAIN"},
                      {"other.example", "NXDOMAIN", "NXDOMAIN"},
                      {"www", "192.0.2.80", "192.0.2.80"}};
  for (const auto& [name, with_key, hollow] : rows) {
    EXPECT_EQ(Says(name + ".secret.bl.test"), with_key) << name;
    EXPECT_EQ(Says(name + ".SeCrEt.bl.test"), with_key) << name;
    EXPECT_EQ(Says(name + ".hollow.bl.test"), hollow) << name;
    EXPECT_EQ(Says(name + ".closed.bl.test"), "-") << name;
    EXPECT_EQ(Says(name + ".secret.hollow.bl.test"), "NXDOMAIN") << name;  // one key a question
    EXPECT_EQ(Says(name + ".secre.bl.test"), "REFUSED") << name;
    EXPECT_EQ(Says(name + ".bl.test"), "REFUSED") << name;
  }
  // A zone of addresses alone has a shorter way for them.
  for (const auto& [name, says] : {std::pair{"7.100.51.198", "127.0.0.2"}, {"8.100.51.198", "NXDOMAIN"}}) {
    EXPECT_EQ(Says(name + std::string(".secret.ip.test")), says);
    EXPECT_EQ(Says(name + std::string(".hollow.ip.test")), "NXDOMAIN");
    EXPECT_EQ(Says(name + std::string(".ip.test")), "REFUSED");
  }
  EXPECT_EQ(Says("7.100.51.198.lapsed.ip.test", dns::kA, "10.1.2.3"), "127.255.255.254");
  EXPECT_EQ(Says("8.100.51.198.lapsed.ip.test", dns::kTxt, "10.1.2.3"), "renew, 10.1.2.3");
}

// RFC 9156: resolvers ask their way down, label by label.
TEST_F(ServedKeys, TheKeyAloneIsANameThatExists) {
  ServeAll();
  for (const char* zone : {"bl.test", "ip.test"}) {
    EXPECT_EQ(Says(std::string("secret.") + zone), "nodata");
    EXPECT_EQ(Says(std::string("secret.") + zone, dns::kNs), "nodata");
    EXPECT_EQ(Says(std::string("198.secret.") + zone), "nodata");
    EXPECT_EQ(Says(std::string("100.51.198.secret.") + zone), "nodata");
    EXPECT_EQ(Says(std::string("closed.") + zone), "-");
    EXPECT_EQ(Says(std::string("other.") + zone), "REFUSED");
  }
}

TEST_F(ServedKeys, TheApexTellsAllClientsItsSoaAndNsAndNothingElse) {
  ServeAll();
  EXPECT_EQ(Says("bl.test", dns::kSoa), "ns.example.com hostmaster.example.com 7 1 2 3 300");
  EXPECT_EQ(Says("bl.test", dns::kNs), "nodata");
  for (const uint16_t type : {dns::kA, dns::kTxt, dns::kAny}) EXPECT_EQ(Says("bl.test", type), "REFUSED") << type;
  EXPECT_EQ(Says("7.100.51.198.bl.test", dns::kSoa), "REFUSED");
  EXPECT_EQ(Says("7.100.51.198.bl.test", dns::kNs), "REFUSED");
  ServeAll("secret :pass\n");
  EXPECT_EQ(Says("bl.test", dns::kSoa), "ns.example.com hostmaster.example.com 7 1 2 3 300");
  EXPECT_EQ(Says("bl.test", dns::kTxt), "-");
  ServeAll(":pass\nblocked :refuse\n");
  EXPECT_EQ(Says("bl.test", dns::kTxt), "hello");
  EXPECT_EQ(Says("7.100.51.198.bl.test"), "127.0.0.2");
  EXPECT_EQ(Says("7.100.51.198.blocked.bl.test"), "REFUSED");
}

TEST_F(ServedKeys, AnyIsNoWayRoundThem) {
  ServeAll();
  for (const char* zone : {"bl.test", "ip.test"}) {
    EXPECT_EQ(Says(std::string("7.100.51.198.") + zone, dns::kAny), "REFUSED");
    EXPECT_EQ(Says(std::string("7.100.51.198.other.") + zone, dns::kAny), "REFUSED");
    EXPECT_EQ(Says(std::string("7.100.51.198.closed.") + zone, dns::kAny), "-");
    EXPECT_EQ(Says(std::string("8.100.51.198.secret.") + zone, dns::kAny), "NXDOMAIN");
    EXPECT_EQ(Ask(Question(std::string("7.100.51.198.other.") + zone, dns::kAny)).rcode(), dns::kRefused);
  }
  const OneClient client("192.0.2.1");
  clients_ = &client;
  const Answer any = Ask(Question("7.100.51.198.secret.ip.test", dns::kAny));
  ASSERT_EQ(any.answer.size(), 1u);
  EXPECT_EQ(any.answer[0].type, dns::kHinfo);
}

TEST_F(ServedKeys, AnswersRepeatTheQuestionAndPointIntoIt) {
  ServeAll();
  const OneClient client("192.0.2.1");
  clients_ = &client;
  const Answer listed = Ask(Question("7.100.51.198.sEcret.IP.test", dns::kA));
  ASSERT_EQ(listed.answer.size(), 1u);
  EXPECT_EQ(listed.qname, "7.100.51.198.sEcret.IP.test");
  EXPECT_EQ(listed.answer[0].owner, "7.100.51.198.sEcret.IP.test");
  for (const char* name : {"8.100.51.198.sEcret.IP.test", "51.198.sEcret.IP.test", "secret.IP.test"}) {
    const Answer negative = Ask(Question(name, dns::kA));
    EXPECT_EQ(negative.qname, name);
    ASSERT_EQ(negative.authority.size(), 1u) << name;
    EXPECT_EQ(negative.authority[0].owner, "IP.test") << name;
  }
}

TEST_F(ServedKeys, CountWithOtherListsAndTheStrictestWins) {
  const Ip6Prefix ten{.address = Ip6Of("::ffff:10.0.0.0"), .length = 96 + 8};
  Serve({{"data", "cidr", "198.51.100.7\n"},
         {"keys", "aclkey", kKeys},
         {"more", "aclkey", ":pass\nsecret :empty\nfree :pass\n"},
         {"acl", "acl", "10.1.0.0/16 :ignore\n10.2.0.0/16 :refuse\n10.3.0.0/16 :empty\n"}},
        {{.name = "bl.test", .feeds = {0}, .access = {1, 3}, .allow = {ten}},
         {.name = "two.test", .feeds = {0}, .access = {1, 2}}});
  const std::string listed = "7.100.51.198.";
  struct Row {
    const char* client;
    const char* key;
    const char* says;
  };
  for (const auto& [client, key, says] : {Row{"10.9.0.1", "secret.", "127.0.0.2"},
                                          {"10.9.0.1", "", "REFUSED"},
                                          {"10.9.0.1", "closed.", "-"},
                                          {"10.1.0.1", "secret.", "-"},
                                          {"10.2.0.1", "secret.", "REFUSED"},
                                          {"10.2.0.1", "closed.", "-"},
                                          {"10.3.0.1", "secret.", "NXDOMAIN"},
                                          {"10.3.0.1", "other.", "REFUSED"},
                                          {"11.0.0.1", "secret.", "REFUSED"}}) {
    EXPECT_EQ(Says(listed + key + "bl.test", dns::kA, client), says) << client << " " << key;
  }
  EXPECT_EQ(Says("bl.test", dns::kSoa, "10.2.0.1"), "REFUSED");
  EXPECT_EQ(Says(listed + "secret.two.test"), "NXDOMAIN");
  EXPECT_EQ(Says(listed + "free.two.test"), "REFUSED");  // as nobody of the other list
}

TEST_F(ServedKeys, StandBeforeTheConfiguredZoneOfCombinedFeeds) {
  Serve({{"parts", "combined",
          "$SOA 9 ns.proxies.bl.test hostmaster.bl.test 7 1 2 3 300\n$DATASET ip4set @\n192.0.2.1\n"
          "$DATASET ip4set proxies deep.proxies\n192.0.2.2\n$DATASET dnset rhs\nspam.example\n"},
         {"keys", "aclkey", ":refuse\nsecret :pass\nrhs :pass\n"}},
        {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  const std::pair<const char*, const char*> cases[] = {{"1.2.0.192.secret.bl.test", "127.0.0.2"},
                                                       {"2.2.0.192.secret.bl.test", "NXDOMAIN"},
                                                       {"2.2.0.192.proxies.secret.bl.test", "127.0.0.2"},
                                                       {"2.2.0.192.deep.proxies.secret.bl.test", "127.0.0.2"},
                                                       {"1.2.0.192.proxies.secret.bl.test", "NXDOMAIN"},
                                                       {"proxies.secret.bl.test", "nodata"},
                                                       {"spam.example.rhs.secret.bl.test", "127.0.0.2"},
                                                       {"2.2.0.192.secret.proxies.bl.test", "REFUSED"},
                                                       {"2.2.0.192.proxies.bl.test", "REFUSED"},
                                                       {"proxies.bl.test", "REFUSED"},
                                                       // A key that is called like a part is a key.
                                                       {"1.2.0.192.rhs.bl.test", "127.0.0.2"},
                                                       {"spam.example.rhs.rhs.bl.test", "127.0.0.2"}};
  for (const auto& [name, says] : cases) EXPECT_EQ(Says(name), says) << name;
  const OneClient client("192.0.2.1");
  clients_ = &client;
  const Answer negative = Ask(Question("1.2.0.192.proxies.secret.bl.test", dns::kA));
  ASSERT_EQ(negative.authority.size(), 1u);
  EXPECT_EQ(negative.authority[0].owner, "bl.test");
  EXPECT_EQ(negative.authority[0].data, "ns.proxies.bl.test hostmaster.bl.test 7 1 2 3 300");
}

TEST_F(ServedKeys, ThatNeverLoadedMakeTheZoneServfail) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"keys", nullptr, ""}},
        {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  EXPECT_EQ(Says("7.100.51.198.secret.bl.test"), "SERVFAIL");
  EXPECT_EQ(Says("bl.test", dns::kSoa), "SERVFAIL");
}

}  // namespace
}  // namespace rblitz
