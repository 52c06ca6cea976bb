#include "cli/grey_commands.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/config_values.h"
#include "cli/render_grey.h"
#include "loaders/grey_store.h"
#include "tests/grey_fixture.h"

namespace rblitz {
namespace {

using GreyCommands = GreyFixture;
using Outcome = GreyOutcome;

constexpr const char* kAliceToBob = "cac03031d808b1e889167915256e0703.5190f9ee3f5ecffd1ae44410eba1d525";
constexpr const char* kDomain = "b60738d91131dc00";

TEST_F(GreyCommands, LookupSaysByItsExitCodeWhetherAMailWouldPass) {
  const std::vector<const char*> line = {"lookup", "192.0.2.4", "Alice@Example.com", "bob@test"};
  const Outcome deferred = Run(line);
  EXPECT_EQ(deferred.code, 3);
  EXPECT_EQ(deferred.out, "grey.test: A 127.0.0.4, defer: new, wait 4m47s\n");
  ASSERT_EQ(server_->requests.size(), 2u);
  EXPECT_EQ(server_->requests[0]["name"], std::string(kAliceToBob) + ".4.2.0.192");
  EXPECT_EQ(server_->requests[1]["name"], std::string(kAliceToBob) + ".o-d" + kDomain + "f.4.2.0.192");
  EXPECT_EQ(server_->requests[0]["zone"], "grey.test");

  EXPECT_EQ(Run({"allow", "192.0.2.4", "Alice@Example.com", "bob@test"}).code, 0);
  const Outcome passed = Run(line);
  EXPECT_EQ(passed.code, 0);
  EXPECT_NE(passed.out.find("A 127.0.0.3, pass: known\n"), std::string::npos) << passed.out;
  EXPECT_NE(passed.out.find("192.0.2.0/24  triplet"), std::string::npos) << passed.out;
  const Outcome json = Run({"lookup", "192.0.2.4", "Alice@Example.com", "bob@test", "--json"});
  EXPECT_EQ(ParseJson(json.out)["row"]["passed"], true) << json.out;
  EXPECT_EQ(ParseJson(json.out)["aligned"]["row"]["kind"], "domain") << json.out;
  EXPECT_NE(passed.out.find("aligned with the sender's domain: grey.test: A "), std::string::npos) << passed.out;
  EXPECT_EQ(deferred.err + passed.err + json.err, "");
}

TEST_F(GreyCommands, OptionsStandInTheName) {
  const std::string d = std::string(".o-d") + kDomain;
  const struct {
    std::vector<const char*> line;
    std::string options;
  } cases[] = {{{"--domain"}, d}, {{"--aligned"}, d + "f"}, {{"--aligned", "--domain"}, d + "f"}, {{}, ""}};
  for (const auto& [more, options] : cases) {
    std::vector<const char*> line = {"lookup", "::ffff:192.0.2.4", "<alice@example.com>", "<bob@test>"};
    line.insert(line.end(), more.begin(), more.end());
    const size_t asked = server_->requests.size();
    EXPECT_EQ(Run(line).code, 3);
    EXPECT_EQ(server_->requests.at(asked)["name"], kAliceToBob + options + ".4.2.0.192");
  }
}

TEST_F(GreyCommands, LookupOfAnAddressOrNetworkShowsItsRows) {
  FillServer(600);
  TripletRow client{.key = {kIp4Network | 0xc0000200, 0xc0000204, TripletKind::kClient}, .first = Now()};
  client.last_minutes = MinutesOf(client.first);
  server_->answers["lookup"] = {
      {"result", {{"credits", 1u}, {"list", "block_list"}, {"rows", Json::array({GreyRowJson(client, kFakeMasks)})}}}};
  const Outcome address = Run({"lookup", "192.0.2.4"});
  EXPECT_EQ(address.code, 0);
  EXPECT_EQ(server_->requests.back()["client"], "192.0.2.4");
  EXPECT_EQ(address.out.find("grey.test: 192.0.2.4: 1 row, credits 1 of 2, on a block list\n"), 0u) << address.out;
  const Outcome network = Run({"lookup", "192.0.2.0/24"});
  EXPECT_EQ(network.code, 0);
  size_t count = 0;
  for (const auto& [key, row] : server_->rows) {
    count += key.kind != TripletKind::kDomain && key.network == (kIp4Network | 0xc0000200) ? 1 : 0;
  }
  EXPECT_GT(count, 0u);
  EXPECT_EQ(network.out.find("grey.test: 192.0.2.0/24: " + RowsText(count) + "\n"), 0u) << network.out;
}

TEST_F(GreyCommands, ListShowsAllRowsOrThoseOfAddresses) {
  EXPECT_EQ(Run({"list"}).out, "");
  EXPECT_EQ(ParseJson(Run({"list", "--json"}).out)["rows"], Json::array());
  FillServer(5000);
  const Json all = ParseJson(Run({"list", "--json"}).out);
  ASSERT_EQ(all["zone"], "grey.test");
  ASSERT_EQ(all["rows"].size(), server_->rows.size());
  auto at = server_->rows.begin();
  for (const Json& row : all["rows"]) {
    ASSERT_TRUE(GreyRowFromJson(row).value() == at->second);
    ++at;
  }
  EXPECT_EQ(ParseJson(Run({"list", "--json", "--limit", "123"}).out)["rows"].size(), 123u);
  for (const char* what :
       {"192.0.2.0/24", "192.0.2.6", "192.0.2.128/25", "2001:db8:0:3::/64", "2001:db8:0:3::1", "10.0.0.0/24"}) {
    const Ip6Prefix addresses = ParseClients(what).value();
    size_t count = 0;
    for (const auto& [key, row] : server_->rows) count += IsGreyRowOf(row, kFakeMasks, addresses) ? 1 : 0;
    EXPECT_EQ(ParseJson(Run({"list", "--json", what}).out)["rows"].size(), count) << what;
    EXPECT_EQ(count == 0, std::string(what) == "10.0.0.0/24");
  }
}

TEST_F(GreyCommands, ListSaysWhatStateRowsAreIn) {
  const uint32_t now = Now();
  const uint64_t network = kIp4Network | 0xc0000200;
  const auto put = [&](TripletRow row) {
    row.last_minutes = MinutesOf(row.first);
    server_->rows[row.key] = row;
  };
  put({.key = {network, 1}, .first = now - 60});
  put({.key = {network, 2}, .first = now - 60, .passed = true});
  put({.key = {network, 3}, .first = now - 60, .forgotten = true});
  put({.key = {network, 4}, .first = now - 90000});
  TripletRow client{.key = {network, 0xc0000204, TripletKind::kClient}, .first = now - 60};
  put(client);
  client.key.fingerprint += 1;
  client.payload = WithCredit(client, now + 7200);
  put(client);
  put({.key = {network, 5, TripletKind::kSenderDomain}, .first = now - 60, .payload = WithSender(0, 5)});
  put({.key = {network, 6, TripletKind::kSenderDomain}, .first = now - 60, .payload = WithSender(WithSender(0, 5), 6)});
  std::istringstream out(Run({"list"}).out);
  std::vector<std::string> states;
  std::string line;
  while (std::getline(out, line)) {
    std::istringstream words(line);
    std::string network_text, kind, id, state, rest, word;
    words >> network_text >> kind >> id >> state;
    while (words >> word) rest = word;
    states.push_back(kind + " " + id + " " + state + " " + rest);
  }
  EXPECT_EQ(states,
            (std::vector<std::string>{"kind id state credits", "triplet 0000000000000001 pending -",
                                      "triplet 0000000000000002 passed -", "triplet 0000000000000003 forgotten -",
                                      "triplet 0000000000000004 expired -", "sender_domain 0000000000000005 earning 1",
                                      "sender_domain 0000000000000006 whitelisted 2", "client 192.0.2.4 earning 1",
                                      "client 192.0.2.5 whitelisted 2"}));
}

TEST_F(GreyCommands, ForgetAsksForWhatItIsGiven) {
  server_->answers["forget"] = {{"result", {{"forgotten", 3u}}}};
  EXPECT_EQ(Run({"forget", "192.0.2.4", "alice@example.com", "bob@test"}).out,
            "what was known of the mail is forgotten\n");
  const std::string with_domain = std::string(kAliceToBob) + ".o-db60738d91131dc00f.4.2.0.192";
  const std::string request = R"({"command":"grey","action":"forget","zone":"grey.test","name":")";
  ASSERT_EQ(server_->requests.size(), 2u);
  EXPECT_EQ(DumpJson(server_->requests[0]), request + std::string(kAliceToBob) + R"(.4.2.0.192"})");
  EXPECT_EQ(DumpJson(server_->requests[1]), request + with_domain + "\"}");
  EXPECT_EQ(Run({"forget", "2001:DB8::1"}).code, 0);
  EXPECT_EQ(Asked(), R"({"command":"grey","action":"forget","zone":"grey.test","client":"2001:db8::1"})");
  EXPECT_EQ(Run({"forget", "192.0.2.0/25", "--json"}).out, "{\n  \"forgotten\": 3\n}\n");
  EXPECT_EQ(Asked(), R"({"command":"grey","action":"forget","zone":"grey.test","network":"192.0.2.0/25"})");
}

TEST_F(GreyCommands, AllowOfAnAddressIsAnOverrideOfTheZone) {
  server_->answers["add"] = {
      {"result",
       {{"override", {{"kind", "add"}, {"what", "192.0.2.0/24"}}}, {"replaced", false}, {"zones", {"grey.test"}}}}};
  const Outcome allowed = Run({"allow", "192.0.2.0/24", "--for", "1d", "--why", "known"});
  EXPECT_EQ(allowed.code, 0);
  EXPECT_EQ(allowed.out, "grey.test: 192.0.2.0/24 passes from now on, unless a block list has it\n");
  EXPECT_EQ(Asked(),
            R"({"command":"list","action":"add","what":"192.0.2.0/24","zone":"grey.test","for":"1d","why":"known"})");
  const size_t asked = server_->requests.size();
  EXPECT_EQ(Run({"allow", "mail.example.com"}).code, 1);
  EXPECT_EQ(server_->requests.size(), asked);
}

TEST_F(GreyCommands, AllowOfAMailJoinsARowThatStandsOverWhatIsThere) {
  const std::vector<const char*> line = {"allow", "192.0.2.4", "alice@example.com", "bob@test"};
  EXPECT_EQ(Run(line).out, "grey.test: the mail passes from now on\n");
  ASSERT_EQ(server_->rows.size(), 2u) << "aligned with the domain, too";
  TripletRow& row = server_->rows.begin()->second;
  EXPECT_TRUE(row.passed);
  EXPECT_EQ(row.epoch, 0);
  EXPECT_LE(Now() - row.first, 60u);
  // A pending one, then a marker.
  row.passed = false;
  row.epoch = 4;
  EXPECT_EQ(Run(line).code, 0);
  EXPECT_EQ(row.epoch, 4);
  EXPECT_TRUE(row.passed);
  row.passed = false;
  row.forgotten = true;
  EXPECT_EQ(Run(line).code, 0);
  EXPECT_EQ(row.epoch, 5);
  EXPECT_TRUE(row.passed && !row.forgotten);
  EXPECT_EQ(server_->rows.size(), 2u);
  // Aligned, it belongs to the domain.
  EXPECT_EQ(Run({"allow", "192.0.2.4", "alice@example.com", "bob@test", "--aligned"}).code, 0);
  EXPECT_EQ(server_->rows.size(), 2u);
  EXPECT_TRUE(server_->rows.contains({0xb60738d91131dc00, row.key.fingerprint, TripletKind::kDomain}));
  server_->answers["join"] = {{"result", {{"joined", 0u}, {"expired", 0u}, {"full", 1u}}}};
  EXPECT_EQ(Run(line).err, "rblitz: grey allow: the greylist is full: there is no place for this row\n");
}

TEST_F(GreyCommands, StatsShowWhateverThereIs) {
  const Json zone = {{"zone", "grey.test"},
                     {"state", "ready"},
                     {"rows", {{"pending", 3u}, {"passed", 4u}}},
                     {"bytes", 5242880u},
                     {"journal", {{"bytes", 2048u}, {"error", nullptr}}}};
  server_->answers["stats"] = {{"result", {{"zones", Json::array({zone})}}}};
  EXPECT_EQ(Run({"stats"}).out,
            "grey.test\n"
            "  state    ready\n"
            "  rows     pending 3, passed 4\n"
            "  bytes    5.0 MiB\n"
            "  journal  bytes 2.0 KiB\n");
  EXPECT_EQ(Run({"stats", "--zone", "grey.test"}).code, 0);
  EXPECT_EQ(Asked(), R"({"command":"grey","action":"stats","zone":"grey.test"})");
}

TEST_F(GreyCommands, DigestNeedsNoServerWhereKeyAndZoneAreGiven) {
  const std::string key = Path("key");
  const std::string name = std::string(kAliceToBob) + ".4.2.0.192.";
  EXPECT_EQ(Run({"digest", "192.0.2.4", "Alice@Example.com", "bob@test"}).out, name + "grey.test\n");
  server_.reset();
  EXPECT_EQ(Run({"digest", "192.0.2.4", "Alice@Example.com", "bob@test", "--key", key.c_str(), "--zone",
                 "Grey.Test.Example."})
                .out,
            name + "grey.test.example\n");
  EXPECT_EQ(Run({"digest", "Bob@test", "--key", key.c_str()}).out, "cac03031d808b1e889167915256e0703\n");
  EXPECT_EQ(ParseJson(Run({"digest", "Bob@test", "--key", key.c_str(), "--json"}).out)["recipient"],
            "cac03031d808b1e889167915256e0703");
  EXPECT_NE(Run({"digest", "Bob@test"}).err.find("no server answers there"), std::string::npos);
  chmod(key.c_str(), 0644);
  EXPECT_EQ(Run({"digest", "Bob@test", "--key", key.c_str()}).err,
            "rblitz: grey digest: " + key + ": others than its owner may read the key: chmod 600 " + key + "\n");
  chmod(key.c_str(), 0600);
  const std::string zone = std::string(60, 'a') + "." + std::string(60, 'b');
  const Outcome longer =
      Run({"digest", "2001:db8::1", "a@b", "c@d", "--key", key.c_str(), "--zone", zone.c_str(), "--domain"});
  EXPECT_NE(longer.err.find("the name has more than 253 characters"), std::string::npos) << longer.out;
}

TEST_F(GreyCommands, TheZoneIsNamedWhereThereAreSeveral) {
  server_->SetZones(Json::array({FakeGreyServer::Zone("a.test", Path("key")), FakeGreyServer::Zone("b.test", "")}));
  EXPECT_EQ(Run({"list"}).err, "rblitz: grey list: there are several greylists: --zone names one of a.test, b.test\n");
  EXPECT_EQ(Run({"list", "--zone", "c.test"}).err,
            "rblitz: grey list: there is no greylist c.test; there is a.test, b.test\n");
  EXPECT_EQ(Run({"list", "--zone", "B.test."}).code, 0);
  EXPECT_EQ(server_->requests.back()["zone"], "b.test");
  EXPECT_EQ(Run({"lookup", "192.0.2.4", "a@b", "c@d", "--zone", "b.test"}).err,
            "rblitz: grey lookup: no key_file is configured: --key names one\n");
  EXPECT_EQ(Run({"lookup", "192.0.2.4", "a@b", "c@d", "--zone", "b.test", "--key", Path("key").c_str()}).code, 3);
  server_->SetZones(Json::array());
  EXPECT_EQ(Run({"list"}).err, "rblitz: grey list: there is no greylist\n");
}

TEST_F(GreyCommands, SayWhatIsWrongWithTheirArguments) {
  const struct {
    std::vector<const char*> line;
    const char* what;
  } cases[] = {
      {{"lookup", "192.0.2"}, "lookup: bad address '192.0.2'"},
      {{"lookup", "192.0.2.1/24"}, "lookup: bits after the prefix are set"},
      {{"lookup", "host", "a@b", "c@d"}, "lookup: 'host' is no address of a client"},
      {{"lookup", "192.0.2.0/24", "a@b", "c@d"}, "lookup: '192.0.2.0/24' is no address of a client"},
      {{"forget", "192.0.2.4", "a@b", ""}, "forget: the recipient is empty"},
      {{"forget", "x"}, "forget: bad address 'x'"},
      {{"list", "x"}, "list: bad address 'x'"},
  };
  for (const auto& [line, what] : cases) {
    const Outcome outcome = Run(line);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err.find(std::string("rblitz: grey ") + what), 0u) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_TRUE(server_->requests.empty());
}

TEST_F(GreyCommands, EndAtAnswersThatAreNone) {
  const Json cases[] = {
      {{"error", "grey: is out of order"}},
      {{"result", 7}},
      {{"result", Json::array()}},
      {{"result", {{"rows", 7}}}},
      {{"result", {{"rows", Json::array({7})}}}},
      {{"result", {{"rows", Json::array()}, {"next", 0}}}},
      {{"result", {{"rows", Json::array()}, {"next", -5}}}},
      {{"result", {{"rows", Json::array()}, {"next", "more"}}}},
  };
  for (const Json& answer : cases) {
    server_->answers["rows"] = answer;
    EXPECT_EQ(Run({"list"}).code, 1) << DumpJson(answer);
    EXPECT_EQ(Run({"export"}).code, 1) << DumpJson(answer);
  }
  for (const Json& zones :
       {Json(7), Json::array({7}), Json::array({Json::object()}), Json::array({{{"zone", "z"}, {"mask_v4", 99}}}),
        Json::array({{{"zone", "z"}, {"key_file", 1}}}), Json::array({{{"zone", "z"}, {"delay", -1}}})}) {
    server_->SetZones(zones);
    const Outcome outcome = Run({"list"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("the server's greylists are not understood"), std::string::npos) << outcome.err;
  }
}

TEST_F(GreyCommands, MergeJoinsStores) {
  server_.reset();
  TripletRow row{.key = {kIp4Network, 1}, .first = Now()};
  row.last_minutes = MinutesOf(row.first);
  ASSERT_TRUE(GreyStore::Open(Path("a")).value()->Append({&row, 1}));
  row.key.fingerprint = 2;
  ASSERT_TRUE(GreyStore::Open(Path("b")).value()->Append({&row, 1}));
  EXPECT_EQ(Run({"merge", Path("a").c_str(), Path("b").c_str(), "--into", Path("c").c_str()}).out,
            Path("c") + ": 2 rows, of 1 in " + Path("a") + " and 1 in " + Path("b") + "\n");
  const Outcome json = Run({"merge", Path("c").c_str(), Path("b").c_str(), "--json"});
  EXPECT_EQ(json.out, "{\n  \"a\": 2,\n  \"b\": 1,\n  \"rows\": 2,\n  \"into\": \"" + Path("c") + "\"\n}\n");
  EXPECT_EQ(Run({"merge", Path("a").c_str(), Path("none").c_str()}).err,
            "rblitz: grey merge: " + Path("none") + ": No such file or directory\n");
}

}  // namespace
}  // namespace rblitz
