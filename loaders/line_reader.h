// Lines from a file, gzip or memory, in blocks: a block is a run of whole lines, so that a grammar finds line ends
// itself (in the fast case together with the address, see plain_lines.h) and blocks can be parsed apart from each
// other.
//
// Lines end in LF. A UTF-8 byte order mark at the start is skipped, a last line without LF gets one. A line that is
// longer than kMaxLineBytes is not kept, nor one with a NUL byte, which no list means to have: it comes as a block of
// its own that says so.
//
// Lifetime: a block is valid until the next call of Next().
// Cost: one copy from the page cache; no allocation after the first block unless a line is longer than it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loaders/byte_source.h"
#include "tables/result.h"

namespace rblitz {

inline constexpr size_t kMaxLineBytes = size_t{1} << 20;
// Bytes after a block that may be read (their content means nothing): vector loads need not stop at the end.
inline constexpr size_t kBlockSlack = 16;

struct LineBlock {
  std::string_view bytes;     // lines, each with its LF
  const char* bad = nullptr;  // why the one line that it stands for is not kept; bytes is empty
};

class LineReader {
 public:
  explicit LineReader(std::unique_ptr<ByteSource> source);

  // Nothing at the end.
  [[nodiscard]] Result<std::optional<LineBlock>> Next();

 private:
  [[nodiscard]] Status Fill();
  [[nodiscard]] Status SkipToLineEnd();
  LineBlock TakeWholeLines();
  [[nodiscard]] size_t OffsetOf(const void* byte) const {
    return static_cast<size_t>(static_cast<const char*>(byte) - buffer_.get());
  }
  void Grow();
  void SkipByteOrderMark();

  std::unique_ptr<ByteSource> source_;
  size_t capacity_;
  std::unique_ptr<char[]> buffer_;  // capacity_ bytes, one LF, kBlockSlack
  size_t begin_ = 0;                // of the bytes that no block has had yet
  size_t whole_ = 0;                // end of the last whole line that is known
  size_t end_ = 0;
  bool at_start_ = true;
  bool at_end_ = false;
};

}  // namespace rblitz
