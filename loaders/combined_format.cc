// rbldnsd's combined: several data sets in one file, each for the zone itself or for names below it.
//
// `$DATASET type[:name] zone...` begins one; `@` is the zone itself. What stands before the first are specials, which
// all data sets behind them inherit. A line that cannot be understood here would put all that follow in the wrong
// place: such a load fails as a whole, as rbldnsd's does.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/part_draft.h"
#include "loaders/rbldnsd_line.h"

namespace rblitz {

namespace {

constexpr std::string_view kDataset = "dataset";
constexpr size_t kMaxParts = 1000;
constexpr size_t kMaxLabel = 63;  // RFC 1035 section 2.3.4

char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The lines of a data set do not know how many stand before them in the block.
class ErrorsBehind final : public LineErrors {
 public:
  ErrorsBehind(uint64_t lines, LineErrors* errors) : lines_(lines), errors_(errors) {}
  void Add(uint64_t number, const Error& error) override { errors_->Add(lines_ + number, error); }

 private:
  const uint64_t lines_;
  LineErrors* const errors_;
};

// What follows the keyword; nothing if the line begins no data set.
std::optional<std::string_view> ReadDataset(std::string_view line) {
  line = TrimBlanks(line);
  if (!IsSpecial(line)) return std::nullopt;
  line.remove_prefix(line.find('$') + 1);
  const std::string_view keyword = line.substr(0, kDataset.size());
  const bool is_dataset = std::ranges::equal(keyword, kDataset, {}, Lower) &&
                          (line.size() == kDataset.size() || IsBlank(line[kDataset.size()]));
  if (!is_dataset) return std::nullopt;
  return SkipBlanks(line.substr(kDataset.size()));
}

bool IsZoneLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// A name below the zone, in lower case without a final point; nothing for `@`.
Result<std::string> ReadZone(std::string_view word) {
  if (word == "@") return std::string();
  std::string name(word);
  std::ranges::transform(name, name.begin(), Lower);
  if (name.ends_with('.')) name.pop_back();
  for (size_t at = 0; at <= name.size();) {
    const size_t point = std::min(name.find('.', at), name.size());
    if (!IsZoneLabel(std::string_view(name).substr(at, point - at))) return Fail("bad zone " + Quoted(word));
    at = point + 1;
  }
  return name;
}

// `text` is `type[:name] zone...`.
Status BeginPart(std::string_view text, FeedDraft* draft) {
  const std::string_view type_and_name = TakeListWord(text);
  const size_t colon = std::min(type_and_name.find(':'), type_and_name.size());
  const FeedFormat* const format = FindFormat(type_and_name.substr(0, colon));
  if (format == nullptr || IsAccess(*format) || format->content == FeedContent::kCombined) {
    return Fail("no data set of a combined feed is of type " + Quoted(type_and_name.substr(0, colon)));
  }
  if (draft->parts.size() == kMaxParts) return Fail("more than " + std::to_string(kMaxParts) + " data sets");
  std::vector<std::string> zones;
  while (!text.empty() && text[0] != '#' && text[0] != ';') {
    Result<std::string> zone = ReadZone(TakeListWord(text));
    if (!zone) return tl::unexpected(zone.error());
    if (std::ranges::find(zones, *zone) == zones.end()) zones.push_back(*std::move(zone));
  }
  if (zones.empty()) return Fail("$DATASET without a zone");
  const std::string_view name = type_and_name.substr(std::min(colon + 1, type_and_name.size()));
  auto part = std::make_unique<PartDraft>(draft->config(), format, std::move(zones));
  part->data->name = draft->config().name + ":" + std::string(name.empty() ? format->name : name);
  const Specials& outer = draft->specials;
  part->draft.specials.ttl_seconds = outer.ttl_seconds;
  part->draft.specials.max_range = outer.max_range;
  part->draft.ip6_least_length = draft->ip6_least_length;
  part->draft.specials.texts = outer.texts;
  part->draft.watcher = draft->watcher;
  if (draft->watcher != nullptr) draft->watcher->AtPart(part->zones, format->precedence);
  draft->part = part.get();
  draft->parts.push_back(std::move(part));
  return {};
}

// What a data set says about all of the feed, wherever it stands. The data set keeps it until it ends: of several $SOA
// only the first is read, wherever blocks of lines end.
void TakeOuterSpecials(const FeedDraft* part, FeedDraft* draft) {
  const Specials& from = part->specials;
  Specials& to = draft->specials;
  if (!to.soa) to.soa = from.soa;
  if (!to.ns) to.ns = from.ns;
  to.timestamp = std::max(to.timestamp, from.timestamp);
  if (from.expires != 0 && (to.expires == 0 || from.expires < to.expires)) to.expires = from.expires;
  draft->SetHeaderTime(part->header_time);
}

// A line before the first data set.
Status ParseOuterLine(std::string_view line, FeedDraft* draft, uint64_t number, LineErrors* errors) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) errors->Add(number, text.error());
  if (!text || text->empty()) return {};
  return Fail("an entry before the first $DATASET: " + Quoted(*text));
}

}  // namespace

uint64_t ParseCombinedBlock(std::string_view block, FeedDraft* draft, LineErrors* errors) {
  uint64_t lines = 0;
  std::string_view run = block.substr(0, 0);  // lines of the current data set that are still to be read
  uint64_t run_lines = 0;
  const auto finish_run = [&] {
    if (run_lines == 0) return;
    ErrorsBehind behind(lines - run_lines, errors);
    draft->part->format->parse(run, &draft->part->draft, &behind);
    TakeOuterSpecials(&draft->part->draft, draft);
    run_lines = 0;
  };
  const char* at = block.data();
  for (const char* const end = at + block.size(); at < end && !draft->fatal; ++lines) {
    const std::string_view rest(at, static_cast<size_t>(end - at));
    std::string_view line = rest.substr(0, rest.find('\n'));
    const char* const next = at + line.size() + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    Status read;
    if (const std::optional<std::string_view> dataset = ReadDataset(line)) {
      finish_run();
      read = BeginPart(*dataset, draft);
    } else if (draft->part == nullptr) {
      read = ParseOuterLine(line, draft, lines, errors);
    } else {
      const char* const begin = run_lines == 0 ? at : run.data();
      run = {begin, static_cast<size_t>(next - begin)};
      ++run_lines;
    }
    if (!read) draft->fatal = FatalLine{.number = lines, .error = read.error()};
    at = next;
  }
  finish_run();
  return lines;
}

}  // namespace rblitz
