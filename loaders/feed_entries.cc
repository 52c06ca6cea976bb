#include "loaders/feed_entries.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "loaders/feed_draft.h"
#include "loaders/formats.h"
#include "loaders/inflating_source.h"
#include "loaders/line_reader.h"

namespace rblitz {

namespace {

class NoErrors final : public LineErrors {
 public:
  void Add(uint64_t /*number*/, const Error& /*error*/) override {}
};

// The lines of a block, one after another. False: the watcher wants no more.
bool ShowBlock(std::string_view block, const std::string& path, uint64_t* line, const FeedFormat& format,
               FeedDraft* draft) {
  NoErrors errors;
  while (!block.empty()) {
    if (!draft->watcher->AtLine(path, ++*line)) return false;
    const std::string_view one = block.substr(0, block.find('\n') + 1);
    format.parse(one, draft, &errors);
    block.remove_prefix(one.size());
  }
  return true;
}

// False: the watcher wants no more.
Result<bool> ShowSource(FeedSource source, const FeedFormat& format, FeedDraft* draft) {
  LineReader reader(std::make_unique<InflatingSource>(source.path, std::move(source.bytes)));
  draft->StartFile();
  for (uint64_t line = 0;;) {
    const Result<std::optional<LineBlock>> block = reader.Next();
    if (!block) return tl::unexpected(block.error());
    if (!block->has_value()) return true;
    if ((*block)->bad != nullptr) {
      ++line;
    } else if (!ShowBlock((*block)->bytes, source.path, &line, format, draft)) {
      return false;
    }
  }
}

}  // namespace

Status ShowEntries(const FeedConfig& config, std::vector<FeedSource> sources, EntryWatcher* watcher) {
  const FeedFormat* const format = FindFormat(config.format);
  if (format == nullptr) return Fail("feed " + config.name + ": unknown format '" + config.format + "'");
  if (format->content == FeedContent::kHeat) return {};  // it lists nothing
  FeedData unused;
  FeedDraft draft(config, *format, &unused);
  draft.SetLimits(config.guards);
  draft.watcher = watcher;
  for (FeedSource& source : sources) {
    const Result<bool> more = ShowSource(std::move(source), *format, &draft);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
  }
  return {};
}

}  // namespace rblitz
