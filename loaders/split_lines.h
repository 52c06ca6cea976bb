// A block of lines taken apart: the addresses of those that are nothing but one (plain_lines.h), and the others as they
// stand between them. What is slow of reading a big list is done by then, without knowing its grammar, and so on a
// thread of its own; of which who takes the lines does a part, as large as it takes for neither to wait.
//
// Thread-safety: none, but for the thread of SplitLinesAhead. Errors: those of the line reader, in Block::read, and
// std::bad_alloc. Cost: a few nanoseconds a line (plain_lines.h), a copy of other lines, and of a block's part for who
// takes it; buffers are used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/ahead.h"
#include "loaders/line_reader.h"
#include "loaders/plain_lines.h"
#include "tables/result.h"

namespace rblitz {

// Takes the first line off a block, without LF and CR.
[[nodiscard]] inline std::string_view TakeLine(std::string_view& block) {
  std::string_view line = block.substr(0, block.find('\n'));
  block.remove_prefix(line.size() + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Calls addresses(span) for runs of plain lines, and line(number, text) for each line between them, without LF and CR,
// in their order; numbers count all lines from 0. `buffer` is where the addresses of a run go. Returns how many lines
// there are.
template <class Addresses, class Line>
uint64_t SplitPlainLines(std::string_view block, std::span<uint32_t> buffer, Addresses&& addresses, Line&& line) {
  uint64_t lines = 0;
  while (!block.empty()) {
    const char* const end = block.data() + block.size();
    const PlainRun run = ReadPlainLines(block.data(), end, buffer);
    if (run.count > 0) addresses(std::span<const uint32_t>(buffer.first(run.count)));
    lines += run.count;
    block = {run.next, static_cast<size_t>(end - run.next)};
    if (block.empty() || run.count == buffer.size()) continue;
    line(lines++, TakeLine(block));
  }
  return lines;
}

class SplitLines {
 public:
  // Replaces what there was by a block's. REQUIRES: of both that the last byte of `block` is LF, and kBlockSlack
  // bytes behind it may be read.
  void Split(std::string_view block);
  // Goes on with what follows that block. REQUIRES: all of it is below 4 GiB.
  void SplitMore(std::string_view block);
  // Makes the calls that SplitPlainLines makes, and returns what it returns.
  template <class Addresses, class Line>
  uint64_t ForEach(Addresses&& on_addresses, Line&& on_line) const;

 private:
  // A block has a few MiB at most (line_reader.h).
  struct Other {
    uint32_t before;  // addresses before it
    uint32_t begin;   // in text_
    uint32_t size;
  };
  std::vector<uint32_t> addresses_;  // of which count_ are in use
  size_t count_ = 0;
  std::vector<Other> others_;
  std::string text_;  // each with its LF, and kBlockSlack bytes behind
};

// Splits what a reader has, on a thread.
class SplitLinesAhead {
 public:
  struct Block {
    SplitLines lines;
    std::string rest;           // lines that the thread left to Next, and kBlockSlack bytes, or nothing
    const char* bad = nullptr;  // LineBlock::bad, instead
    Status read;                // or why there are no more
    bool is_end = false;        // or there are none
  };

  // `reader` must outlive it. Throws std::system_error where no thread can be had.
  explicit SplitLinesAhead(LineReader* reader);

  // Valid until the next call. REQUIRES: what came before was neither the end nor an error, and nothing was thrown.
  [[nodiscard]] const Block& Next();

 private:
  static constexpr uint32_t kParts = 32;

  [[nodiscard]] bool ReadAndSplit(LineReader& reader, Block& split, Ahead<Block>::Waited waited);

  uint32_t left_ = kParts / 4;  // of kParts of a block, for Next to split; the thread's
  Ahead<Block> ahead_;          // last: its thread uses all of the above
};

// Null where it is not worth it, or not possible.
[[nodiscard]] std::unique_ptr<SplitLinesAhead> SplitAhead(LineReader* reader, uint64_t size);

template <class Addresses, class Line>
uint64_t SplitLines::ForEach(Addresses&& on_addresses, Line&& on_line) const {
  const std::span<const uint32_t> addresses = std::span(addresses_).first(count_);
  size_t at = 0;
  const auto run_to = [&](size_t end) {
    if (at < end) on_addresses(addresses.subspan(at, end - at));
    at = end;
  };
  for (size_t i = 0; i < others_.size(); ++i) {
    const Other& other = others_[i];
    run_to(other.before);
    on_line(other.before + i, std::string_view(text_).substr(other.begin, other.size));
  }
  run_to(count_);
  return count_ + others_.size();
}

}  // namespace rblitz
