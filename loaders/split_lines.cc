#include "loaders/split_lines.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "loaders/read_ahead_source.h"

namespace rblitz {

namespace {

bool ReadAndSplit(LineReader& reader, SplitLinesAhead::Block& split) {
  const Result<std::optional<LineBlock>> block = reader.Next();
  split.read = block ? Status() : tl::unexpected(block.error());
  split.is_end = block && !block->has_value();
  if (!block || split.is_end) return false;
  split.bad = (*block)->bad;
  split.lines.Split((*block)->bytes);
  return true;
}

}  // namespace

void SplitLines::Split(std::string_view block) {
  addresses_.resize(std::max(addresses_.size(), block.size() / kShortestPlainLine));
  count_ = 0;
  others_.clear();
  text_.clear();
  while (!block.empty()) {
    const char* const end = block.data() + block.size();
    const PlainRun run = ReadPlainLines(block.data(), end, std::span(addresses_).subspan(count_));
    count_ += run.count;
    block = {run.next, static_cast<size_t>(end - run.next)};
    if (block.empty()) break;
    const std::string_view line = TakeLine(block);
    others_.push_back({.before = static_cast<uint32_t>(count_),
                       .begin = static_cast<uint32_t>(text_.size()),
                       .size = static_cast<uint32_t>(line.size())});
    text_.append(line);
    text_ += '\n';
  }
  text_.append(kBlockSlack, '\0');
}

SplitLinesAhead::SplitLinesAhead(LineReader* reader) : ahead_("rblitz-lines") {
  ahead_.Start([reader](Block& split) { return ReadAndSplit(*reader, split); });
}

std::unique_ptr<SplitLinesAhead> SplitAhead(LineReader* reader, uint64_t size) {
  if (!IsWorthThreads(size)) return nullptr;
  try {
    return std::make_unique<SplitLinesAhead>(reader);
  } catch (const std::system_error&) {
    return nullptr;
  }
}

}  // namespace rblitz
