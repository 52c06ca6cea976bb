// Heat as text, one network a line:
//   203.0.113.0/24 180 1795341601     heat: network, score of 0 to 255, and perhaps when
//   203.0.113.9    12.5               heat-counts: the same with a count
//   1795341601.250 203.0.113.9 3      heat-times: when, network, and perhaps a count
// An address may be one decimal number. Comments begin with # or ;.
#include "loaders/formats.h"
#include "loaders/heat_draft.h"
#include "loaders/heat_text.h"
#include "loaders/list_text.h"

namespace rblitz {

namespace {

constexpr double kMostScore = 255;

struct HeatRow {
  std::string_view network;
  std::string_view value;
  std::string_view time;
};

// `most`: of the value.
Status AddRow(const HeatRow& row, double most, FeedDraft* draft) {
  const auto network = ReadHeatNetwork(row.network);
  if (!network) return tl::unexpected(network.error());
  const std::optional<double> value = ReadCount(row.value.empty() ? "1" : row.value);
  if (!value || *value > most) {
    return Fail((most == kMostScore ? "bad score " : "bad count ") + Quoted(row.value));
  }
  const std::optional<int64_t> time = ReadEpoch(row.time.empty() ? "0" : row.time);
  if (!time) return Fail("bad time " + Quoted(row.time));
  return draft->AddHeat(*network, *value, *time);
}

Status ParseValued(std::string_view line, double most, FeedDraft* draft) {
  std::string_view rest = WithoutComment(line);
  if (rest.empty()) return {};
  HeatRow row;
  row.network = TakeListWord(rest);
  row.value = TakeListWord(rest);
  row.time = TakeListWord(rest);
  if (row.value.empty() || !rest.empty()) return Fail("not 'network value [time]': " + Quoted(line));
  return AddRow(row, most, draft);
}

}  // namespace

Status ParseHeatLine(std::string_view line, FeedDraft* draft) { return ParseValued(line, kMostScore, draft); }

Status ParseHeatCountsLine(std::string_view line, FeedDraft* draft) {
  return ParseValued(line, std::numeric_limits<double>::max(), draft);
}

Status ParseHeatTimesLine(std::string_view line, FeedDraft* draft) {
  std::string_view rest = WithoutComment(line);
  if (rest.empty()) return {};
  HeatRow row;
  row.time = TakeListWord(rest);
  row.network = TakeListWord(rest);
  row.value = TakeListWord(rest);
  if (row.network.empty() || !rest.empty()) return Fail("not 'time network [count]': " + Quoted(line));
  return AddRow(row, std::numeric_limits<double>::max(), draft);
}

uint64_t ParseHeatListBlock(std::string_view block, FeedDraft* draft, LineErrors* errors) {
  return draft->list_format->parse(block, draft, errors);
}

}  // namespace rblitz
