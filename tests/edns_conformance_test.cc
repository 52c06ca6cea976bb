// What ISC's DNS compliance test (ednscomp) and RFC 8906 section 8 ask of a server, one line a question, and what is
// left open there beside it. Names in lower case are those of the compliance test. The whole is printed as a matrix.
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/all_kinds.h"
#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

constexpr uint16_t kRa = 0x0080;
constexpr uint16_t kZ = 0x0040;
constexpr uint16_t kAd = 0x0020;
constexpr uint16_t kCd = 0x0010;
constexpr uint16_t kDnskey = 48;  // RFC 4034 section 2
constexpr uint16_t kUnknownType = 1000;
constexpr uint16_t kOpcode15 = 15 << 11;

struct Asks {
  uint16_t flags = 0;
  int size = -1;  // -1: no EDNS
  uint8_t version = 0;
  uint16_t edns_flags = 0;
  Bytes options = {};
  uint16_t type = dns::kSoa;
  const char* name = "all";
  uint16_t qclass = dns::kIn;
  uint16_t questions = 1;
};

struct Gets {
  unsigned rcode = dns::kNoError;
  uint16_t flags = dns::kAa;  // but for QR, opcode and RD, which come from the question
  size_t answers = 1;
  bool opt = false;
  bool dnssec_ok = false;
  uint16_t questions = 1;
};

struct Row {
  const char* name;
  const char* rule;
  Asks asks;
  Gets gets;
};

const Bytes kOption100 = {0, 100, 0, 0};
const Bytes kNsid = {0, 3, 0, 0};
const Bytes kSubnet = {0, 8, 0, 4, 0, 1, 0, 0};
const Bytes kExpire = {0, 9, 0, 0};
const Bytes kCookie = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};

Bytes All(const std::vector<Bytes>& options) {
  Bytes all;
  for (const Bytes& option : options) all.insert(all.end(), option.begin(), option.end());
  return all;
}

constexpr Gets kEdns = {.opt = true};
constexpr Gets kBadVersion = {.rcode = dns::kBadVers, .flags = 0, .answers = 0, .opt = true};
constexpr Gets kNoData = {.answers = 0};
constexpr Gets kRefuses = {.rcode = dns::kRefused, .flags = 0, .answers = 0};
constexpr Gets kNotKnown = {.rcode = dns::kNotImp, .flags = 0, .answers = 0, .questions = 0};
constexpr Gets kBroken = {.rcode = dns::kFormErr, .flags = 0, .answers = 0, .questions = 0};

Gets WithOpt(Gets gets, bool dnssec_ok = false) {
  gets.opt = true;
  gets.dnssec_ok = dnssec_ok;
  return gets;
}

std::vector<Row> Rows() {
  const Gets truncated = {.flags = dns::kAa | dns::kTc, .answers = 6, .opt = true, .dnssec_ok = true};
  return {
      {"dns", "RFC 8906 section 8.1.1", {}, {}},
      {"aa", "RFC 1035 section 4.1.1: AA means something in answers", {.flags = dns::kAa}, {}},
      {"ad", "RFC 8906 section 8.1.3.2", {.flags = kAd}, {}},
      {"cd", "RFC 8906 section 8.1.3.1, RFC 4035 section 3.1.6: cleared", {.flags = kCd}, {}},
      {"ra", "RFC 1035 section 4.1.1: an authority's is 0", {.flags = kRa}, {}},
      {"rd", "RFC 8906 section 8.1.3.4: copied, no recursion", {.flags = dns::kRd}, {}},
      {"tc", "RFC 2181 section 9: about answers", {.flags = dns::kTc}, {}},
      {"zflag", "RFC 8906 section 8.1.3.3: ignored, not copied", {.flags = kZ}, {}},
      {"all flags", "the same", {.flags = dns::kAa | dns::kTc | dns::kRd | kRa | kZ | kAd | kCd}, {}},
      {"opcode", "RFC 8906 section 8.1.4", {.flags = kOpcode15, .questions = 0}, kNotKnown},
      {"opcodeflg",
       "the same",
       {.flags = kOpcode15 | dns::kAa | dns::kTc | dns::kRd | kRa | kZ | kAd | kCd, .questions = 0},
       kNotKnown},
      {"opcode, question", "RFC 8906 section 8.1.4", {.flags = kOpcode15}, kNotKnown},
      {"opcode, EDNS", "RFC 6891 section 6.1.1: OPT for OPT", {.flags = kOpcode15, .size = 4096}, WithOpt(kNotKnown)},
      {"status, EDNS", "the same", {.flags = 2 << 11, .size = 1232, .questions = 0}, WithOpt(kNotKnown)},
      {"type666", "RFC 8906 section 8.1.2", {.type = 666}, kNoData},
      {"type1000", "the same", {.type = kUnknownType}, kNoData},
      {"type1000, listed", "the same", {.type = kUnknownType, .name = "1.0.0.10.all"}, kNoData},

      {"edns", "RFC 8906 section 8.2.1", {.size = 4096}, kEdns},
      {"edns1", "RFC 8906 section 8.2.2", {.size = 4096, .version = 1}, kBadVersion},
      {"edns255", "the same", {.size = 4096, .version = 255}, kBadVersion},
      {"edns@512",
       "RFC 8906 section 8.2.7",
       {.size = 512, .edns_flags = 0x8000, .type = kDnskey},
       {.answers = 0, .opt = true, .dnssec_ok = true}},
      {"edns@512, large",
       "the same: whole records, then TC",
       {.size = 512, .edns_flags = 0x8000, .type = dns::kTxt, .name = "many.all"},
       truncated},
      {"edns@0",
       "RFC 6891 section 6.2.3: less than 512 is 512",
       {.size = 0, .edns_flags = 0x8000, .type = dns::kTxt, .name = "many.all"},
       truncated},
      {"dns, large",
       "RFC 8906 section 8.2.7, RFC 2181 section 9",
       {.type = dns::kTxt, .name = "many.all"},
       {.flags = dns::kAa | dns::kTc, .answers = 6}},
      {"ednsopt", "RFC 8906 section 8.2.3", {.size = 4096, .options = kOption100}, kEdns},
      {"edns1opt", "RFC 8906 section 8.2.6", {.size = 4096, .version = 1, .options = kOption100}, kBadVersion},
      {"do",
       "RFC 8906 section 8.2.8, RFC 3225 section 3: copied",
       {.size = 4096, .edns_flags = 0x8000},
       WithOpt(kEdns, true)},
      {"docd", "the same", {.flags = kCd, .size = 4096, .edns_flags = 0x8000}, WithOpt(kEdns, true)},
      {"edns1do",
       "RFC 8906 section 8.2.9",
       {.size = 4096, .version = 1, .edns_flags = 0x8000},
       WithOpt(kBadVersion, true)},
      {"ednsflags", "RFC 8906 section 8.2.4: ignored, not copied", {.size = 4096, .edns_flags = 0x0080}, kEdns},
      {"ednsflags 0x7fff", "the same", {.size = 4096, .edns_flags = 0x7fff}, kEdns},
      {"edns1flags", "RFC 8906 section 8.2.5", {.size = 4096, .version = 1, .edns_flags = 0x0040}, kBadVersion},
      {"optlist", "RFC 8906 section 8.2.10", {.size = 4096, .options = All({kNsid, kSubnet, kExpire, kCookie})}, kEdns},
      {"ednsnsid", "RFC 5001 section 2.2", {.size = 4096, .options = kNsid}, kEdns},
      {"ednscookie", "RFC 7873 section 5.2.1: as if unknown where off", {.size = 4096, .options = kCookie}, kEdns},
      {"ednsexpire", "RFC 7314 section 3", {.size = 4096, .options = kExpire}, kEdns},
      {"ednssubnet", "RFC 7871 section 7.2.1", {.size = 4096, .options = kSubnet}, kEdns},
      {"edns1nsid", "RFC 8906 section 8.2.6", {.size = 4096, .version = 1, .options = kNsid}, kBadVersion},
      {"edns1cookie", "the same", {.size = 4096, .version = 1, .options = kCookie}, kBadVersion},
      {"edns1expire", "the same", {.size = 4096, .version = 1, .options = kExpire}, kBadVersion},
      {"edns1subnet", "the same", {.size = 4096, .version = 1, .options = kSubnet}, kBadVersion},
      {"bind11",
       "RFC 8906 section 8.2.10",
       {.size = 4096, .edns_flags = 0x8000, .options = kCookie},
       WithOpt(kEdns, true)},
      {"dig11", "the same", {.flags = dns::kRd | kAd, .size = 4096, .options = kCookie}, kEdns},

      {"type OPT", "RFC 6895 section 3.1: no data has it", {.type = dns::kOpt}, kNoData},
      {"type TSIG", "the same", {.type = 250}, kNoData},
      {"type MAILB", "the same", {.type = 253}, kNoData},
      {"type 0", "the same", {.type = 0}, kNoData},
      {"type 65535", "the same", {.type = 65535}, kNoData},
      {"type ANY", "RFC 8482 section 4.2: HINFO", {.type = dns::kAny, .name = "1.0.0.10.all"}, {}},
      {"type AXFR", "RFC 5936 section 4.2: over TCP only, and not here", {.type = dns::kAxfr}, kRefuses},
      {"type IXFR, EDNS", "the same", {.size = 1232, .type = dns::kIxfr}, WithOpt(kRefuses)},
      {"class ANY", "RFC 6895 section 3.2", {.qclass = 255}, kRefuses},
      {"class NONE", "the same", {.qclass = 254}, kRefuses},
      {"class 1000, EDNS", "the same", {.size = 1232, .qclass = 1000}, WithOpt(kRefuses)},
      {"no question", "RFC 7873 section 5.4: only asks for a cookie", {.questions = 0}, kBroken},
      {"no question, EDNS", "the same, RFC 6891 section 6.1.1", {.size = 1232, .questions = 0}, WithOpt(kBroken)},
      {"no question, EDNS 1", "the same", {.size = 1232, .version = 1, .questions = 0}, WithOpt(kBroken)},
      {"two questions", "RFC 9619 section 4", {.questions = 2}, kBroken},
      {"two questions, EDNS", "the same, RFC 6891 section 6.1.1", {.size = 1232, .questions = 2}, WithOpt(kBroken)},
  };
}

Bytes Wired(const Asks& asks) {
  Bytes out;
  for (const uint16_t word : {uint16_t{0x1234}, asks.flags, asks.questions, uint16_t{0}, uint16_t{0}}) {
    Append16(out, word);
  }
  Append16(out, asks.size < 0 ? 0 : 1);
  const dns::Name name = dns::NameFromText(asks.name);
  for (uint16_t i = 0; i < asks.questions; ++i) {
    out.insert(out.end(), name.bytes.begin(), name.bytes.begin() + name.size);
    Append16(out, asks.type);
    Append16(out, asks.qclass);
  }
  if (asks.size < 0) return out;
  AppendOpt(out, {.size = static_cast<uint16_t>(asks.size), .version = asks.version, .options = asks.options});
  const size_t flags_at = out.size() - asks.options.size() - 4;
  dns::Store16(&out[flags_at], asks.edns_flags);
  return out;
}

std::string Line(const char* name, const Answer& a) {
  std::ostringstream line;
  line << name << std::string(22 - std::min<size_t>(21, std::string(name).size()), ' ') << "rcode " << a.rcode()
       << "\topcode " << (a.flags >> 11 & 15);
  const std::pair<uint16_t, const char*> names[] = {{dns::kAa, " aa"}, {dns::kTc, " tc"}, {dns::kRd, " rd"}};
  for (const auto& [bit, text] : names) line << ((a.flags & bit) != 0 ? text : "   ");
  line << "  " << a.questions << "/" << a.answer.size() << "/" << a.authority.size() << "  ";
  if (a.opt) line << "EDNS " << int{a.opt->version} << " udp " << a.opt->size << (a.opt->dnssec_ok ? " do" : "");
  return line.str();
}

class EdnsConformanceTest : public ResponderTest {
 protected:
  void SetUp() override {
    ResponderTest::SetUp();
    auto serving = test::ZonesOfAllKinds();
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }
};

TEST_F(EdnsConformanceTest, EveryQuestionOfTheComplianceTestGetsTheAnswerThatItWants) {
  for (const Row& row : Rows()) {
    SCOPED_TRACE(std::string(row.name) + ": " + row.rule);
    const Bytes answer = AskAll({Wired(row.asks)}).front();
    ASSERT_FALSE(answer.empty());
    const Answer a = AnswerReader(answer).Read();
    std::cout << "matrix: " << Line(row.name, a) << "\n";
    EXPECT_EQ(a.id, 0x1234);
    EXPECT_EQ(a.rcode(), row.gets.rcode);
    const uint16_t kept = row.asks.flags & (dns::kOpcodeMask | dns::kRd);
    EXPECT_EQ(a.flags & 0xfff0, dns::kQr | kept | row.gets.flags);
    EXPECT_EQ(a.questions, row.gets.questions);
    EXPECT_EQ(a.answer.size(), row.gets.answers);
    ASSERT_EQ(a.opt.has_value(), row.gets.opt) << "OPT goes where one came, and only there";
    if (!a.opt) continue;
    EXPECT_EQ(a.opt->version, 0);
    EXPECT_EQ(a.opt->size, dns::kUdpSize);
    EXPECT_EQ(a.opt->dnssec_ok, row.gets.dnssec_ok);
    EXPECT_TRUE(a.opt->options.empty());
    // Of OPT's flags DO alone is copied: they are the two bytes before its length.
    EXPECT_EQ(dns::Load16(&answer[answer.size() - 4]) & 0x7fff, 0);
    EXPECT_LE(answer.size(), std::clamp<size_t>(static_cast<size_t>(row.asks.size), 512, 1232));
  }
}

TEST_F(EdnsConformanceTest, BytesBehindTheMessageAreIgnored) {
  for (const int size : {-1, 1232}) {
    const Bytes question = Wired({.size = size});
    Bytes longer = question;
    longer.insert(longer.end(), {0, 0, 41, 7});
    EXPECT_EQ(AskAll({longer}), AskAll({question}));
  }
}

TEST_F(EdnsConformanceTest, ABrokenOptIsFormerrInEdns) {
  for (const Bytes& options : {Bytes{0, 100, 0}, Bytes{0, 100, 0, 1}, Bytes{0, 3, 0, 0, 0}}) {
    const Answer a = Ask(Wired({.size = 1232, .options = options}));
    EXPECT_EQ(a.rcode(), dns::kFormErr);
    EXPECT_TRUE(a.opt);
    // Of an opcode that is not known nobody can say what is broken.
    EXPECT_EQ(Ask(Wired({.flags = kOpcode15, .size = 1232, .options = options})).rcode(), dns::kNotImp);
  }
}

}  // namespace
}  // namespace rblitz
