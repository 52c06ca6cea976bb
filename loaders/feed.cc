#include "loaders/feed.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <utility>

#include "loaders/byte_source.h"
#include "loaders/feed_draft.h"
#include "loaders/formats.h"
#include "loaders/line_reader.h"

namespace rblitz {

namespace {

// "1.1.1.1" and LF.
constexpr uint64_t kShortestLine = 8;

// Counts the bad lines of one file and keeps the first few of the feed.
class ReportedErrors final : public LineErrors {
 public:
  ReportedErrors(const std::string& path, LoadReport* report)
      : file_(std::filesystem::path(path).filename()), report_(report) {}

  void Add(uint64_t number, const Error& error) override {
    ++report_->rejected;
    if (report_->errors.size() == kKeptErrors) return;
    report_->errors.push_back(file_ + ":" + std::to_string(lines_ + number + 1) + ": " + error.message);
  }
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

LineReader MakeReader(const std::string& path, std::unique_ptr<FileSource> file, const std::stop_token& stop) {
  auto bytes = std::make_unique<InflatingSource>(path, std::move(file));
  return LineReader(std::make_unique<StoppableSource>(std::move(bytes), stop));
}

Status ReadLines(LineReader reader, const FeedFormat& format, FeedDraft* draft, ReportedErrors* errors) {
  draft->StartFile();
  for (;;) {
    const Result<std::optional<LineBlock>> block = reader.Next();
    if (!block) return tl::unexpected(block.error());
    if (!block->has_value()) return {};
    if ((*block)->over_long) {
      errors->Add(0, Error{"line longer than " + std::to_string(kMaxLineBytes) + " bytes"});
      errors->EndBlock(1);
    } else {
      errors->EndBlock(format.parse((*block)->bytes, draft, errors));
    }
  }
}

struct OpenedFiles {
  std::vector<std::unique_ptr<FileSource>> sources;
  std::vector<FileIdentity> identities;

  // A guess for compressed files.
  [[nodiscard]] uint64_t MostLines() const {
    uint64_t bytes = 0;
    for (const FileIdentity& file : identities) bytes += file.size;
    return bytes / kShortestLine + 1;
  }
  [[nodiscard]] int64_t NewestTime() const {
    int64_t newest_ns = 0;
    for (const FileIdentity& file : identities) newest_ns = std::max(newest_ns, file.modified_ns);
    return newest_ns / kNanosecondsPerSecond;
  }
};

// All at once, so that a change of any of them from now on is seen.
Result<OpenedFiles> OpenFiles(const std::vector<std::string>& paths) {
  OpenedFiles files;
  for (const std::string& path : paths) {
    Result<std::unique_ptr<FileSource>> file = FileSource::Open(path);
    if (!file) return tl::unexpected(file.error());
    files.identities.push_back((*file)->identity());
    files.sources.push_back(std::move(*file));
  }
  return files;
}

int64_t DataTime(const FeedDraft& draft, const OpenedFiles& files) {
  if (draft.header_time != 0) return draft.header_time;
  if (draft.specials.timestamp != 0) return draft.specials.timestamp;
  return files.NewestTime();
}

Status CheckTimestamp(const Specials& specials, const std::string& feed) {
  const int64_t ahead = specials.timestamp - std::time(nullptr);
  if (ahead > 0) return Fail("feed " + feed + ": $TIMESTAMP is " + std::to_string(ahead) + " seconds in the future");
  return {};
}

}  // namespace

std::vector<std::string_view> FeedFormats() {
  std::vector<std::string_view> names;
  for (const FeedFormat& format : AllFormats()) names.push_back(format.name);
  return names;
}

Result<std::shared_ptr<const FeedData>> LoadFeed(const FeedConfig& config, const FeedData* previous, LoadReport* report,
                                                 std::vector<FileIdentity>* files, const std::stop_token& stop) {
  const auto start = std::chrono::steady_clock::now();
  *report = {};
  const FeedFormat* format = FindFormat(config.format);
  if (format == nullptr) return Fail("feed " + config.name + ": unknown format '" + config.format + "'");
  Result<OpenedFiles> opened = OpenFiles(config.paths);
  if (!opened) return tl::unexpected(opened.error());
  if (files != nullptr) *files = opened->identities;

  auto data = std::make_shared<FeedData>();
  data->name = config.name;
  FeedDraft draft(config, format->precedence, data.get());
  draft.content = format->content;
  if (format->content == FeedContent::kAddresses) draft.ip4.Reserve(opened->MostLines());
  if (format->content == FeedContent::kNames) draft.names.Reserve(opened->MostLines());
  for (size_t i = 0; i < config.paths.size(); ++i) {
    ReportedErrors errors(config.paths[i], report);
    LineReader reader = MakeReader(config.paths[i], std::move(opened->sources[i]), stop);
    if (const Status read = ReadLines(std::move(reader), *format, &draft, &errors); !read) {
      return tl::unexpected(read.error());
    }
  }
  if (const Status usable = CheckTimestamp(draft.specials, config.name); !usable) return tl::unexpected(usable.error());

  BuildReport built;
  draft.Finish(previous, &built);
  data->data_time = DataTime(draft, *opened);
  data->expires = draft.specials.expires;
  report->entries = built.entries;
  report->duplicates = built.duplicates;
  report->added = built.added;
  report->removed = built.removed;
  report->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return data;
}

}  // namespace rblitz
