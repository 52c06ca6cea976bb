#include "loaders/specials.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr uint32_t kMaxNumber = std::numeric_limits<uint32_t>::max();
constexpr size_t kMaxNameServers = 32;
constexpr size_t kMaxNameText = 253;  // RFC 1035 section 2.3.4: 255 octets on the wire
constexpr size_t kMaxLabelText = 63;

char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view TakeWord(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line = SkipBlanks(line.substr(word.size()));
  return word;
}

std::optional<uint32_t> TakeTime(std::string_view& line) { return ReadTime(TakeWord(line)); }

std::optional<uint32_t> TakeWholeNumber(std::string_view& line) {
  std::string_view word = TakeWord(line);
  const std::optional<uint32_t> number = TakeNumber(word, kMaxNumber);
  return word.empty() ? number : std::nullopt;
}

// A domain name without its final point. Points too many count once, as rbldnsd reads them.
std::optional<std::string> TakeName(std::string_view& line) {
  std::string_view word = TakeWord(line);
  if (word.empty()) return std::nullopt;
  std::string name;
  while (!word.empty()) {
    const std::string_view label = word.substr(0, word.find('.'));
    word.remove_prefix(std::min(word.size(), label.size() + 1));
    if (label.size() > kMaxLabelText) return std::nullopt;
    if (label.empty()) continue;
    if (!name.empty()) name += '.';
    name += label;
  }
  if (name.size() > kMaxNameText) return std::nullopt;
  return name;
}

bool ParseSoa(std::string_view line, Specials* specials) {
  if (specials->soa) return true;
  Soa soa;
  const std::optional<uint32_t> ttl = TakeTime(line);
  std::optional<std::string> mname = TakeName(line);
  std::optional<std::string> rname = TakeName(line);
  const std::optional<uint32_t> serial = TakeWholeNumber(line);
  if (!ttl || !mname || !rname || !serial) return false;
  for (uint32_t* const field : {&soa.refresh_seconds, &soa.retry_seconds, &soa.expire_seconds, &soa.minimum_seconds}) {
    const std::optional<uint32_t> time = TakeTime(line);
    if (!time) return false;
    *field = *time;
  }
  if (!line.empty()) return false;
  soa.ttl_seconds = *ttl != 0 ? *ttl : specials->ttl_seconds;
  soa.mname = std::move(*mname);
  soa.rname = std::move(*rname);
  soa.serial = *serial;
  specials->soa = std::move(soa);
  return true;
}

bool ParseNs(std::string_view line, Specials* specials) {
  if (specials->ns) return true;
  NameServers servers;
  const std::optional<uint32_t> ttl = TakeTime(line);
  if (!ttl || line.empty()) return false;
  while (!line.empty()) {
    if (line[0] == '-') {
      TakeWord(line);
      continue;
    }
    std::optional<std::string> name = TakeName(line);
    if (!name) return false;
    if (std::ranges::find(servers.names, *name) == servers.names.end()) servers.names.push_back(std::move(*name));
  }
  if (servers.names.size() > kMaxNameServers) return false;
  servers.ttl_seconds = *ttl != 0 ? *ttl : specials->ttl_seconds;
  specials->ns = std::move(servers);
  return true;
}

bool ParseTtl(std::string_view line, Specials* specials) {
  const std::optional<uint32_t> ttl = TakeTime(line);
  if (!ttl || !line.empty()) return false;
  specials->ttl_seconds = *ttl;
  return true;
}

bool ParseMaxRange(std::string_view line, Specials* specials) {
  const bool is_length = line.starts_with('/');
  if (is_length) line.remove_prefix(1);
  const std::optional<uint32_t> number = TakeNumber(line, is_length ? 32 : kMaxNumber);
  if (!number || *number == 0 || !line.empty()) return false;
  const uint64_t range = is_length ? uint64_t{1} << (32 - *number) : *number;
  if (specials->max_range == 0 || range < specials->max_range) specials->max_range = range;
  return true;
}

bool ParseVariable(size_t index, std::string_view line, Specials* specials) {
  if (line.empty()) return false;
  std::optional<std::string>& variable = specials->texts.variables[index];
  if (!variable) variable = line;
  return true;
}

bool ParseBase(std::string_view line, Specials* specials) {
  if (line.empty()) return false;
  if (!specials->texts.base) specials->texts.base = line;
  return true;
}

// yyyy mm dd [hh [mm [ss]]], each part behind an optional `:` or `-`; 0 for the ways to say "none".
std::optional<int64_t> ReadStamp(std::string_view word) {
  if (word == "0" || word == "-" || word == ":") return 0;
  static constexpr size_t kDigits[] = {4, 2, 2, 2, 2, 2};
  static constexpr uint32_t kMax[] = {9999, 12, 31, 23, 59, 59};
  uint32_t part[6] = {};
  size_t parts = 0;
  while (parts < 6 && !word.empty()) {
    if (parts > 0 && (word[0] == ':' || word[0] == '-')) word.remove_prefix(1);
    std::string_view digits = word.substr(0, kDigits[parts]);
    const size_t offered = digits.size();
    const std::optional<uint32_t> number = TakeNumber(digits, kMax[parts]);
    if (!number) return std::nullopt;
    word.remove_prefix(offered - digits.size());
    part[parts++] = *number;
  }
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(static_cast<int>(part[0])), chrono::month(part[1]),
                                    chrono::day(part[2])};
  if (parts < 3 || !word.empty() || !date.ok() || part[0] < 1970) return std::nullopt;
  const chrono::hours hours = chrono::sys_days(date).time_since_epoch() + chrono::hours(part[3]);
  return (hours + chrono::minutes(part[4]) + chrono::seconds(part[5])) / chrono::seconds(1);
}

bool ParseTimestamp(std::string_view line, Specials* specials) {
  const std::optional<int64_t> stamp = ReadStamp(TakeWord(line));
  std::string_view until = TakeWord(line);
  if (!stamp || !line.empty()) return false;
  int64_t expires = 0;
  if (until.starts_with('+')) {
    const std::optional<uint32_t> after = ReadTime(until.substr(1));
    if (!after || *stamp == 0) return false;
    expires = *stamp + *after;
  } else if (!until.empty()) {
    const std::optional<int64_t> absolute = ReadStamp(until);
    if (!absolute) return false;
    expires = *absolute;
  }
  specials->timestamp = std::max(specials->timestamp, *stamp);
  if (expires != 0 && (specials->expires == 0 || expires < specials->expires)) specials->expires = expires;
  return true;
}

bool Parse(std::string_view keyword, std::string_view line, Specials* specials) {
  std::string name(keyword);
  std::ranges::transform(name, name.begin(), Lower);
  if (name == "soa") return ParseSoa(line, specials);
  if (name == "ns" || name == "nameserver") return ParseNs(line, specials);
  if (name == "ttl") return ParseTtl(line, specials);
  if (name == "timestamp") return ParseTimestamp(line, specials);
  if (name == "maxrange4") return ParseMaxRange(line, specials);
  if (name == "=") return ParseBase(line, specials);
  const bool is_digit = name.size() == 1 && name[0] >= '0' && name[0] <= '9';
  return is_digit && ParseVariable(static_cast<size_t>(name[0] - '0'), line, specials);
}

}  // namespace

std::optional<uint32_t> ReadTime(std::string_view word) {
  static constexpr std::pair<char, uint32_t> kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
  const std::optional<uint32_t> number = TakeNumber(word, kMaxNumber);
  if (!number || word.size() > 1) return std::nullopt;
  if (word.empty()) return number;
  for (const auto& [letter, seconds] : kUnits) {
    if (Lower(word[0]) != letter) continue;
    if (*number > kMaxNumber / seconds) return std::nullopt;
    return *number * seconds;
  }
  return std::nullopt;
}

bool IsSpecial(std::string_view line) noexcept {
  if (line.empty()) return false;
  if (line[0] == '$') return true;
  return line.size() > 1 && line[1] == '$' && (line[0] == '#' || line[0] == ';' || line[0] == ':');
}

Status ParseSpecial(std::string_view line, Specials* specials) {
  std::string_view rest = line.substr(line.find('$') + 1);
  const std::string_view keyword = rest.substr(0, rest.find_first_of(" \t"));
  if (keyword.size() < rest.size() && Parse(keyword, SkipBlanks(rest.substr(keyword.size())), specials)) return {};
  return Fail("bad special " + Quoted(line));
}

}  // namespace rblitz
