#include "cli/policy/sender.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dataplane/dns/name.h"

namespace rblitz::policy {

namespace {

constexpr size_t kBatvTag = 10;    // K, DDD and SSSSSS
constexpr size_t kLongNumber = 8;  // hexadecimal digits from which on it is nobody's name

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsAlnum(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); }

struct Address {
  std::string local;
  std::string domain;  // with its '@'; empty: none
};

// Pairs of quotes around the text.
std::string_view WithoutPairs(std::string_view text) {
  while (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

// Logs have the quotes of a quoted string (RFC 5321 section 4.1.2), mail servers ask without them. Quotes within quotes
// at the ends go too, so that what is normal stays as it is.
std::string Unquoted(std::string_view local) {
  const std::string_view quoted = WithoutPairs(local);
  if (quoted.size() == local.size()) return std::string(local);
  std::string inner;
  for (size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 1 < quoted.size()) ++i;
    inner += quoted[i];
  }
  return std::string(WithoutPairs(inner));
}

Address Split(std::string_view text) {
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') text = text.substr(1, text.size() - 2);
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(dns::Lower(static_cast<uint8_t>(c))); });
  const size_t at = lower.rfind('@');
  if (at == std::string::npos) return {.local = Unquoted(lower), .domain = ""};
  return {.local = Unquoted(lower.substr(0, at)), .domain = lower.substr(at)};
}

// Up to `separator`, which is taken off too; nothing of it is there: the text stays.
std::string_view TakeUntil(std::string_view& text, std::string_view separator) {
  const size_t end = text.find(separator);
  if (end == std::string_view::npos) return {};
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end + separator.size());
  return taken;
}

bool IsBatvTag(std::string_view text) {
  return text.size() == kBatvTag && std::all_of(text.begin(), text.begin() + 4, IsDigit) &&
         std::all_of(text.begin() + 4, text.end(), IsHex);
}

// Some put the tag behind the address.
std::string WithoutBatv(std::string_view local) {
  std::string_view rest = local;
  if (rest.starts_with("prvs=")) {
    rest.remove_prefix(5);
    const std::string_view first = TakeUntil(rest, "=");
    if (first.empty()) return std::string(local);
    return std::string(IsBatvTag(rest) && !IsBatvTag(first) ? first : rest);
  }
  if (rest.starts_with("btv1==")) {
    rest.remove_prefix(6);
    if (!TakeUntil(rest, "==").empty() && !rest.empty()) return std::string(rest);
  }
  return std::string(local);
}

// The hash and the stamp of one SRS0 address behind its tag, or of what an SRS1 address holds of it.
bool SkipHashAndStamp(std::string_view& text) { return !TakeUntil(text, "=").empty() && !TakeUntil(text, "=").empty(); }

bool IsSrs(std::string_view local, std::string_view tag) {
  return local.size() > 5 && local.starts_with(tag) && (local[4] == '=' || local[4] == '+' || local[4] == '-');
}

// An SRS address without hashes and stamps.
struct Rewritten {
  std::string by;           // that it begins with
  std::string_view domain;  // of the sender who was rewritten, with its '='; empty: there is none
  std::string_view local;   // of that sender
};

Rewritten InnerOf(std::string by, std::string_view rest) {
  const size_t equals = rest.find('=');
  const size_t local = equals == std::string_view::npos ? 0 : equals + 1;
  return {.by = std::move(by), .domain = rest.substr(0, local), .local = rest.substr(local)};
}

std::optional<Rewritten> SrsOf(std::string_view local) {
  std::string_view rest = local.substr(std::min<size_t>(local.size(), 5));
  if (IsSrs(local, "srs0")) {
    if (!SkipHashAndStamp(rest) || rest.empty()) return std::nullopt;
    return InnerOf("srs0=", rest);
  }
  if (!IsSrs(local, "srs1") || TakeUntil(rest, "=").empty()) return std::nullopt;
  const std::string_view relay = TakeUntil(rest, "=");
  if (relay.empty() || rest.empty()) return std::nullopt;
  rest.remove_prefix(1);  // the separator that its SRS0 had
  if (!SkipHashAndStamp(rest) || rest.empty()) return std::nullopt;
  return InnerOf("srs1=" + std::string(relay) + "==", rest);
}

// What begins with it is no extension of anything.
void CutExtension(std::string& local) {
  const size_t plus = local.find('+', 1);
  if (plus != std::string::npos) local.resize(plus);
}

void ReplaceRecipient(std::string& local, std::string_view recipient) {
  if (local.find('=') == std::string::npos) return;  // as nearly always
  Address whom = Split(recipient);
  if (whom.local.empty() || whom.domain.size() < 2) return;
  whom.domain[0] = '=';
  const std::string named = whom.local + whom.domain;
  if (const size_t at = local.find(named); at != std::string::npos) local.replace(at, named.size(), "#");
}

bool IsNumber(std::string_view word) {
  if (std::all_of(word.begin(), word.end(), IsDigit)) return true;
  return word.size() >= kLongNumber && std::all_of(word.begin(), word.end(), IsHex) &&
         std::any_of(word.begin(), word.end(), IsDigit);
}

void ReplaceNumbers(std::string& local) {
  std::string out;
  for (size_t at = 0; at < local.size();) {
    size_t end = at;
    while (end < local.size() && IsAlnum(local[end])) ++end;
    const std::string_view word = std::string_view(local).substr(at, end - at);
    out += !word.empty() && IsNumber(word) ? "#" : word;
    if (end < local.size()) out += local[end++];
    at = end;
  }
  local = std::move(out);
}

std::string Normal(std::string_view whole, std::string_view recipient) {
  std::string local = WithoutBatv(whole);
  ReplaceRecipient(local, recipient);
  CutExtension(local);
  ReplaceNumbers(local);
  return local;
}

}  // namespace

std::string NormalSender(std::string_view sender, std::string_view recipient) {
  const auto [local, domain] = Split(sender);
  const std::string bare = WithoutBatv(local);
  if (const auto srs = SrsOf(bare)) {
    return srs->by + std::string(srs->domain) + Normal(srs->local, recipient) + domain;
  }
  return Normal(bare, recipient) + domain;
}

std::string NormalRecipient(std::string_view recipient) {
  auto [local, domain] = Split(recipient);
  CutExtension(local);
  return local + domain;
}

}  // namespace rblitz::policy
