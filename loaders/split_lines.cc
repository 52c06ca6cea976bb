#include "loaders/split_lines.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "loaders/read_ahead_source.h"

namespace rblitz {

void SplitLines::Split(std::string_view block) {
  count_ = 0;
  others_.clear();
  text_.clear();
  SplitMore(block);
}

void SplitLines::SplitMore(std::string_view block) {
  addresses_.resize(std::max(addresses_.size(), count_ + block.size() / kShortestPlainLine));
  if (!text_.empty()) text_.resize(text_.size() - kBlockSlack);
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
  ahead_.Start(
      [this, reader](Block& split, Ahead<Block>::Waited waited) { return ReadAndSplit(*reader, split, waited); });
}

// On the thread. Who had to wait has time for more of the next blocks.
bool SplitLinesAhead::ReadAndSplit(LineReader& reader, Block& split, Ahead<Block>::Waited waited) {
  if (waited == Ahead<Block>::Waited::kTaker) left_ = std::min(left_ + 1, kParts);
  if (waited == Ahead<Block>::Waited::kMaker) left_ -= std::min(left_, 1u);
  const Result<std::optional<LineBlock>> block = reader.Next();
  split.read = block ? Status() : tl::unexpected(block.error());
  split.is_end = block && !block->has_value();
  split.rest.clear();
  if (!block || split.is_end) return false;
  split.bad = (*block)->bad;
  const std::string_view bytes = (*block)->bytes;
  const size_t own = bytes.size() - bytes.size() * left_ / kParts;
  const std::string_view lines = bytes.substr(0, bytes.substr(0, own).rfind('\n') + 1);  // none: npos + 1 is 0
  split.lines.Split(lines);
  if (lines.size() == bytes.size()) return true;
  split.rest.reserve(bytes.size() - lines.size() + kBlockSlack);
  split.rest.assign(bytes.substr(lines.size())).append(kBlockSlack, '\0');
  return true;
}

const SplitLinesAhead::Block& SplitLinesAhead::Next() {
  Block& block = ahead_.Next();
  if (!block.rest.empty()) {
    block.lines.SplitMore(std::string_view(block.rest).substr(0, block.rest.size() - kBlockSlack));
  }
  return block;
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
