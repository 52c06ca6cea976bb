#include "tests/check_oracle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace rblitz::check {
namespace {

constexpr size_t kHeader = 12;
constexpr uint8_t kQuestionTail[] = {0, 1, 0, 1};  // A IN
constexpr unsigned kNoError = 0;
constexpr unsigned kNxdomain = 3;

std::string Text(uint32_t address) {
  const in_addr in{htonl(address)};
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &in, text, sizeof text);
}

bool ParseAddress(const std::string& text, uint32_t* address) {
  in_addr in{};
  if (inet_pton(AF_INET, text.c_str(), &in) != 1) return false;
  *address = ntohl(in.s_addr);
  return true;
}

unsigned Load16(const uint8_t* p) { return static_cast<unsigned>(p[0] << 8 | p[1]); }

void Store16(uint8_t* p, unsigned value) {
  p[0] = static_cast<uint8_t>(value >> 8);
  p[1] = static_cast<uint8_t>(value);
}

// RFC 5782 section 5 gives these two a meaning of their own.
bool IsTestPoint(uint32_t address) { return address == 0x7f000001 || address == 0x7f000002; }

// Every bit of the id decides about letters, so that servers that fold the case of what they echo are found.
bool Flips(uint16_t id, size_t i) { return ((id * 0x9e3779b97f4a7c15U) >> (i % 48) & 1) != 0; }

// The A values of an answer section whose records all belong to the question's name; false when one does not.
bool ReadValues(std::span<const uint8_t> answer, size_t question_end, std::vector<uint32_t>* values) {
  size_t at = question_end;
  for (unsigned left = Load16(&answer[6]); left > 0; --left) {
    constexpr size_t kRecord = 16;  // pointer, type, class, TTL, length, address
    if (answer.size() - at < kRecord) return false;
    const uint8_t* record = &answer[at];
    constexpr std::array<uint8_t, 6> kStart = {0xc0, kHeader, 0, 1, 0, 1};
    if (!std::equal(kStart.begin(), kStart.end(), record) || Load16(record + 10) != 4) return false;
    uint32_t value;
    std::memcpy(&value, record + 12, sizeof value);
    values->push_back(value);
    at += kRecord;
  }
  std::sort(values->begin(), values->end());
  return true;
}

}  // namespace

Result<Oracle> Oracle::Make(const std::string& zone, const std::string& expected_a) {
  Oracle oracle;
  std::istringstream labels(zone);
  for (std::string label; std::getline(labels, label, '.');) {
    if (label.empty() || label.size() > 63) return Fail("zone '" + zone + "': bad label '" + label + "'");
    oracle.zone_.push_back(static_cast<uint8_t>(label.size()));
    for (const char c : label) oracle.zone_.push_back(static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c));
  }
  oracle.zone_.push_back(0);
  constexpr size_t kReversedAddress = 16;  // four labels of three digits
  if (oracle.zone_.size() + kReversedAddress > 255) return Fail("zone '" + zone + "' is too long");
  uint32_t value;
  if (!ParseAddress(expected_a, &value)) return Fail("'" + expected_a + "' is no IPv4 address");
  oracle.value_sets_.push_back({htonl(value)});
  oracle.value_ids_.emplace(oracle.value_sets_.front(), 0);
  return oracle;
}

uint32_t Oracle::Intern(ValueSet values) {
  std::sort(values.begin(), values.end());
  const auto [place, fresh] = value_ids_.emplace(values, static_cast<uint32_t>(value_sets_.size()));
  if (fresh) value_sets_.push_back(std::move(values));
  return place->second;
}

Result<Range> Oracle::ParseLine(const std::string& line) {
  std::istringstream words(line);
  std::string key;
  words >> key;
  unsigned length = 32;
  if (const size_t slash = key.find('/'); slash != std::string::npos) {
    char rest;
    if (std::sscanf(key.c_str() + slash + 1, "%2u%c", &length, &rest) != 1 || length > 32)
      return Fail("bad prefix length");
    key.resize(slash);
  }
  Range range;
  if (!ParseAddress(key, &range.first)) return Fail("bad address '" + key + "'");
  const uint32_t hosts = length == 0 ? ~0U : (1U << (32 - length)) - 1;
  if ((range.first & hosts) != 0) return Fail("host bits are set");
  range.last = range.first | hosts;
  ValueSet values;
  for (std::string word; words >> word;) {
    uint32_t value;
    if (!ParseAddress(word, &value)) return Fail("bad A value '" + word + "'");
    values.push_back(htonl(value));
  }
  if (!values.empty()) range.values = Intern(std::move(values));
  return range;
}

Status Oracle::Load(Kind kind, const std::string& path) {
  std::ifstream file(path);
  if (!file) return Fail(path + ": cannot be read");
  uint64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string::npos || line[start] == '#' || line[start] == ';') continue;
    const Result<Range> range = ParseLine(line);
    if (!range) return Fail(path + ":" + std::to_string(number) + ": " + range.error().message);
    ranges_[static_cast<size_t>(kind)].push_back(*range);
  }
  if (ranges(kind).empty()) return Fail(path + ": names no address");
  return {};
}

Status Oracle::Prepare() {
  std::vector<std::pair<Range, Kind>> all;
  for (const Kind kind : {Kind::kListed, Kind::kUnlisted, Kind::kEither}) {
    auto& own = ranges_[static_cast<size_t>(kind)];
    std::sort(own.begin(), own.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
    for (const Range& range : own) all.emplace_back(range, kind);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first.first < b.first.first; });
  for (size_t i = 1; i < all.size(); ++i) {
    if (all[i].first.first <= all[i - 1].first.last) return Fail(Text(all[i].first.first) + " is covered by two lines");
  }
  return {};
}

const Range* Oracle::Find(Kind kind, uint32_t address) const {
  const auto& own = ranges(kind);
  const auto after = std::upper_bound(own.begin(), own.end(), address,
                                      [](uint32_t value, const Range& range) { return value < range.first; });
  if (after == own.begin() || (after - 1)->last < address) return nullptr;
  return &*(after - 1);
}

Question Oracle::Pick(Kind kind, std::mt19937_64& random) const {
  const auto& own = ranges(kind);
  if (!own.empty()) {
    const Range& range = own[random() % own.size()];
    return {.address = range.first + static_cast<uint32_t>(random() % (uint64_t{range.last} - range.first + 1)),
            .kind = kind};
  }
  for (;;) {
    const auto address = static_cast<uint32_t>(random());
    if (IsTestPoint(address) || Find(Kind::kListed, address) || Find(Kind::kEither, address)) continue;
    return {.address = address, .kind = kind};
  }
}

std::string Oracle::Describe(const Question& question) {
  static constexpr const char* kNames[] = {"listed ", "unlisted ", "either "};
  return kNames[static_cast<size_t>(question.kind)] + Text(question.address);
}

size_t Oracle::Write(const Question& question, uint16_t id, uint8_t* out) const {
  std::memset(out, 0, kHeader);
  Store16(out, id);
  out[5] = 1;  // QDCOUNT
  uint8_t* p = out + kHeader;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    const unsigned octet = question.address >> shift & 0xff;
    *p = static_cast<uint8_t>(octet >= 100 ? 3 : octet >= 10 ? 2 : 1);
    unsigned rest = octet;
    for (unsigned digit = *p; digit > 0; --digit, rest /= 10) p[digit] = static_cast<uint8_t>('0' + rest % 10);
    p += 1 + *p;
  }
  for (size_t i = 0; i < zone_.size(); ++i) {
    const bool letter = zone_[i] >= 'a' && zone_[i] <= 'z';
    *p++ = letter && Flips(id, i) ? static_cast<uint8_t>(zone_[i] - 32) : zone_[i];
  }
  p = std::copy(std::begin(kQuestionTail), std::end(kQuestionTail), p);
  return static_cast<size_t>(p - out);
}

std::string Oracle::Judge(const Question& question, uint16_t id, std::span<const uint8_t> answer) const {
  uint8_t asked[512];
  const size_t size = Write(question, id, asked);
  if (answer.size() < size) return "shorter than its question";
  if (Load16(answer.data()) != id) return "another id";
  constexpr unsigned kResponse = 0x8400;  // QR and AA; neither TC nor RD nor RA, opcode QUERY
  const unsigned flags = Load16(&answer[2]);
  if ((flags & 0xfff0) != kResponse) return "flags " + std::to_string(flags);
  if (!std::equal(&asked[kHeader], &asked[size], &answer[kHeader]) || Load16(&answer[4]) != 1)
    return "another question";

  std::vector<uint32_t> values;
  if (!ReadValues(answer, size, &values)) return "answer records that are no A records of the question's name";
  const unsigned rcode = flags & 0xf;
  const bool says_unlisted = rcode == kNxdomain && values.empty();
  if (says_unlisted && question.kind != Kind::kListed) return {};
  if (question.kind != Kind::kUnlisted && rcode == kNoError) {
    const Range* range = Find(question.kind, question.address);
    if (range != nullptr && values == value_sets_[range->values]) return {};
  }
  std::string what = "rcode " + std::to_string(rcode) + ", A";
  for (const uint32_t value : values) what += " " + Text(ntohl(value));
  return what + (values.empty() ? " none" : "");
}

}  // namespace rblitz::check
