// The sample files served on the wire: what rbldnsd answered for them (EXPECTED-rbldnsd.tsv), question by question.
#include <fstream>
#include <set>
#include <sstream>

#include "loaders/feed.h"
#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

constexpr uint16_t kAaaa = 28;

class ServedSamples : public ResponderTest {
 protected:
  void SetUp() override {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
  }

  // One zone, zone.test, of one feed.
  void Serve(const std::string& file, const std::string& format) {
    LoadReport report;
    const FeedConfig config{.name = file, .paths = {std::string(RBLITZ_SAMPLES) + "/" + file}, .format = format};
    auto feed = LoadFeed(config, nullptr, &report);
    ASSERT_TRUE(feed) << feed.error().message;
    Snapshot snapshot;
    snapshot.feeds = {*feed};
    const ZoneConfig zone{.name = "zone.test", .feeds = {0}};
    auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }
  Answer AskFor(const std::string& name, uint16_t type) { return Ask(Question(name + ".zone.test", type)); }
};

std::vector<std::vector<std::string>> Expected() {
  std::ifstream in(std::string(RBLITZ_SAMPLES) + "/EXPECTED-rbldnsd.tsv");
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::vector<std::string> row;
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
    rows.push_back(row);
  }
  return rows;
}

// What a field says of several records; "-" is none.
std::vector<std::string> Split(const std::string& field, char separator) {
  std::vector<std::string> parts;
  if (field == "-") return parts;
  std::istringstream in(field);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

TEST_F(ServedSamples, AnswerOnTheWireAsRbldnsdAnswered) {
  size_t compared = 0;
  std::vector<std::string> non_terminals;
  std::string served;
  for (const auto& row : Expected()) {
    if (served != row[0] + row[1]) Serve(row[0], row[1]);
    served = row[0] + row[1];
    SCOPED_TRACE(row[0] + " " + row[3]);
    ++compared;
    if (row[2].starts_with("AAAA")) {
      const Answer other_type = AskFor(row[3], kAaaa);
      EXPECT_EQ(other_type.rcode(), dns::kNoError);
      EXPECT_TRUE(other_type.answer.empty());
      continue;
    }
    const Answer a = AskFor(row[3], dns::kA);
    const Answer txt = AskFor(row[3], dns::kTxt);
    if (row[4] == "NXDOMAIN" && a.rcode() == dns::kNoError) {
      EXPECT_TRUE(a.answer.empty() && txt.answer.empty());  // RFC 8020; rbldnsd knows no empty non-terminals
      non_terminals.push_back(row[3]);
      continue;
    }
    EXPECT_EQ(a.rcode(), row[4] == "NOERROR" ? dns::kNoError : dns::kNxDomain);
    EXPECT_EQ(Data(a.answer), Split(row[5], ','));
    // A mapped address is written as RFC 5952 section 5 recommends.
    std::string text = row[6];
    if (const size_t at = text.find("::ffff:7f00:2"); at != std::string::npos) text.replace(at, 13, "::ffff:127.0.0.2");
    EXPECT_EQ(Data(txt.answer), row[1] == "combined" ? Split(text, '|') : Split(text, '\0'));
  }
  EXPECT_EQ(compared, 98u);
  // Below ok.spam.example.com, which is excluded, .spam.example.com goes on listing names.
  EXPECT_EQ(non_terminals,
            (std::vector<std::string>{"ok.spam.example.com", "wild.example.org", "113.0.203", "0.203", "203"}));
}

TEST_F(ServedSamples, OfDigestsAnswerInEverySpelling) {
  Serve("cymru-mhr-whois.txt", "cymru-mhr");
  EXPECT_EQ(Data(AskFor("test", dns::kA).answer), std::vector<std::string>{"127.0.0.2"});
  EXPECT_EQ(AskFor("invalid", dns::kA).rcode(), dns::kNxDomain);
  Serve("hash-ebl-sha1.txt", "hash");
  std::ifstream in(std::string(RBLITZ_SAMPLES) + "/hash-ebl-sha1.txt");
  size_t listed = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string digest = line.substr(0, line.find_first_of(" \t:\r"));
    if (digest.size() != 40 || digest.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) continue;
    EXPECT_EQ(AskFor(digest, dns::kA).answer.size(), 1u) << digest;
    std::string other = digest;
    other[3] = other[3] == '7' ? '8' : '7';
    EXPECT_EQ(AskFor(other, dns::kA).rcode(), dns::kNxDomain) << other;
    ++listed;
  }
  EXPECT_EQ(listed, 8u);
}

TEST_F(ServedSamples, OfIp6HaveTheirTestPointsAndNoDataAbove) {
  Serve("cymru-fullbogons-ipv6.txt", "cymru-fullbogons");
  const std::string mapped = ".0.0.0.0.0.f.7.f.f.f.f" + [] {
    std::string zeros;
    for (int i = 0; i < 20; ++i) zeros += ".0";
    return zeros;
  }();
  EXPECT_EQ(Data(AskFor("2" + mapped, dns::kA).answer), std::vector<std::string>{"127.0.0.2"});
  EXPECT_EQ(AskFor("1" + mapped, dns::kA).rcode(), dns::kNxDomain);
  const Answer above = AskFor("8.b.d.0.1.0.0.2", dns::kA);
  EXPECT_EQ(above.rcode(), dns::kNoError);
  EXPECT_TRUE(above.answer.empty());
  EXPECT_EQ(AskFor("g.b.d.0.1.0.0.2", dns::kA).rcode(), dns::kNxDomain);
  EXPECT_EQ(AskFor("2.0.0.127", dns::kA).rcode(), dns::kNxDomain);  // it has no IPv4 data
}

}  // namespace
}  // namespace rblitz
