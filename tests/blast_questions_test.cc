// What the load generator asks, what it takes for right, and where it asks from.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/blast/mix.h"
#include "cli/blast/oracle.h"
#include "cli/blast/question_set.h"
#include "cli/blast/source_addresses.h"
#include "dataplane/dns/query.h"

namespace rblitz::blast {
namespace {

class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    close(fd);
    std::ofstream(path_) << text;
  }
  ~TextFile() { unlink(path_.c_str()); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/rblitz-blast-XXXXXX";
};

std::string ErrorOf(const std::string& text) {
  const TextFile file(text);
  QuestionSet set;
  const Status read = ReadQuestions(file.path(), set);
  if (read) return "";
  const std::string& message = read.error().message;
  EXPECT_EQ(message.find(file.path()), 0u) << message;
  return message.substr(file.path().size());
}

TEST(QuestionFile, IsReadAsDnsperfReadsIt) {
  const TextFile file("# a comment\n\n; another\n1.2.0.192.bl.test A\nname.TEST.\ttxt\n . ns \r\nx TYPE257\nlast ANY");
  QuestionSet set;
  ASSERT_TRUE(ReadQuestions(file.path(), set));
  ASSERT_EQ(set.size(), 5u);
  const char* const expected[] = {"1.2.0.192.bl.test A", "name.TEST TXT", ". NS", "x CAA", "last ANY"};
  for (size_t i = 0; i < set.size(); ++i) EXPECT_EQ(set.Text(i), expected[i]);
}

TEST(QuestionFile, EveryBadLineIsToldWithItsNumber) {
  const std::string long_label(64, 'a');
  std::string long_name;
  for (int i = 0; i < 128; ++i) long_name += "a.";
  const std::pair<std::string, std::string> cases[] = {
      {"", ": no questions"},
      {"# nothing\n", ": no questions"},
      {"a.test\n", ":1: no type behind the name"},
      {"a..test A\n", ":1: bad name 'a..test'"},
      {".a A\n", ":1: bad name '.a'"},
      {long_label + " A\n", ":1: bad name "},
      {long_name + " A\n", ":1: bad name "},
      {"a\\999.test A\n", ":1: bad name "},
      {"a.test A\nb.test B\n", ":2: unknown type 'B'"},
      {"a.test TYPE\n", ":1: unknown type 'TYPE'"},
      {"a.test TYPE0\n", ":1: unknown type 'TYPE0'"},
      {"a.test TYPE65536\n", ":1: unknown type 'TYPE65536'"},
      {"a.test TYPE1x\n", ":1: unknown type 'TYPE1x'"},
      {"a.test A IN\n", ":1: what is 'IN' behind the type?"},
      {std::string("a\0b A\n", 6), ":1: "},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(ErrorOf(text).substr(0, error.size()), error) << text;
  EXPECT_EQ(ErrorOf("a.test A\n"), "");
}

TEST(QuestionFile, TheFirstTenBadLinesAreToldAndAllAreCounted) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "bad\n";
  const std::string error = ErrorOf(text);
  EXPECT_NE(error.find(":10: "), std::string::npos);
  EXPECT_EQ(error.find(":11: "), std::string::npos);
  EXPECT_NE(error.find("25 bad lines in all"), std::string::npos);
  QuestionSet set;
  EXPECT_FALSE(ReadQuestions("/nonexistent/questions", set));
}

TEST(QuestionSet, MessagesAreQuestionsWithAndWithoutEdns) {
  for (const bool edns : {false, true}) {
    QuestionSet set(edns);
    std::string longest;
    for (int i = 0; i < 127; ++i) longest += "a.";
    for (const char* name : {".", "a", "1.2.0.192.bl.test", longest.c_str()}) set.Add(dns::NameFromText(name), 16);
    for (size_t i = 0; i < set.size(); ++i) {
      const dns::Query query = dns::ParseQuery(set.message(i));
      EXPECT_EQ(query.status, dns::QueryStatus::kOk);
      EXPECT_EQ(query.qtype, 16);
      EXPECT_EQ(query.edns, edns);
      EXPECT_EQ(query.udp_size, edns ? 1232 : 512);
      const size_t size = query.question_end - size_t{12};
      EXPECT_EQ(set.hash(i), QuestionHash(set.message(i).data() + 12, size));
    }
  }
}

std::string MixError(const std::string& text) {
  const Result<Mix> mix = ParseMix(text);
  return mix ? "" : mix.error().message;
}

TEST(Mix, IsKindZoneAndWeight) {
  EXPECT_EQ(MixError("ip4:bl.test"), "");
  EXPECT_EQ(ParseMix("names:bl.test:7")->weight, 7u);
  for (const char* bad : {"", "ip4", "ip5:bl.test", ":bl.test", "ip4:", "ip4:a..b", "ip4:bl.test:", "ip4:bl.test:0",
                          "ip4:bl.test:1x", "ip4:bl.test:-1", "ip4:bl.test:1000001"}) {
    if (std::string(bad) == "ip4:") continue;  // the root is a zone
    EXPECT_NE(MixError(bad), "") << bad;
  }
  std::string zone;
  for (int i = 0; i < 120; ++i) zone += "a.";
  EXPECT_NE(MixError("ip4:" + zone).find("too long"), std::string::npos);
}

QuestionSet Made(std::vector<std::string> mixes, size_t count, Listed listed = {}, double share = 0.5,
                 uint64_t seed = 1) {
  std::vector<Mix> parsed;
  for (const std::string& mix : mixes) parsed.push_back(*ParseMix(mix));
  QuestionSet set;
  MixMaker(parsed, std::move(listed), share, seed).Fill(count, set);
  return set;
}

TEST(Mix, TheSameSeedMakesTheSameQuestions) {
  const QuestionSet a = Made({"ip4:x", "names:y", "grey:z", "heat:w"}, 1000);
  const QuestionSet b = Made({"ip4:x", "names:y", "grey:z", "heat:w"}, 1000);
  const QuestionSet c = Made({"ip4:x", "names:y", "grey:z", "heat:w"}, 1000, {}, 0.5, 2);
  size_t same = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a.Text(i), b.Text(i));
    same += a.Text(i) == c.Text(i) ? 1 : 0;
  }
  EXPECT_LT(same, 10u);
}

// The labels before a zone of one label.
std::vector<std::string> LabelsOf(const QuestionSet& set, size_t i) {
  std::vector<std::string> labels(1);
  const std::string text = set.Text(i);
  for (const char c : text.substr(0, text.find(' '))) {
    if (c == '.') {
      labels.emplace_back();
    } else {
      labels.back() += c;
    }
  }
  labels.pop_back();
  return labels;
}

TEST(Mix, WeightsAreShares) {
  const QuestionSet set = Made({"ip4:one:3", "ip4:two"}, 40000);
  size_t ones = 0;
  for (size_t i = 0; i < set.size(); ++i) ones += set.Text(i).find(".one ") != std::string::npos ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(ones), 30000, 500);
}

TEST(Mix, TheShareOfListedOnesIsAsAskedAndWithinTheList) {
  const TextFile file("192.0.2.0/28\n198.51.100.7 127.0.0.2\nbad.example text\n");
  const Result<Listed> listed = ReadListed(file.path());
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->ranges.size(), 2u);
  ASSERT_EQ(listed->names.size(), 1u);
  for (const double share : {0.0, 0.25, 1.0}) {
    const QuestionSet set = Made({"ip4:bl"}, 20000, *listed, share);
    size_t hits = 0;
    for (size_t i = 0; i < set.size(); ++i) {
      const std::vector<std::string> octets = LabelsOf(set, i);
      ASSERT_EQ(octets.size(), 4u);
      const bool in_net = octets[3] == "192" && octets[2] == "0" && octets[1] == "2" && std::stoi(octets[0]) < 16;
      hits += in_net || (octets[3] == "198" && octets[2] == "51" && octets[1] == "100" && octets[0] == "7") ? 1 : 0;
    }
    EXPECT_NEAR(static_cast<double>(hits), 20000 * share, 400);
    const QuestionSet names = Made({"names:bl"}, 20000, *listed, share);
    hits = 0;
    for (size_t i = 0; i < names.size(); ++i) hits += names.Text(i) == "bad.example.bl A" ? 1 : 0;
    EXPECT_NEAR(static_cast<double>(hits), 20000 * share, 400);
  }
}

TEST(Mix, AListWithABadLineIsRefused) {
  for (const char* bad :
       {"192.0.2.1/33\n", "192.0.2\n", "192.0.2.1/24\n", "1.2.3.256\n", "1.2.3.4/\n", "a..b\n", ".\n"}) {
    const TextFile file(bad);
    EXPECT_FALSE(ReadListed(file.path())) << bad;
  }
}

TEST(Mix, GreylistQuestionsHaveTwoHashesAndAnAddressAndAreAllNew) {
  const QuestionSet set = Made({"grey:g"}, 5000);
  std::set<std::string> seen;
  for (size_t i = 0; i < set.size(); ++i) {
    const std::vector<std::string> labels = LabelsOf(set, i);
    ASSERT_EQ(labels.size(), 6u);
    EXPECT_EQ(labels[0].size(), 32u);
    EXPECT_EQ(labels[1].size(), 32u);
    EXPECT_EQ(labels[0].find_first_not_of("0123456789abcdef"), std::string::npos);
    seen.insert(set.Text(i));
  }
  EXPECT_EQ(seen.size(), 5000u);
}

TEST(Mix, HeatQuestionsComeInRunsOfNeighbours) {
  const QuestionSet set = Made({"heat:h"}, 16 * 100);
  for (size_t run = 0; run < 100; ++run) {
    std::set<std::string> networks, hosts;
    for (size_t i = run * 16; i < run * 16 + 16; ++i) {
      const std::vector<std::string> labels = LabelsOf(set, i);
      networks.insert(labels[1] + "." + labels[2] + "." + labels[3]);
      hosts.insert(labels[0]);
    }
    EXPECT_EQ(networks.size(), 1u);
    EXPECT_EQ(hosts.size(), 16u);
  }
}

// An answer to a question of the set: rcode and A records.
std::vector<uint8_t> AnswerTo(const QuestionSet& set, size_t i, uint8_t rcode, const std::vector<uint32_t>& values,
                              bool text = false) {
  const std::span<const uint8_t> question = set.message(i);
  std::vector<uint8_t> answer(question.begin(), question.end());
  answer[2] = 0x84;
  answer[3] = rcode;
  answer[7] = static_cast<uint8_t>(values.size() + (text ? 1 : 0));
  for (const uint32_t a : values) {
    answer.insert(answer.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, static_cast<uint8_t>(a >> 24),
                                 static_cast<uint8_t>(a >> 16), static_cast<uint8_t>(a >> 8), static_cast<uint8_t>(a)});
  }
  if (text) answer.insert(answer.end(), {0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 3, 2, 'h', 'i'});
  return answer;
}

TEST(Oracle, KnowsWhatItsFileSays) {
  QuestionSet set;
  for (const char* name : {"one.test", "TWO.test", "three.test", "four.test"}) set.Add(dns::NameFromText(name), 1);
  const TextFile file(
      "one.test A NOERROR 127.0.0.4 127.0.0.2\ntwo.test. a nxdomain\nthree.test A NOERROR\nother.test A REFUSED\n");
  const Result<Oracle> oracle = ReadOracle(file.path(), set);
  ASSERT_TRUE(oracle);
  EXPECT_EQ(oracle->known(), 3u);
  EXPECT_EQ(oracle->Judge(0, AnswerTo(set, 0, 0, {0x7f000002, 0x7f000004})), "");
  EXPECT_EQ(oracle->Judge(0, AnswerTo(set, 0, 0, {0x7f000004, 0x7f000002}, true)), "");  // TXT is not the file's matter
  EXPECT_EQ(oracle->Judge(0, AnswerTo(set, 0, 0, {0x7f000002})),
            "want NOERROR 127.0.0.2 127.0.0.4, got NOERROR 127.0.0.2");
  EXPECT_EQ(oracle->Judge(1, AnswerTo(set, 1, 3, {})), "");
  EXPECT_EQ(oracle->Judge(1, AnswerTo(set, 1, 0, {0x7f000002})), "want NXDOMAIN, got NOERROR 127.0.0.2");
  EXPECT_EQ(oracle->Judge(2, AnswerTo(set, 2, 3, {})), "want NOERROR, got NXDOMAIN");
  EXPECT_EQ(oracle->Judge(3, AnswerTo(set, 3, 5, {})), "");  // nothing is known
  std::vector<uint8_t> torn = AnswerTo(set, 0, 0, {0x7f000002});
  torn.resize(torn.size() - 1);
  EXPECT_EQ(oracle->Judge(0, torn), "want NOERROR 127.0.0.2 127.0.0.4, got what cannot be read");
}

TEST(Oracle, ComparesAllRecordsWithThoseOfAnotherServer) {
  QuestionSet set;
  set.Add(dns::NameFromText("one.test"), 255);
  Oracle oracle(1);
  const std::vector<uint8_t> right = AnswerTo(set, 0, 0, {0x7f000002}, true);
  oracle.Expect(0, *ReadAnswer(right), true);
  EXPECT_EQ(oracle.Judge(0, right), "");
  std::vector<uint8_t> wrong = right;
  wrong.back() = 'o';
  EXPECT_EQ(oracle.Judge(0, wrong),
            "want NOERROR 127.0.0.2 and other records, got NOERROR 127.0.0.2 and other records of other data");
  EXPECT_NE(oracle.Judge(0, AnswerTo(set, 0, 0, {0x7f000002})), "");
}

TEST(Oracle, AFileWithABadLineIsRefused) {
  QuestionSet set;
  set.Add(dns::NameFromText("one.test"), 1);
  for (const char* bad : {"one.test A\n", "one.test A RIGHT\n", "one.test A NOERROR 127.0.0\n",
                          "one.test A NOERROR x\n", "one.test A NOERROR 127.0.0.2.\n", "one.test B NOERROR\n",
                          "other.test A NOERROR\n", "", "one.test A NOERROR\none.test A NXDOMAIN\n"}) {
    const TextFile file(bad);
    EXPECT_FALSE(ReadOracle(file.path(), set)) << bad;
  }
}

TEST(Answer, NoPartOfOneIsReadForMoreThanItIs) {
  QuestionSet set;
  set.Add(dns::NameFromText("one.test"), 1);
  const std::vector<uint8_t> whole = AnswerTo(set, 0, 0, {0x7f000002}, true);
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<uint8_t> part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(ReadAnswer(part)) << size;
    EXPECT_EQ(ReadAnswerHead(part).has_value(), size >= set.message(0).size()) << size;
  }
  EXPECT_TRUE(ReadAnswer(whole));
  EXPECT_FALSE(ReadAnswerHead(set.message(0)));  // a question
}

TEST(Sources, AreTheHostsOfAPrefix) {
  const struct {
    const char* text;
    size_t count;
    const char *first, *last;
  } cases[] = {
      {"10.9.0.7", 1, "10.9.0.7", "10.9.0.7"},        {"10.9.0.7/32", 1, "10.9.0.7", "10.9.0.7"},
      {"10.9.0.6/31", 2, "10.9.0.6", "10.9.0.7"},     {"10.9.0.0/30", 2, "10.9.0.1", "10.9.0.2"},
      {"10.9.0.0/24", 254, "10.9.0.1", "10.9.0.254"}, {"10.9.0.0/16", 65534, "10.9.0.1", "10.9.255.254"},
      {"10.0.0.0/8", 65536, "10.0.0.1", "10.1.0.0"},  {"fd00::7", 1, "fd00::7", "fd00::7"},
      {"fd00::/120", 255, "fd00::1", "fd00::ff"},     {"fd00::/64", 65536, "fd00::1", "fd00::1:0"},
      {"0.0.0.0/0", 65536, "0.0.0.1", "0.1.0.0"},
  };
  for (const auto& [text, count, first, last] : cases) {
    const Result<SourceAddresses> sources = ParseSources(text);
    ASSERT_TRUE(sources) << text;
    EXPECT_EQ(sources->count, count) << text;
    EXPECT_EQ(sources->Text(0), first);
    EXPECT_EQ(sources->Text(count - 1), last);
    EXPECT_EQ(sources->IndexOf(sources->at(count - 1).data()), count - 1);
    EXPECT_FALSE(sources->IndexOf(sources->at(count).data()));
    EXPECT_EQ(sources->Socket(0, 53).port(), 53);
  }
  for (const char* bad :
       {"", "x", "10.9.0.7/24", "10.9.0.0/33", "10.9.0.0/", "10.9.0.0/x", "fd00::1/64", "fd00::/129", "/24"}) {
    EXPECT_FALSE(ParseSources(bad)) << bad;
  }
}

}  // namespace
}  // namespace rblitz::blast
