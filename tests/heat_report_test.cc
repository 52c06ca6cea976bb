// `rblitz heat report`: own networks and logs against heat.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "cli/json.h"
#include "loaders/ip4_text.h"
#include "tests/feed_fixture.h"
#include "tests/heat_line.h"

namespace rblitz {
namespace {

constexpr const char* kHeat =
    "203.0.113.0/24 200\n203.0.114.0/24 70\n203.0.115.0/24 63\n203.0.200.0/24 255\n198.51.100.0/24 64\n"
    "192.0.2.0/24 63\n100.64.0.0/15 9\n100.65.3.0/24 80\n"
    "2001:db8:7:1::/64 80\n2001:db8:8::/48 99\n2001:db8:9::/48 1\n";

class HeatReport : public testing::Test {
 protected:
  // With --file, as JSON where that is wanted.
  Outcome Run(std::vector<std::string> words) {
    words.insert(words.begin(), "report");
    words.insert(words.end(), {"--file", heat_});
    return RunHeatLine(words);
  }
  Json RunJson(std::vector<std::string> words, int code) {
    words.push_back("--json");
    const Outcome outcome = Run(std::move(words));
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return ParseJson(outcome.out);
  }

  const TempFolder folder_;
  std::string heat_ = folder_.Write("heat.txt", kHeat);
};

TEST_F(HeatReport, TellsHowHotOwnNetworksAre) {
  const std::string own = folder_.Write(
      "own.txt",
      "# ours\n100.64.0.0/15 hosting, \"cheap\"\n192.0.2.0/24\n203.0.113.0/28 mx-pool\n203.0.113.128/25 vpn # b\n"
      "2001:db8:7::/48 six\n2001:db8:7:1:8::/80\n10.0.0.0/8\n");
  const Json report = RunJson({"--own", own}, 3);
  EXPECT_EQ(report["source"], "heat.txt");
  EXPECT_EQ(std::tuple(report["listed"], report["warm"], report["clean"]), std::tuple(0, 5, 2));
  std::vector<std::string> order;
  for (const Json& one : report["networks"]) order.push_back(one["network"]);
  EXPECT_EQ(order, (std::vector<std::string>{"203.0.113.0/28", "203.0.113.128/25", "100.64.0.0/15", "2001:db8:7::/48",
                                             "2001:db8:7:1:8::/80", "192.0.2.0/24", "10.0.0.0/8"}));
  const Json& pool = report["networks"][0];
  EXPECT_EQ(DumpJson(pool),
            R"({"network":"203.0.113.0/28","label":"mx-pool","state":"warm","score":200,"change":null,"sum":200,)"
            R"("length":24,"parts":1,"known":1,"warm":1,"rank":2,"of":518,)"
            R"("hottest":[{"network":"203.0.113.0/24","score":200}],)"
            R"("around":{"network":"203.0.112.0/20","highest":70,"warm":1,)"
            R"("hottest":[{"network":"203.0.114.0/24","score":70}]},"listed":null})");
  const Json& hosting = report["networks"][2];
  EXPECT_EQ(hosting["sum"], 511 * 9 + 80);
  EXPECT_EQ(std::tuple(hosting["parts"], hosting["known"], hosting["warm"], hosting["rank"]),
            std::tuple(512, 512, 1, 3));
  EXPECT_EQ(hosting["around"]["network"], "100.0.0.0/8");
  EXPECT_EQ(hosting["around"]["highest"], 0) << "own networks are not around themselves";
  const Json& six = report["networks"][3];
  EXPECT_EQ(std::tuple(six["length"], six["score"], six["parts"], six["rank"], six["of"]), std::tuple(48, 80, 1, 2, 3));
  EXPECT_EQ(DumpJson(six["around"]["hottest"]), R"([{"network":"2001:db8:8::/48","score":99}])");
  EXPECT_EQ(report["networks"][4]["hottest"][0]["network"], "2001:db8:7:1::/64");
  EXPECT_EQ(report["networks"][6]["rank"], Json());
}

TEST_F(HeatReport, ExitsAsWhatItFinds) {
  const struct {
    const char* own;
    std::vector<std::string> words;
    int code;
  } table[] = {
      {"203.0.113.0/24\n", {}, 3},
      {"192.0.2.0/24\n", {}, 0},
      {"192.0.2.0/24\n", {"--min-score", "63"}, 3},
      {"203.0.113.0/24\n", {"--min-score", "201"}, 0},
      {"203.0.112.0/24\n", {}, 0},  // only its neighbours are warm
      {"2001:db8:9::/48\n", {}, 0},
      {"2001:db8:9::/48\n", {"--min-score", "1"}, 3},
      {"2001:db8::/29\n", {}, 3},
  };
  for (const auto& [own, words, code] : table) {
    std::vector<std::string> line = {"--own", folder_.Write("own.txt", own)};
    line.insert(line.end(), words.begin(), words.end());
    EXPECT_EQ(Run(line).code, code) << own;
  }
}

TEST_F(HeatReport, PrintsTextAndCsv) {
  const std::string own = folder_.Write("own.txt", "203.0.113.0/28 mx,\"pool\"\n192.0.2.0/24\n");
  const Outcome text = Run({"--own", own});
  EXPECT_EQ(text.out,
            "2 own networks against the heat of heat.txt: 0 listed, 1 warm (64 or more), 1 clean\n\n"
            "       network  label      state  score  change  sum         warm      rank          warm around\n"
            "203.0.113.0/28  mx,\"pool\"  warm     200       -  200  1 of 1 /24s  2 of 518  1 in 203.0.112.0/20\n"
            "  192.0.2.0/24             clean     63       -   63  0 of 1 /24s  6 of 518    0 in 192.0.0.0/20\n"
            "\nHottest of what is yours:\n"
            "  203.0.113.0/24  200  203.0.113.0/28 mx,\"pool\"\n"
            "\nHottest around it:\n"
            "  203.0.114.0/24  70  203.0.113.0/28 mx,\"pool\"\n"
            "\nNo server was asked whether they are listed.\n");
  EXPECT_EQ(Run({"--own", own, "--csv"}).out,
            "network,label,state,score,change,sum,length,parts,known,warm,rank,of,hottest,around,around_highest,"
            "around_warm,listed_addresses,listed_by\r\n"
            "203.0.113.0/28,\"mx,\"\"pool\"\"\",warm,200,,200,24,1,1,1,2,518,203.0.113.0/24,203.0.112.0/20,70,1,,\r\n"
            "192.0.2.0/24,,clean,63,,63,24,1,1,0,6,518,,192.0.0.0/20,0,0,,\r\n");
}

// Labels are whatever bytes there are: a terminal is not told what to do by them, and JSON stays such.
TEST_F(HeatReport, ShowsLabelsAndLeavesTheTerminalAlone) {
  const std::string own = folder_.Write("own.txt", "203.0.113.0/28 \x1b[31mB\xfcro\n");
  EXPECT_NE(Run({"--own", own}).out.find("203.0.113.0/28  ?[31mB\xfcro  warm"), std::string::npos);
  EXPECT_EQ(RunJson({"--own", own}, 3)["networks"][0]["label"], "\x1b[31mB\xef\xbf\xbdro");
}

TEST_F(HeatReport, TellsWhatHasChangedSinceTheLastRun) {
  const std::string own = folder_.Write("own.txt", "203.0.113.0/28\n192.0.2.0/24\n");
  const std::string last = folder_.Path("last.json");
  EXPECT_EQ(RunJson({"--own", own, "--last", last}, 3)["networks"][0]["change"], Json()) << "there is none yet";
  EXPECT_EQ(RunJson({"--own", own, "--last", last}, 3)["networks"][0]["change"], 0);
  folder_.Write("heat.txt", "203.0.113.0/24 150\n198.51.100.0/24 7\n");
  folder_.Write("own.txt", "203.0.113.0/28\n192.0.2.0/24\n198.51.100.0/24\n");
  const Json report = RunJson({"--own", own, "--last", last}, 3);
  EXPECT_EQ(report["networks"][0]["change"], -50);
  EXPECT_EQ(report["networks"][1]["change"], Json()) << "it is new";
  EXPECT_EQ(report["networks"][2]["change"], -63);
  EXPECT_NE(Run({"--own", own, "--last", last}).out.find("150       0"), std::string::npos);
  for (const char* const bad :
       {"", "[]", "{}", R"({"networks": 1})", R"({"networks": [1]})",
        R"({"networks": [{"network": "a", "score": 256}]})", R"({"networks": [{"score": 1}]})"}) {
    folder_.Write("last.json", bad);
    const Outcome outcome = Run({"--own", own, "--last", last});
    EXPECT_EQ(outcome.code, 1) << bad;
    EXPECT_NE(outcome.err.find("last.json: no report that"), std::string::npos) << outcome.err;
  }
  const Outcome nowhere = Run({"--own", own, "--last", folder_.Path("no/last.json")});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_EQ(nowhere.out, "");
}

TEST_F(HeatReport, AddsUpAsANaiveTwinDoes) {
  std::mt19937 random(3);
  std::map<uint32_t, unsigned> scores;  // by /24
  std::string text;
  for (int i = 0; i < 3000; ++i)
    scores[10u << 16 | static_cast<uint32_t>(random() & 0xffff)] = static_cast<unsigned>(1 + random() % 255);
  for (const auto& [cell, score] : scores) text += AddressText(cell << 8) + "/24 " + std::to_string(score) + "\n";
  folder_.Write("heat.txt", text);
  std::vector<AddressRange> own;
  std::string own_text;
  for (int i = 0; i < 60; ++i) {
    const auto length = static_cast<unsigned>(9 + random() % 24);
    const uint32_t prefix =
        (10u << 24 | static_cast<uint32_t>(random() & 0xffffff)) & ~(UINT32_MAX >> (length - 1) >> 1);
    own.push_back(*PrefixRange(prefix, length));
    own_text += AddressText(prefix) + "/" + std::to_string(length) + "\n";
  }
  const std::string log_text = [&] {
    std::string lines;
    for (int i = 0; i < 5000; ++i) lines += AddressText(10u << 24 | static_cast<uint32_t>(random() & 0xffffff)) + "\n";
    return lines;
  }();

  const Json report = RunJson({"--own", folder_.Write("own.txt", own_text), "--min-score", "200"}, 3);
  std::map<std::string, Json> by_network;
  for (const Json& one : report["networks"]) by_network[one["network"]] = one;
  for (const AddressRange& range : own) {
    uint64_t sum = 0;
    uint64_t known = 0;
    uint64_t warm = 0;
    unsigned highest = 0;
    for (const auto& [cell, score] : scores) {
      if (cell < range.first >> 8 || cell > range.last >> 8) continue;
      sum += score;
      ++known;
      warm += score >= 200;
      highest = std::max(highest, score);
    }
    const auto hotter = std::ranges::count_if(scores, [&](const auto& one) { return one.second > highest; });
    const std::string name = range.first == range.last ? AddressText(range.first) + "/32" : RangeText(range);
    const Json& one = by_network[name];
    ASSERT_TRUE(one.is_object()) << name;
    EXPECT_EQ(std::tuple(one["sum"], one["known"], one["warm"], one["score"]), std::tuple(sum, known, warm, highest))
        << name;
    EXPECT_EQ(one["rank"], highest == 0 ? Json() : Json(hotter + 1)) << name;
  }

  const Json of_log = RunJson({"--log", folder_.Write("log.txt", log_text), "--min-score", "200", "-n", "100000"}, 3);
  std::map<uint32_t, uint64_t> clients;
  for (size_t at = 0; at < log_text.size(); at = log_text.find('\n', at) + 1) {
    std::string_view rest = std::string_view(log_text).substr(at);
    ++clients[TakeOctets(rest, LeadingZeros::kRefused)->address >> 8];
  }
  uint64_t known = 0;
  std::map<std::string, uint64_t> hot;
  for (const auto& [cell, count] : clients) {
    const auto found = scores.find(cell);
    if (found == scores.end()) continue;
    known += count;
    if (found->second < 200) continue;
    hot[AddressText(cell << 8) + "/24"] += count;
    hot[AddressText(cell >> 8 << 16) + "/16"] += count;
    hot["10.0.0.0/8"] += count;
  }
  EXPECT_EQ(std::tuple(of_log["clients"], of_log["known"], of_log["hot"]), std::tuple(5000, known, hot["10.0.0.0/8"]));
  std::map<std::string, uint64_t> reported;
  for (const Json& one : of_log["networks"]) reported[one["network"]] = one["hot"];
  EXPECT_EQ(reported, hot);
}

constexpr const char* kPostfixLog =
    "Nov 22 10:00:00 mx postfix/smtpd[1]: connect from unknown[203.0.113.9]\n"
    "Nov 22 10:00:01 mx postfix/smtpd[1]: disconnect from unknown[203.0.113.9] ehlo=1\n"
    "Nov 22 10:00:02 mx postfix/postscreen[1]: CONNECT from [203.0.113.10]:1 to [192.0.2.25]:25\n"
    "Nov 22 10:00:02 mx postfix/postscreen[1]: PASS OLD [203.0.113.10]:1\n"
    "Nov 22 10:00:02 mx postfix/smtpd[2]: connect from mail.example.com[203.0.113.10]\n"
    "Nov 22 10:00:03 mx postfix/smtpd[2]: connect from unknown[198.51.100.7]\n"
    "Nov 22 10:00:04 mx postfix/smtpd[2]: connect from unknown[192.0.2.7]\n"
    "Nov 22 10:00:05 mx postfix/smtpd[2]: connect from unknown[8.8.8.8]\n"
    "Nov 22 10:00:06 mx postfix/smtpd[2]: connect from six.example.com[2001:db8:7:1::25]\n"
    "Nov 22 10:00:06 mx postfix/smtpd[2]: connect from six.example.com[2001:db8:8:9::25]\n"
    "Nov 22 10:00:06 mx postfix/smtpd[2]: connect from six.example.com[2001:db8:ffff::25]\n"
    "Nov 22 10:00:07 mx kernel: something else\n";

TEST_F(HeatReport, TellsFromWhereClientsOfALogCome) {
  const std::string log = folder_.Write("mail.log", kPostfixLog);
  const Outcome outcome = Run({"--log", log});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(
      outcome.out,
      "8 clients in 12 lines against the heat of heat.txt: 5 (62.5%) from hot networks (64 or more), 6 (75.0%) from "
      "such as have any heat\n"
      "\n"
      "         /8  hot clients  share of all  clients  highest score\n"
      "203.0.0.0/8            2         25.0%        2            200\n"
      "198.0.0.0/8            1         12.5%        1             64\n"
      "\n"
      "          /16  hot clients  share of all  clients  highest score\n"
      " 203.0.0.0/16            2         25.0%        2            200\n"
      "198.51.0.0/16            1         12.5%        1             64\n"
      "\n"
      "            /24  hot clients  share of all  clients  highest score\n"
      " 203.0.113.0/24            2         25.0%        2            200\n"
      "198.51.100.0/24            1         12.5%        1             64\n"
      "\n"
      "            /48  hot clients  share of all  clients  highest score\n"
      "2001:db8:8::/48            1         12.5%        1             99\n"
      "\n"
      "              /64  hot clients  share of all  clients  highest score\n"
      "2001:db8:7:1::/64            1         12.5%        1             80\n");
}

TEST_F(HeatReport, ReadsLogsInAnyWrapping) {
  const Json plain = RunJson({"--log", folder_.Write("mail.log", kPostfixLog)}, 3);
  EXPECT_EQ(plain, RunJson({"--log", folder_.Write("mail.log.gz", Gzip(kPostfixLog))}, 3));
  EXPECT_EQ(plain, RunJson({"--log", folder_.Write("mail.log.zst", Zstd(kPostfixLog))}, 3));
  const Json twice = RunJson({"--log", folder_.Path("mail.log"), folder_.Path("mail.log.gz")}, 3);
  EXPECT_EQ(twice["clients"], 16);
  EXPECT_EQ(
      RunJson({"--log", folder_.Write("plain.txt", "203.0.113.9\r\n203.0.113.9\r\n# x\r\n\r\n8.8.8.8")}, 3)["hot"], 2);
  EXPECT_EQ(RunJson({"--log", folder_.Write("cold.txt", "8.8.8.8\n")}, 0)["hot"], 0);
  EXPECT_EQ(RunJson({"--log", folder_.Write("empty.txt", "")}, 0)["lines"], 0);
  std::string csv = Run({"--log", folder_.Path("mail.log"), "--csv", "-n", "1"}).out;
  EXPECT_EQ(csv,
            "network,length,clients,hot,score\r\n203.0.0.0/8,8,2,2,200\r\n203.0.0.0/16,16,2,2,200\r\n"
            "203.0.113.0/24,24,2,2,200\r\n2001:db8:8::/48,48,1,1,99\r\n2001:db8:7:1::/64,64,1,1,80\r\n");
}

// Whether postscreen ends a session itself or hands it on, and whatever it says of it before.
TEST_F(HeatReport, CountsEachConnectionToPostscreenOnce) {
  const std::string connect =
      "Nov 22 10:00:00 mx postfix/postscreen[1]: CONNECT from [203.0.113.10]:7 to [192.0.2.25]:25\n";
  const auto says = [](const std::string& what) { return "Nov 22 10:00:02 mx postfix/postscreen[1]: " + what + "\n"; };
  const std::string smtpd = "Nov 22 10:00:02 mx postfix/smtpd[2]: connect from a[203.0.113.10]\n";
  const std::string ended = says("DISCONNECT [203.0.113.10]:7");
  const std::string sessions[] = {
      connect + says("PASS OLD [203.0.113.10]:7") + smtpd,
      connect + says("ALLOWLISTED [203.0.113.10]:7") + smtpd,
      says("PASS NEW [203.0.113.10]:7") + smtpd,  // a log that begins in the middle
      connect + says("PREGREET 9 after 0.1 from [203.0.113.10]:7: EHLO x") + ended,
      connect + says("HANGUP after 0.1 from [203.0.113.10]:7 in tests before SMTP handshake") + ended,
      // After deep protocol tests a client that has passed must come again.
      connect + says("NOQUEUE: reject: RCPT from [203.0.113.10]:7: 450 4.3.2 Service currently unavailable") +
          says("PASS NEW [203.0.113.10]:7") + ended,
      connect + says("NOQUEUE: reject: CONNECT from [203.0.113.10]:7: too many connections") + ended,
  };
  std::string all;
  for (const std::string& session : sessions) {
    EXPECT_EQ(RunJson({"--log", folder_.Write("one.log", session)}, 3)["clients"], 1) << session;
    all += session;
  }
  EXPECT_EQ(RunJson({"--log", folder_.Write("all.log", all)}, 3)["hot"], std::size(sessions));
}

TEST_F(HeatReport, CountsBadLinesAndSaysWhere) {
  const std::string mail = folder_.Write(
      "mail.log", std::string(kPostfixLog) + "Nov 22 10:00:08 mx postfix/smtpd[2]: connect from unknown[unknown]\n");
  const Outcome outcome = Run({"--log", mail, "--json"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(
      outcome.err.find("rblitz: heat report: 1 lines are bad, the first: " + mail + ":13: no address of a client in "),
      std::string::npos)
      << outcome.err;
  EXPECT_EQ(ParseJson(outcome.out)["bad"], 1);
  const std::string odd =
      folder_.Write("odd.txt", std::string("8.8.8.8\nnobody\n8.8.8.0/24\n") + std::string(3, '\0') + "\n" +
                                   std::string((size_t{1} << 20) + 1, 'x') + "\n203.0.113.9\n");
  const Json report = RunJson({"--log", odd}, 3);
  EXPECT_EQ(std::tuple(report["lines"], report["bad"], report["clients"], report["hot"]), std::tuple(6, 4, 2, 1));
  std::set<std::string> places;
  for (const Json& line : report["bad_lines"]) places.insert(line.get<std::string>().substr(0, odd.size() + 3));
  EXPECT_EQ(places, (std::set<std::string>{odd + ":2:", odd + ":3:", odd + ":4:", odd + ":5:"}));
}

TEST_F(HeatReport, RefusesWhatIsNoReport) {
  const std::string own = folder_.Write("own.txt", "203.0.113.0/24\n");
  const std::string log = folder_.Write("mail.log", kPostfixLog);
  const struct {
    std::vector<std::string> line;
    int code;
    const char* what;
  } table[] = {
      {{}, 2, "--own FILE or --log FILE says"},
      {{"--own", own, "--log", log}, 2, "not both"},
      {{"--own", own, log}, 2, "not both"},
      {{"--log"}, 2, "a log is missing"},
      {{"--log", log, "--last", "x"}, 2, "--last belongs to --own"},
      {{"--own", own, "--json", "--csv"}, 2, "--csv or --json, not both"},
      {{"--own", own, "--min-score", "0"}, 2, "--min-score must be 1 to 255"},
      {{"--own", own, "--min-score", "256"}, 2, "--min-score must be 1 to 255"},
      {{"--own", own, "-n", "0"}, 2, "--number must be 1 or more"},
      {{"--own", own, "--zone", "heat.example"}, 2, "one of --file, --zone, --feed and --traffic"},
      {{"--own", own, "--legend"}, 2, "--legend has no meaning there"},
      {{"--own", folder_.Path("none")}, 1, "none: cannot open"},
      {{"--own", folder_.Write("bad.txt", "203.0.113.0/24\n203.0.113.1/24\n")}, 1, "bad.txt:2: bits after the prefix"},
      {{"--own", folder_.Write("bad6.txt", "2001:db8::1/48\n")}, 1, "bad6.txt:1: bits after the prefix"},
      {{"--own", folder_.Write("no.txt", "# nothing\n")}, 1, "no.txt: there is no network in it"},
      {{"--log", folder_.Path("none")}, 1, "none: cannot open"},
      {{"--log", folder_.Path(".")}, 1, "cannot read"},
      {{"--log", folder_.Write("prose.txt", "Once upon a time\nthere was a log.\n")},
       1,
       "prose.txt: neither a log of Postfix or Exim nor addresses"},
      {{"--log", folder_.Write("half.gz", Gzip(kPostfixLog).substr(0, 99))}, 1, "half.gz: truncated gzip data"},
      {{"--own", own, "--format", "heat-png"}, 1, "heat.txt"},
  };
  for (const auto& [line, code, what] : table) {
    const Outcome outcome = Run(line);
    EXPECT_EQ(outcome.code, code) << what;
    EXPECT_NE(outcome.err.find(what), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(HeatReport, TakesCountsAsAFeedDoes) {
  folder_.Write("heat.txt", "203.0.113.9\n203.0.113.9\n203.0.113.10\n198.51.100.1\n");
  const std::string own = folder_.Write("own.txt", "203.0.113.0/24\n198.51.100.0/24\n");
  const Json networks = RunJson({"--own", own}, 3)["networks"];
  EXPECT_EQ(networks[0]["score"], 255) << "two addresses, the most";
  EXPECT_EQ(networks[1]["score"], 161) << "255 log(1 + 1) / log(1 + 2)";
}

}  // namespace
}  // namespace rblitz
