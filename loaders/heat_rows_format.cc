// Lists of others whose rows say how bad an address or a network is, read as heat:
//   203.0.113.0 <TAB> 203.0.113.255 <TAB> 24 <TAB> 788 <TAB> ...        DShield's blocks: targets scanned, a count
//   "203.0.113.211","4","2026-11-17 01:12:49"                           StopForumSpam: reports, a count, and when
//   bot|203.0.113.112|64496|2026-11-21 00:00:00|family: examplebot;|... Team Cymru's CAP: each row is a count of one
//   "2026-11-22 10:35:20", "1900100", "203.0.113.5:443", "ip:port", ... ThreatFox: confidence in percent, a score
#include <array>

#include "loaders/cymru_cap_row.h"
#include "loaders/formats.h"
#include "loaders/heat_draft.h"
#include "loaders/heat_text.h"
#include "loaders/ip6_text.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

// Fields between commas, quoted or not; blanks around them do not count. More than there is room for are not looked at.
template <size_t kMost>
struct Fields {
  std::array<std::string_view, kMost> at;
  size_t count = 0;
};

// Nothing: a quote is not closed, or something stands behind it.
template <size_t kMost>
std::optional<Fields<kMost>> SplitCommas(std::string_view line) {
  Fields<kMost> fields;
  while (fields.count < kMost) {
    line = SkipBlanks(line);
    const bool is_quoted = line.starts_with('"');
    if (is_quoted) line.remove_prefix(1);
    const size_t end = is_quoted ? line.find('"') : std::min(line.find(','), line.size());
    if (end == std::string_view::npos) return std::nullopt;
    fields.at[fields.count++] = TrimBlanks(line.substr(0, end));
    line = SkipBlanks(line.substr(end + (is_quoted ? 1 : 0)));
    if (line.empty()) return fields;
    if (line.front() != ',') return std::nullopt;
    line.remove_prefix(1);
  }
  return fields;
}

std::optional<int64_t> ReadTimestamp(std::string_view text) {
  if (!HasShape(text, "0000-00-00 00:00:00")) return std::nullopt;
  return ReadTimeAs("%Y-%m-%d %H:%M:%S", text);
}

// An address, whatever stands around it.
Status AddAddress(std::string_view text, double value, int64_t time, FeedDraft* draft) {
  const auto network = ReadHeatNetwork(text);
  if (!network) return tl::unexpected(network.error());
  return draft->AddHeat(*network, value, time);
}

// Of "203.0.113.5:443" and "[2001:db8::7]:80".
std::string_view WithoutPort(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
  return text.substr(0, text.find(':'));
}

// Octets that are filled up with zeros are decimal.
std::optional<uint32_t> ReadPadded(std::string_view text) {
  const std::optional<Octets> octets = TakeOctets(text, LeadingZeros::kDecimal);
  return octets && octets->count == 4 && text.empty() ? std::optional(octets->address) : std::nullopt;
}

}  // namespace

Status ParseHeatDshieldLine(std::string_view line, FeedDraft* draft) {
  const std::string_view row = TrimBlanks(line);
  if (row.empty() || row.starts_with('#') || row.starts_with("Start\t")) return {};
  std::array<std::string_view, 4> fields;
  std::string_view rest = line;
  for (std::string_view& field : fields) {
    field = TrimBlanks(rest.substr(0, rest.find('\t')));
    rest.remove_prefix(
        std::min(rest.size(), rest.find('\t') == std::string_view::npos ? rest.size() : rest.find('\t') + 1));
  }
  const std::optional<uint32_t> first = ReadPadded(fields[0]);
  const std::optional<uint32_t> last = ReadPadded(fields[1]);
  const std::optional<uint32_t> length = TakeNumber(fields[2], 32);
  const std::optional<double> count = ReadCount(fields[3]);
  if (!first || !last || !length || *length == 0 || !fields[2].empty() || !count) {
    return Fail("not 'start end length count': " + Quoted(line));
  }
  const std::optional<AddressRange> range = PrefixRange(*first, *length);
  if (!range || range->last != *last) return Fail("start, end and length disagree: " + Quoted(line));
  return draft->AddHeat(HeatNetwork{.prefix = *first, .length = *length}, *count, 0);
}

Status ParseHeatStopForumSpamLine(std::string_view line, FeedDraft* draft) {
  const std::string_view row = WithoutComment(line);
  if (row.empty()) return {};
  const auto fields = SplitCommas<3>(row);
  if (!fields) return Fail("not 'address,count,time': " + Quoted(line));
  const std::optional<double> count = ReadCount(fields->count > 1 ? fields->at[1] : "1");
  if (!count) return Fail("bad count " + Quoted(fields->at[1]));
  const std::optional<int64_t> time = fields->count > 2 ? ReadTimestamp(fields->at[2]) : 0;
  if (!time) return Fail("bad time " + Quoted(fields->at[2]));
  return AddAddress(fields->at[0], *count, *time, draft);
}

Status ParseHeatCapLine(std::string_view line, FeedDraft* draft) {
  const Result<std::optional<CapRow>> row = ReadCapRow(line, draft);
  if (!row) return tl::unexpected(row.error());
  if (!row->has_value()) return {};
  const std::optional<int64_t> time = ReadTimestamp((*row)->time);
  if (!time) return Fail("bad time " + Quoted((*row)->time));
  return AddAddress((*row)->address, 1, *time, draft);
}

Status ParseHeatThreatFoxLine(std::string_view line, FeedDraft* draft) {
  enum : size_t { kFirstSeen = 0, kValue = 2, kType = 3, kLastSeen = 8, kConfidence = 9, kFields };
  constexpr double kScoreOfPercent = 2.55;
  const std::string_view row = TrimBlanks(line);
  if (row.empty() || row.starts_with('#')) return {};
  const auto fields = SplitCommas<kFields>(row);
  if (!fields || fields->count < kFields) return Fail("not a row of ThreatFox: " + Quoted(line));
  if (fields->at[kType] != "ip:port") return {};  // names, URLs and digests
  const std::optional<double> confidence = ReadCount(fields->at[kConfidence]);
  if (!confidence || *confidence > 100) return Fail("bad confidence " + Quoted(fields->at[kConfidence]));
  const std::string_view seen = fields->at[fields->at[kLastSeen].empty() ? kFirstSeen : kLastSeen];
  const std::optional<int64_t> time = ReadTimestamp(seen);
  if (!time) return Fail("bad time " + Quoted(seen));
  return AddAddress(WithoutPort(fields->at[kValue]), *confidence * kScoreOfPercent, *time, draft);
}

}  // namespace rblitz
