#include "loaders/line_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace rblitz {

namespace {

constexpr size_t kFirstCapacity = size_t{256} << 10;  // stays in the second-level cache
constexpr size_t kLastCapacity = kMaxLineBytes + 1;   // the longest line and its LF

constexpr char kOverLong[] = "line longer than 1048576 bytes";
static_assert(kMaxLineBytes == 1048576);
constexpr char kHasNul[] = "line with a NUL byte";

std::unique_ptr<char[]> MakeBuffer(size_t capacity) {
  std::unique_ptr<char[]> buffer(new char[capacity + 1 + kBlockSlack]);
  std::memset(buffer.get() + capacity, 0, 1 + kBlockSlack);
  return buffer;
}

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), capacity_(kFirstCapacity), buffer_(MakeBuffer(capacity_)) {}

Result<std::optional<LineBlock>> LineReader::Next() {
  for (;;) {
    if (begin_ < whole_) return TakeWholeLines();
    if (const Status filled = Fill(); !filled) return tl::unexpected(filled.error());
    if (begin_ == end_) return std::nullopt;
    if (const void* last = memrchr(buffer_.get() + begin_, '\n', end_ - begin_)) {
      whole_ = OffsetOf(last) + 1;
    } else if (end_ - begin_ > kMaxLineBytes) {
      if (const Status skipped = SkipToLineEnd(); !skipped) return tl::unexpected(skipped.error());
      return LineBlock{.bytes = {}, .bad = kOverLong};
    } else if (at_end_) {
      buffer_[end_++] = '\n';  // there is room for it beyond capacity_
      whole_ = end_;
    } else {
      Grow();
    }
  }
}

// Moves what is left to the front and reads until the buffer is full or the source at its end.
Status LineReader::Fill() {
  if (begin_ > 0) std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  whole_ = 0;
  if (at_end_ || end_ == capacity_) return {};
  const size_t room = capacity_ - end_;
  const Result<size_t> n = source_->Read(buffer_.get() + end_, room);
  if (!n) return tl::unexpected(n.error());
  end_ += *n;
  at_end_ = *n < room;
  if (std::exchange(at_start_, false)) SkipByteOrderMark();
  return {};
}

Status LineReader::SkipToLineEnd() {
  for (;;) {
    if (const void* newline = memchr(buffer_.get() + begin_, '\n', end_ - begin_)) {
      begin_ = OffsetOf(newline) + 1;
      return {};
    }
    begin_ = end_;
    if (at_end_) return {};
    if (Status filled = Fill(); !filled) return filled;
  }
}

void LineReader::Grow() {
  const size_t capacity = std::min(2 * capacity_, kLastCapacity);
  std::unique_ptr<char[]> larger = MakeBuffer(capacity);
  std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

void LineReader::SkipByteOrderMark() {
  if (std::string_view(buffer_.get(), end_).starts_with("\xef\xbb\xbf")) begin_ = 3;
}

// As many as there are before one with a NUL, or that one.
LineBlock LineReader::TakeWholeLines() {
  const std::string_view lines(buffer_.get() + begin_, whole_ - begin_);
  const size_t nul = lines.find('\0');
  const size_t before = nul == std::string_view::npos ? lines.size() : lines.substr(0, nul).rfind('\n') + 1;
  if (before == 0) {
    begin_ += lines.find('\n', nul) + 1;
    return {.bytes = {}, .bad = kHasNul};
  }
  begin_ += before;
  return {.bytes = lines.substr(0, before)};
}

}  // namespace rblitz
