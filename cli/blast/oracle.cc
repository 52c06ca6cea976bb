#include "cli/blast/oracle.h"

#include <algorithm>
#include <unordered_map>

#include "cli/blast/lines.h"
#include "dataplane/dns/wire.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"

namespace rblitz::blast {

namespace {

struct Line {
  dns::Name name;
  uint16_t type;
  Answer answer;
};

Result<uint32_t> ReadA(std::string_view word) {
  const std::string_view whole = word;
  const std::optional<Octets> octets = TakeOctets(word, LeadingZeros::kDecimal);
  if (octets && octets->count == 4 && word.empty()) return octets->address;
  return Fail("bad A value " + Quoted(whole));
}

Result<Line> ReadLine(std::string_view line) {
  const Result<AskedLine> asked = TakeQuestion(line);
  if (!asked) return tl::unexpected(asked.error());
  Line read = {.name = asked->name, .type = asked->type, .answer = {}};
  const std::string_view word = TakeListWord(line);
  if (word.empty()) return Fail("no rcode behind the type");
  const std::optional<uint8_t> rcode = RcodeFromText(word);
  if (!rcode) return Fail("unknown rcode " + Quoted(word));
  read.answer.rcode = *rcode;
  while (!line.empty()) {
    const Result<uint32_t> a = ReadA(TakeListWord(line));
    if (!a) return tl::unexpected(a.error());
    read.answer.a.push_back(*a);
  }
  std::sort(read.answer.a.begin(), read.answer.a.end());
  return read;
}

// Name, type and class as they stand in a message, in lower case.
std::string Key(const uint8_t* section, size_t size) {
  std::string key(reinterpret_cast<const char*>(section), size);
  std::transform(key.begin(), key.end() - 4, key.begin(),
                 [](char c) { return static_cast<char>(dns::Lower(static_cast<uint8_t>(c))); });
  return key;
}

std::string KeyOf(const QuestionSet& set, size_t question) {
  const uint8_t* const name = set.message(question).data() + dns::kHeaderSize;
  const uint8_t* end = name;
  while (*end != 0) end += 1 + *end;
  return Key(name, static_cast<size_t>(end + 5 - name));
}

}  // namespace

void Oracle::Expect(size_t question, const Answer& answer, bool whole) {
  const std::string key = AnswerText(answer) + "|" + std::to_string(answer.others) + (whole ? "w" : "");
  const auto [known, is_new] = known_answers_.try_emplace(key, static_cast<uint32_t>(answers_.size()));
  if (is_new) answers_.push_back({answer, whole});
  if (!Knows(question)) ++known_;
  by_question_[question] = known->second;
}

std::string Oracle::Judge(size_t question, std::span<const uint8_t> message) const {
  if (!Knows(question)) return "";
  const Expected& expected = answers_[by_question_[question]];
  std::optional<Answer> got = ReadAnswer(message);
  if (!got) return "want " + AnswerText(expected.answer) + ", got what cannot be read";
  if (!expected.whole) got->others = 0;
  if (*got == expected.answer) return "";
  const bool alike = AnswerText(*got) == AnswerText(expected.answer);
  return "want " + AnswerText(expected.answer) + ", got " + AnswerText(*got) + (alike ? " of other data" : "");
}

Result<Oracle> ReadOracle(const std::string& path, const QuestionSet& set) {
  std::unordered_map<std::string, Answer> answers;
  const auto take = [&answers](std::string_view line) -> Status {
    const Result<Line> read = ReadLine(line);
    if (!read) return tl::unexpected(read.error());
    QuestionSet one;
    one.Add(read->name, read->type);
    const auto [there, is_new] = answers.try_emplace(KeyOf(one, 0), read->answer);
    if (!is_new && there->second != read->answer) return Fail("this question has two different answers");
    return {};
  };
  if (Status read = ReadLines(path, take); !read) return tl::unexpected(read.error());
  Oracle oracle(set.size());
  for (size_t i = 0; i < set.size(); ++i) {
    if (const auto found = answers.find(KeyOf(set, i)); found != answers.end()) oracle.Expect(i, found->second, false);
  }
  if (oracle.known() == 0) return Fail(path + ": none of its lines is an answer to one of the questions");
  return oracle;
}

}  // namespace rblitz::blast
