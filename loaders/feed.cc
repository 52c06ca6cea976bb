#include "loaders/feed.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <utility>

#include "loaders/feed_draft.h"
#include "loaders/formats.h"
#include "loaders/heat_picture.h"
#include "loaders/inflating_source.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/line_reader.h"
#include "loaders/plain_lines.h"
#include "loaders/read_ahead_source.h"
#include "loaders/split_lines.h"
#include "tables/usable_cpus.h"

namespace rblitz {

namespace {

// Counts the bad lines of one file and keeps the first few of the feed.
class ReportedErrors final : public LineErrors {
 public:
  ReportedErrors(const std::string& path, LoadReport* report)
      : file_(std::filesystem::path(path).filename()), report_(report) {}

  void Add(uint64_t number, const Error& error) override {
    ++report_->rejected;
    if (report_->errors.size() == kKeptErrors) return;
    report_->errors.push_back(Place(number) + ": " + error.message);
  }
  [[nodiscard]] std::string Place(uint64_t number) const { return file_ + ":" + std::to_string(lines_ + number + 1); }
  void EndBlock(uint64_t lines) {
    lines_ += lines;
    report_->lines += lines;
  }

 private:
  const std::string file_;
  LoadReport* const report_;
  uint64_t lines_ = 0;  // in the blocks before this one
};

// Fails once a stop is wanted. Between the lines and their source, so that a line without end is no way round it.
class StoppableSource final : public ByteSource {
 public:
  StoppableSource(std::unique_ptr<ByteSource> source, const std::stop_token& stop)
      : source_(std::move(source)), stop_(stop) {}

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override {
    if (stop_.stop_requested()) return Fail("loading was stopped");
    return source_->Read(out, size);
  }

 private:
  const std::unique_ptr<ByteSource> source_;
  const std::stop_token& stop_;
};

// The table to be may be smaller than the list that it is built from, but both must fit.
Status CheckDraft(const FeedDraft& draft, const FeedGuards& guards, LoadReport* report) {
  Status fits = CheckMemory(guards, draft.bytes());
  report->refused = !fits;
  return fits;
}

// A guess whether reading is more than copying.
bool IsPackedName(std::string_view path) { return path.ends_with(".gz") || path.ends_with(".zst"); }

// What each block of lines becomes.
class LineSink {
 public:
  LineSink(const FeedSource& source, const FeedGuards& guards, const LoadWatch& watch, FeedDraft* draft,
           LoadReport* report)
      : guards_(guards), watch_(watch), draft_(draft), report_(report), errors_(source.path, report) {
    draft->StartFile();
  }

  // Calls parse(draft, errors), which returns how many lines there are.
  template <class Parse>
  [[nodiscard]] Status Take(const char* bad, Parse&& parse) {
    if (bad != nullptr) {
      errors_.Add(0, Error{bad});
      errors_.EndBlock(1);
    } else {
      const uint64_t lines = parse(draft_, &errors_);
      if (draft_->fatal) return Fail(errors_.Place(draft_->fatal->number) + ": " + draft_->fatal->error.message);
      errors_.EndBlock(lines);
    }
    if (Status fits = CheckDraft(*draft_, guards_, report_); !fits) return fits;
    if (watch_.lines_read != nullptr) watch_.lines_read->store(report_->lines, std::memory_order_relaxed);
    return {};
  }

 private:
  const FeedGuards& guards_;
  const LoadWatch& watch_;
  FeedDraft* const draft_;
  LoadReport* const report_;
  ReportedErrors errors_;
};

// Lines that were taken apart on another thread.
Status ReadSplit(SplitLinesAhead& ahead, const FeedFormat& format, LineSink& sink) {
  for (;;) {
    const SplitLinesAhead::Block& block = ahead.Next();
    if (!block.read || block.is_end) return block.read;
    const auto parse = [&](FeedDraft* draft, LineErrors* errors) {
      return format.parse_split(block.lines, draft, errors);
    };
    if (Status taken = sink.Take(block.bad, parse); !taken) return taken;
  }
}

Status ReadLines(LineReader& reader, const FeedFormat& format, LineSink& sink) {
  SplitLines lines;
  for (;;) {
    const Result<std::optional<LineBlock>> block = reader.Next();
    if (!block) return tl::unexpected(block.error());
    if (!block->has_value()) return {};
    const auto parse = [&](FeedDraft* draft, LineErrors* errors) {
      if (format.parse_split == nullptr) return format.parse((*block)->bytes, draft, errors);
      lines.Split((*block)->bytes);
      return format.parse_split(lines, draft, errors);
    };
    if (Status taken = sink.Take((*block)->bad, parse); !taken) return taken;
  }
}

Status ReadSource(FeedSource source, const FeedFormat& format, const FeedGuards& guards, const LoadWatch& watch,
                  FeedDraft* draft, LoadReport* report) {
  LineSink sink(source, guards, watch, draft, report);
  auto inflated = std::make_unique<InflatingSource>(source.path, std::move(source.bytes));
  std::unique_ptr<ByteSource> bytes = std::make_unique<StoppableSource>(std::move(inflated), watch.stop);
  // The thread that takes lines apart can do the reading, if that is only copying and there is no third CPU.
  const bool is_split = format.parse_split != nullptr;
  if (!is_split || IsPackedName(source.path) || UsableCpus() > 2) bytes = ReadAhead(std::move(bytes), source.size);
  LineReader reader(std::move(bytes));
  if (is_split) {
    if (const auto ahead = SplitAhead(&reader, source.size); ahead != nullptr) return ReadSplit(*ahead, format, sink);
  }
  return ReadLines(reader, format, sink);
}

// A guess for compressed files.
uint64_t MostLines(const std::vector<FeedSource>& sources) {
  uint64_t bytes = 0;
  for (const FeedSource& source : sources) bytes += source.size;
  return bytes / kShortestPlainLine + 1;
}

int64_t NewestTime(const std::vector<FeedSource>& sources) {
  int64_t newest_ns = 0;
  for (const FeedSource& source : sources) newest_ns = std::max(newest_ns, source.modified_ns);
  return newest_ns / kNanosecondsPerSecond;
}

// An access list that lost a line would let in whom that line refused: it counts whole or not at all.
Status CheckClients(const FeedConfig& config, const LoadReport& report) {
  if (report.rejected == 0) return {};
  return Fail("feed " + config.name + ": " + report.errors.front() + ": an access list with a bad line is not used");
}
Status CheckStillClients(const FeedConfig& config, const FeedData* previous, const FeedData& data) {
  const auto entries = [](const FeedData& of) { return of.acl != nullptr ? of.acl->entries() : of.keys->entries(); };
  const bool had = previous != nullptr && previous->is_access() && entries(*previous) > 0;
  if (!had || entries(data) > 0) return {};
  return Fail("feed " + config.name + ": an access list that has become empty is not used");
}

int64_t DataTime(const FeedDraft& draft, int64_t newest_file) {
  if (draft.header_time != 0) return draft.header_time;
  if (draft.specials.timestamp != 0) return draft.specials.timestamp;
  return newest_file;
}

// A list that lists nothing is served as it is, but hardly ever meant.
std::string NothingNote(const LoadReport& report) {
  const std::string why = report.rejected > 0
                              ? "all " + std::to_string(report.rejected) + " lines that are no comments are rejected"
                          : report.lines > 0 ? "there are no entries in " + std::to_string(report.lines) + " lines"
                                             : "there is nothing to read, the file is empty";
  return why + ": nothing is listed now";
}

// Data from the future would never grow old. A clock elsewhere may be a little ahead of ours; $TIMESTAMP is as strict
// as rbldnsd's.
Status CheckTimes(const FeedDraft& draft, const std::string& feed) {
  constexpr int64_t kOtherClocks = 3600;
  const int64_t now = std::time(nullptr);
  const auto fail = [&](const char* what, int64_t time) {
    return Fail("feed " + feed + ": " + what + " is " + std::to_string(time - now) + " seconds in the future");
  };
  if (draft.specials.timestamp > now) return fail("$TIMESTAMP", draft.specials.timestamp);
  if (draft.header_time > now + kOtherClocks) return fail("the time in the header", draft.header_time);
  return {};
}

// Whether a format has entries of this kind that answer with A.
bool Lists(std::string_view name, FeedContent content) {
  const FeedFormat* const format = FindFormat(name);
  return format != nullptr && !format->is_text_only && format->content == content;
}

}  // namespace

std::vector<std::string_view> FeedFormats() {
  std::vector<std::string_view> names;
  for (const FeedFormat& format : AllFormats()) names.push_back(format.name);
  return names;
}

bool IsAccessFormat(std::string_view format) {
  const FeedFormat* const found = FindFormat(format);
  return found != nullptr && IsAccess(*found);
}

bool IsListFormat(std::string_view format) {
  return IsAddressFormat(format) || IsDigestFormat(format) || Lists(format, FeedContent::kNames);
}

bool IsAddressFormat(std::string_view format) { return Lists(format, FeedContent::kAddresses); }

bool IsDigestFormat(std::string_view format) { return Lists(format, FeedContent::kHashes); }

bool IsHeatFormat(std::string_view format) {
  const FeedFormat* const found = FindFormat(format);
  return found != nullptr && found->content == FeedContent::kHeat;
}

bool HasCategories(std::string_view format) {
  const FeedFormat* const found = FindFormat(format);
  return found != nullptr && found->has_categories;
}

bool IsTextOnly(std::string_view format) {
  const FeedFormat* const found = FindFormat(format);
  return found != nullptr && found->is_text_only;
}

Result<std::shared_ptr<const FeedData>> LoadSources(const FeedConfig& config, std::vector<FeedSource> sources,
                                                    const FeedData* previous, LoadReport* report,
                                                    const LoadWatch& watch) {
  const auto start = std::chrono::steady_clock::now();
  *report = {};
  const FeedFormat* format = FindFormat(config.format);
  if (format == nullptr) return Fail("feed " + config.name + ": unknown format '" + config.format + "'");

  auto data = std::make_shared<FeedData>();
  data->name = config.name;
  FeedDraft draft(config, *format, data.get());
  draft.SetLimits(config.guards);
  if (format->content == FeedContent::kNames) draft.names.Reserve(MostLines(sources));
  const int64_t newest_file = NewestTime(sources);
  const bool is_picture = format->heat == HeatKind::kPicture;
  for (FeedSource& source : sources) {
    const Status read = is_picture ? ReadHeatPicture(std::move(source), config, watch, draft.heat.get(), report)
                                   : ReadSource(std::move(source), *format, config.guards, watch, &draft, report);
    if (!read) return tl::unexpected(read.error());
  }
  if (const Status usable = CheckTimes(draft, config.name); !usable) return tl::unexpected(usable.error());
  const bool is_access = IsAccess(*format);
  if (is_access) {
    if (const Status whole = CheckClients(config, *report); !whole) return tl::unexpected(whole.error());
  }

  BuildReport built;
  draft.Finish(previous, &built);
  // What a list of heat becomes is known when it is counted.
  if (draft.heat != nullptr) {
    if (const Status fits = CheckDraft(draft, config.guards, report); !fits) return tl::unexpected(fits.error());
  }
  if (is_access) {
    if (const Status filled = CheckStillClients(config, previous, *data); !filled)
      return tl::unexpected(filled.error());
  }
  data->data_time = DataTime(draft, newest_file);
  data->expires = Expiry(config.guards, draft.specials.expires, data->data_time);
  report->entries = built.entries;
  report->duplicates = built.duplicates;
  report->added = built.added;
  report->removed = built.removed;
  for (const auto& [first, last] : built.widest_added) report->widest.push_back(RangeText({first, last}));
  for (const Ip6Prefix& prefix : built.widest_added_ip6) report->widest.push_back(Ip6Text(prefix));
  report->notes = draft.categories.Notes();
  if (draft.heat != nullptr) {
    report->given = draft.heat->given();
    report->heat_top = draft.heat->top_count();
    std::ranges::move(draft.heat->Notes(), std::back_inserter(report->notes));
  }
  if (report->entries == 0 && !is_access) report->notes.insert(report->notes.begin(), NothingNote(*report));
  if (report->notes.size() > kKeptErrors) report->notes.pop_back();
  report->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return data;
}

Result<std::shared_ptr<const FeedData>> LoadFeed(const FeedConfig& config, const FeedData* previous, LoadReport* report,
                                                 FeedFiles* files, const LoadWatch& watch) {
  *report = {};
  Result<FeedFiles> opened = OpenFeedFiles(config.paths);
  if (!opened) return tl::unexpected(opened.error());
  if (files != nullptr) {
    Result<FeedFiles> again = Again(*opened);
    if (!again) return tl::unexpected(again.error());
    *files = *std::move(again);
  }
  std::vector<FeedSource> sources;
  for (size_t i = 0; i < opened->sources.size(); ++i) {
    const FileIdentity& identity = opened->identities[i];
    sources.push_back({.path = opened->paths[i],
                       .bytes = std::move(opened->sources[i]),
                       .size = identity.size,
                       .modified_ns = identity.modified_ns});
  }
  return LoadSources(config, std::move(sources), previous, report, watch);
}

}  // namespace rblitz
