#include "cli/blast/question_set.h"

#include <strings.h>

#include <charconv>
#include <iterator>

#include "cli/blast/lines.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "tables/hash.h"

namespace rblitz::blast {

namespace {

struct NamedType {
  std::string_view name;
  uint16_t type;
};

// IANA "DNS Parameters", those that are asked for in practice.
constexpr NamedType kTypes[] = {{"A", 1},      {"NS", 2},     {"CNAME", 5},   {"SOA", 6},    {"PTR", 12},
                                {"HINFO", 13}, {"MX", 15},    {"TXT", 16},    {"AAAA", 28},  {"LOC", 29},
                                {"SRV", 33},   {"NAPTR", 35}, {"DNAME", 39},  {"DS", 43},    {"SSHFP", 44},
                                {"RRSIG", 46}, {"NSEC", 47},  {"DNSKEY", 48}, {"NSEC3", 50}, {"TLSA", 52},
                                {"SVCB", 64},  {"HTTPS", 65}, {"SPF", 99},    {"ANY", 255},  {"CAA", 257}};
constexpr std::string_view kNumbered = "TYPE";  // RFC 3597 section 5

bool SameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

void Append(std::vector<uint8_t>& bytes, const void* data, size_t size) {
  const auto* const begin = static_cast<const uint8_t*>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

}  // namespace

uint32_t QuestionHash(const uint8_t* section, size_t size) noexcept {
  return static_cast<uint32_t>(Hash64(section, size, ProcessSeed()));
}

uint16_t TypeFromText(std::string_view text) noexcept {
  for (const NamedType& named : kTypes) {
    if (SameText(text, named.name)) return named.type;
  }
  if (text.size() <= kNumbered.size() || !SameText(text.substr(0, kNumbered.size()), kNumbered)) return 0;
  uint16_t type = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + kNumbered.size(), end, type);
  return error == std::errc() && rest == end ? type : uint16_t{0};
}

std::string TypeText(uint16_t type) {
  for (const NamedType& named : kTypes) {
    if (named.type == type) return std::string(named.name);
  }
  return std::string(kNumbered) + std::to_string(type);
}

void QuestionSet::Add(const dns::Name& name, uint16_t type) {
  uint8_t message[kMaxQuestion] = {};
  dns::Store16(message + 4, 1);               // QDCOUNT
  dns::Store16(message + 10, edns_ ? 1 : 0);  // ARCOUNT
  uint8_t* at = message + dns::kHeaderSize;
  std::memcpy(at, name.bytes.data(), name.size);
  dns::Store16(at + name.size, type);
  dns::Store16(at + name.size + 2, dns::kIn);
  const size_t section = name.size + size_t{4};
  const uint32_t hash = QuestionHash(at, section);
  at += section;
  if (edns_) {  // RFC 6891 section 6.1.2: the root, OPT, our size, and zeros
    dns::Store16(at + 1, dns::kOpt);
    dns::Store16(at + 3, dns::kUdpSize);
    at += dns::kOptSize;
  }
  const auto size = static_cast<uint16_t>(at - message);
  starts_.push_back(records_.size());
  Append(records_, &hash, sizeof hash);
  Append(records_, &size, sizeof size);
  Append(records_, message, size);
}

std::string QuestionSet::Text(size_t i) const {
  const uint8_t* const name = message(i).data() + dns::kHeaderSize;
  char text[4 * dns::kMaxName];
  const size_t length = dns::NameToText(name, text);
  const uint8_t* end = name;
  while (*end != 0) end += 1 + *end;
  return std::string(text, length) + " " + TypeText(dns::Load16(end + 1));
}

Result<AskedLine> TakeQuestion(std::string_view& line) {
  const std::string_view name = TakeListWord(line);
  const std::string_view type = TakeListWord(line);
  AskedLine asked = {dns::NameFromText(name), TypeFromText(type)};
  if (asked.name.size == 0) return Fail("bad name " + Quoted(name));
  if (type.empty()) return Fail("no type behind the name");
  if (asked.type == 0) return Fail("unknown type " + Quoted(type));
  return asked;
}

Status ReadQuestions(const std::string& path, QuestionSet& set) {
  const auto take = [&set](std::string_view line) -> Status {
    const Result<AskedLine> asked = TakeQuestion(line);
    if (!asked) return tl::unexpected(asked.error());
    if (!line.empty()) return Fail("what is " + Quoted(line) + " behind the type?");
    if (set.size() >= kMostQuestions) return Fail("more than " + std::to_string(kMostQuestions) + " questions");
    set.Add(asked->name, asked->type);
    return {};
  };
  if (Status read = ReadLines(path, take); !read) return read;
  return set.size() > 0 ? Status() : Fail(path + ": no questions");
}

}  // namespace rblitz::blast
