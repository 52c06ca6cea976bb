#include "cli/heat/log_line.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

using Kind = LogLine::Kind;

constexpr std::string_view kTime = "0000-00-00 00:00:00";

std::optional<ClientAddress> ReadAddress(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const std::optional<Octets> octets = TakeOctets(text, LeadingZeros::kRefused);
    if (!octets || octets->count != 4 || !text.empty()) return std::nullopt;
    return octets->address;
  }
  const std::optional<Ip6Address> address = ReadIp6Address(text);
  if (!address) return std::nullopt;
  if (IsV4Mapped(*address)) return static_cast<uint32_t>(address->low);
  return *address;
}

// Of "[ADDRESS]" and whatever follows.
LogLine InBrackets(std::string_view text) {
  const size_t end = text.find(']');
  const bool is_whole = text.starts_with('[') && end != std::string_view::npos;
  const auto address = is_whole ? ReadAddress(text.substr(1, end - 1)) : std::nullopt;
  return address ? LogLine{.kind = Kind::kClient, .client = *address} : LogLine{.kind = Kind::kBad, .client = {}};
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "connect from NAME[ADDRESS]": what DNS gives as a name holds no bracket.
LogLine OfSmtpd(std::string_view message) {
  if (!TakePrefix(message, "connect from ")) return {.kind = Kind::kMail, .client = {}};
  return InBrackets(message.substr(std::min(message.find('['), message.size())));
}

// A session ends with this line, whatever was said of it before, or is handed on to smtpd.
LogLine OfPostscreen(std::string_view message) {
  if (TakePrefix(message, "DISCONNECT ")) return InBrackets(message);
  return {.kind = Kind::kMail, .client = {}};
}

// Takes the next word.
std::string_view TakeWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

// "NAME (HELO) [ADDRESS]:PORT ...": a HELO has neither blanks nor closing parentheses in it.
LogLine OfHost(std::string_view text) {
  for (int i = 0; i < 3 && !text.empty(); ++i) {
    if (text.starts_with('[')) return InBrackets(text);
    TakeWord(text);
  }
  return {.kind = Kind::kBad, .client = {}};
}

// A sender whose local part is quoted may have blanks, and more, in it.
void SkipSender(std::string_view& text) {
  if (TakePrefix(text, "\"")) {
    bool is_escaped = false;
    while (!text.empty() && (is_escaped || text.front() != '"')) {
      is_escaped = !is_escaped && text.front() == '\\';
      text.remove_prefix(1);
    }
  }
  TakeWord(text);
}

// What stands behind the time: perhaps a zone, a process and a message's name, then an arrow or the host.
LogLine OfExim(std::string_view text) {
  constexpr int kWordsBefore = 4;
  for (int i = 0; i < kWordsBefore; ++i) {
    if (TakePrefix(text, "H=")) {
      const LogLine line = OfHost(text);
      const bool is_refusal = text.find(" rejected ") != std::string_view::npos;
      return is_refusal ? line : LogLine{.kind = Kind::kMail, .client = {}};
    }
    if (TakeWord(text) == "<=") break;
    if (i == kWordsBefore - 1) return {.kind = Kind::kMail, .client = {}};
  }
  SkipSender(text);
  // A message of a local program has no host.
  if (TakePrefix(text, "H=")) return OfHost(text);
  return {.kind = Kind::kMail, .client = {}};
}

LogLine OfPlain(std::string_view line) {
  line = WithoutComment(line);
  if (line.empty()) return {.kind = Kind::kNothing, .client = {}};
  const auto address = ReadAddress(TakeListWord(line));
  return address ? LogLine{.kind = Kind::kPlain, .client = *address} : LogLine{};
}

bool IsEximTime(std::string_view line) { return HasShape(line.substr(0, kTime.size()), kTime); }

// Milliseconds too.
std::string_view BehindTime(std::string_view line) {
  line.remove_prefix(kTime.size());
  TakeWord(line);
  return line;
}

}  // namespace

LogLine ReadLogLine(std::string_view line) {
  if (IsEximTime(line)) return OfExim(BehindTime(line));
  const size_t end = line.find("]: ");
  if (end == std::string_view::npos) return OfPlain(line);
  std::string_view program = line.substr(0, line.substr(0, end).rfind('['));
  program.remove_prefix(program.find_last_of("/ ") + 1);
  const std::string_view message = line.substr(end + 3);
  if (program == "smtpd") return OfSmtpd(message);
  if (program == "postscreen") return OfPostscreen(message);
  if (program.starts_with("exim")) return OfExim(IsEximTime(message) ? BehindTime(message) : message);
  return line.substr(0, end).find("postfix") == std::string_view::npos ? OfPlain(line)
                                                                       : LogLine{.kind = Kind::kMail, .client = {}};
}

}  // namespace rblitz
