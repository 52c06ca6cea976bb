// Who may ask a zone, and what they get: access lists and `allow`, from feeds to answers.
#include <array>

#include "dataplane/io/memory_io.h"
#include "tests/frames.h"
#include "tests/served_rules.h"

namespace rblitz {
namespace {

constexpr uint16_t kMx = 15;

class ServedAccess : public ServedRules {};

TEST_F(ServedAccess, AnAccessListDecidesWhatAClientGets) {
  Serve({{"data", "cidr", "198.51.100.7\n2001:db8:1::/48\n"},
         {"names", "dnset", ".spam.example\n"},
         {"records", "generic", "www A 192.0.2.80\n@ TXT hello\na.b A 192.0.2.81\n"},
         {"acl", "acl", kAcl}},
        {{.name = "bl.test", .feeds = {0, 1, 2}, .soa = test::ShortSoa(7), .access = {3}}});
  const std::string ip6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test";
  struct Row {
    const char* client;
    std::vector<std::string> outcomes;
  };
  const std::vector<std::string> all = {"127.0.0.2",  "NXDOMAIN", "127.0.0.2", "127.0.0.2", "NXDOMAIN",
                                        "192.0.2.80", "nodata",   "nodata",    "127.0.0.2"};
  const std::vector<std::string> empty = {"NXDOMAIN",   "NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN",
                                          "192.0.2.80", "nodata",   "NXDOMAIN", "NXDOMAIN"};
  const auto always = [](const std::string& a) {
    return std::vector<std::string>{a, a, a, a, a, "192.0.2.80," + a, a, a, a};
  };
  const std::vector<Row> rows = {{"192.0.2.1", all},
                                 {"10.1.9.9", std::vector<std::string>(9, "-")},
                                 {"10.2.9.9", std::vector<std::string>(9, "REFUSED")},
                                 {"10.3.9.9", empty},
                                 {"10.3.3.9", all},
                                 {"10.4.9.9", always("127.255.255.254")},
                                 {"2001:db8::1", std::vector<std::string>(9, "REFUSED")},
                                 {"2001:db8:4::1", always("127.0.0.9")},
                                 {"2001:db9::1", all}};
  const std::vector<std::string> names = {
      "7.100.51.198.bl.test",  "8.100.51.198.bl.test", ip6,         "x.spam.example.bl.test",
      "other.example.bl.test", "www.bl.test",          "b.bl.test", "51.198.bl.test",
      "2.0.0.127.bl.test"};
  for (const auto& [client, outcomes] : rows) {
    for (size_t i = 0; i < names.size(); ++i) {
      std::string outcome = Says(names[i], dns::kA, client);
      // The order of a record and of what everything is answered with is no matter.
      if (outcome.ends_with(",192.0.2.80")) outcome = "192.0.2.80," + outcome.substr(0, outcome.find(','));
      EXPECT_EQ(outcome, outcomes[i]) << client << " " << names[i];
    }
  }
}

TEST_F(ServedAccess, TheApexAnswersAllButThoseThatAreRefused) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}},
        {{.name = "bl.test",
          .feeds = {0},
          .soa = test::ShortSoa(7),
          .ns = NameServers{.ttl_seconds = 0, .names = {"ns.test"}},
          .access = {1}}});
  for (const char* client : {"192.0.2.1", "10.3.9.9", "10.4.9.9"}) {
    EXPECT_EQ(Says("bl.test", dns::kSoa, client), "ns.example.com hostmaster.example.com 7 1 2 3 300") << client;
    EXPECT_EQ(Says("bl.test", dns::kNs, client), "ns.test") << client;
    EXPECT_EQ(Says("bl.test", dns::kA, client), "nodata") << client;
  }
  EXPECT_EQ(Says("bl.test", dns::kSoa, "10.2.9.9"), "REFUSED");
  EXPECT_EQ(Says("bl.test", dns::kSoa, "10.1.9.9"), "-");
}

TEST_F(ServedAccess, TheTextThatEverythingIsAnsweredWithNamesTheClient) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}}, {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kTxt, "10.4.1.2"), "no more for 10.4.1.2");
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kTxt, "2001:db8:4::1"), "you are 2001:db8:4::1");
  EXPECT_EQ(Says("1.2.3.4.bl.test", kMx, "10.4.1.2"), "nodata");
  // What the zone cannot list is not answered: names, and addresses of a family that it has none of.
  EXPECT_EQ(Says("name.bl.test", dns::kA, "10.4.1.2"), "NXDOMAIN");
  const OneClient client("10.4.1.2");
  clients_ = &client;
  EXPECT_EQ(Ask(Question("1.2.3.4.bl.test", dns::kA)).answer.at(0).ttl, 7u);
}

TEST_F(ServedAccess, DroppedAndRefusedQuestionsAreCounted) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}}, {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kA, "10.1.1.1"), "-");
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kA, "10.1.1.1"), "-");
  EXPECT_EQ(Says("1.2.3.4.bl.test", dns::kA, "10.2.1.1"), "REFUSED");
  EXPECT_EQ(dropped(DropReason::kAcl), 2u);
  EXPECT_EQ(counted(Outcome::kIgnored), 2u);
  EXPECT_EQ(counted(Outcome::kRefused), 1u);
  EXPECT_EQ(stats_->rcodes[dns::kRefused].value(), 1u);
}

TEST_F(ServedAccess, TheStrictestOfSeveralListsCounts) {
  const std::vector<NamedFeed> feeds = {{"data", "cidr", "198.51.100.7\n"},
                                        {"first", "acl",
                                         "10.0.0.1 :pass\n10.0.0.2 :empty\n10.0.0.3 :5\n10.0.0.4 :5\n"
                                         "10.0.0.5 :refuse\n10.0.0.6 :empty\n10.0.0.8 :ignore\n"},
                                        {"second", "acl",
                                         "10.0.0.1 :refuse\n10.0.0.2 :refuse\n10.0.0.3 :6\n"
                                         "10.0.0.4 :empty\n10.0.0.5 :ignore\n10.0.0.7 :6\n"}};
  const std::vector<std::string> expected = {"127.0.0.2", "REFUSED",  "REFUSED",   "127.0.0.5", "NXDOMAIN",
                                             "-",         "NXDOMAIN", "127.0.0.6", "-"};
  for (const auto& order : {std::vector<uint32_t>{1, 2}, std::vector<uint32_t>{2, 1}}) {
    Serve(feeds, {{.name = "bl.test", .feeds = {0}, .access = order}});
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string client = "10.0.0." + std::to_string(i);
      // Of two answers that of the list that the zone names first.
      const bool other = i == 3 && order.front() == 2;
      EXPECT_EQ(Says("7.100.51.198.bl.test", dns::kA, client.c_str()), other ? "127.0.0.6" : expected[i]) << client;
    }
  }
}

TEST_F(ServedAccess, AllowNamesThoseThatMayAsk) {
  const Ip6Prefix loopback{.address = Ip6Of("::1"), .length = 128};
  const Ip6Prefix ten{.address = Ip6Of("::ffff:10.0.0.0"), .length = 96 + 8};
  Serve({{"data", "cidr", "198.51.100.7\n"},
         {"acl", "acl", "10.9.0.0/16 :ignore\n10.8.0.0/16 :empty\n1.1.1.1 :ignore\n"}},
        {{.name = "open.test", .feeds = {0}},
         {.name = "bl.test", .feeds = {0}, .allow = {loopback, ten}},
         {.name = "both.test", .feeds = {0}, .access = {1}, .allow = {loopback, ten}}});
  for (const auto& [client, open, bl, both] :
       std::vector<std::array<const char*, 4>>{{"10.1.2.3", "127.0.0.2", "127.0.0.2", "127.0.0.2"},
                                               {"::1", "127.0.0.2", "127.0.0.2", "127.0.0.2"},
                                               {"::2", "127.0.0.2", "REFUSED", "REFUSED"},
                                               {"11.0.0.0", "127.0.0.2", "REFUSED", "REFUSED"},
                                               {"10.9.2.3", "127.0.0.2", "127.0.0.2", "-"},
                                               {"10.8.2.3", "127.0.0.2", "127.0.0.2", "NXDOMAIN"},
                                               {"1.1.1.1", "127.0.0.2", "REFUSED", "-"}}) {
    EXPECT_EQ(Says("7.100.51.198.open.test", dns::kA, client), open) << client;
    EXPECT_EQ(Says("7.100.51.198.bl.test", dns::kA, client), bl) << client;
    EXPECT_EQ(Says("7.100.51.198.both.test", dns::kA, client), both) << client;
  }
  clients_ = nullptr;  // nobody knows who asks
  EXPECT_EQ(Ask(Question("7.100.51.198.open.test", dns::kA)).rcode(), dns::kNoError);
  EXPECT_EQ(Ask(Question("7.100.51.198.bl.test", dns::kA)).rcode(), dns::kRefused);
}

// What only one client may see must not be open to all because a file is missing, and what must never be listed must
// not be listed because of that.
TEST_F(ServedAccess, AListThatHasNeverLoadedMakesTheZoneServfail) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", nullptr, ""}, {"records", "cidr", ""}},
        {{.name = "acl.test", .feeds = {0}, .access = {1}},
         {.name = "wrong.test", .feeds = {0}, .access = {2}},  // its format has changed, and the new file is bad
         {.name = "except.test", .feeds = {0}, .except = {1}},
         {.name = "part.test", .feeds = {0, 1}}});
  for (const char* zone : {"acl.test", "wrong.test", "except.test"}) {
    EXPECT_EQ(Says(std::string("7.100.51.198.") + zone), "SERVFAIL") << zone;
    EXPECT_EQ(Says(zone, dns::kSoa), "SERVFAIL") << zone;
    EXPECT_TRUE(serving_->zones.Find(zone)->out()) << zone;
  }
  EXPECT_EQ(Says("7.100.51.198.part.test"), "127.0.0.2");
}

// Frames as a port brings them: the client is read from the IPv4 header.
TEST_F(ServedAccess, HoldForTheClientsOfFrames) {
  Serve({{"data", "cidr", "198.51.100.7\n"}, {"acl", "acl", kAcl}}, {{.name = "bl.test", .feeds = {0}, .access = {1}}});
  io::MemoryIo memory(test::Own(), stats_.get());
  std::vector<std::string> expected;
  for (uint32_t i = 0; i < 3 * io::kBurst; ++i) {
    const uint32_t net = i % 6;  // 10.0/16 to 10.5/16
    memory.Push(
        test::UdpFrame({.source = test::Ip(10, net, 1, 1 + i % 250)}, {}, Question("7.100.51.198.bl.test", dns::kA)));
    static constexpr const char* kOutcomes[] = {"127.0.0.2", "", "REFUSED", "NXDOMAIN", "127.255.255.254", "127.0.0.2"};
    if (net != 1) expected.emplace_back(kOutcomes[net]);
  }
  io::Burst burst;
  std::vector<std::string> outcomes;
  for (memory.Receive(burst); burst.count > 0; memory.Receive(burst)) {
    responder_->Answer(burst, *serving_);
    memory.Send(burst);
  }
  for (const test::FrameBytes& frame : memory.TakeSent()) {
    const Answer answer = AnswerReader(Bytes(frame.begin() + 42, frame.end())).Read();
    outcomes.push_back(answer.rcode() == dns::kRefused    ? "REFUSED"
                       : answer.rcode() == dns::kNxDomain ? "NXDOMAIN"
                                                          : answer.answer.at(0).data);
  }
  EXPECT_EQ(outcomes, expected);
  EXPECT_EQ(dropped(DropReason::kAcl), 32u);
}

}  // namespace
}  // namespace rblitz
