#include "loaders/line_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace rblitz {

namespace {

constexpr size_t kFirstCapacity = size_t{256} << 10;  // stays in the second-level cache
constexpr size_t kLastCapacity = kMaxLineBytes + 1;   // the longest line and its LF

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
    if (const Status filled = Fill(); !filled) return tl::unexpected(filled.error());
    if (begin_ == end_) return std::nullopt;
    if (const void* last = memrchr(buffer_.get() + begin_, '\n', end_ - begin_)) {
      return Take(static_cast<size_t>(static_cast<const char*>(last) - buffer_.get()) + 1 - begin_);
    }
    if (end_ - begin_ > kMaxLineBytes) {
      if (const Status skipped = SkipToLineEnd(); !skipped) return tl::unexpected(skipped.error());
      return LineBlock{.bytes = {}, .over_long = true};
    }
    if (at_end_) {
      buffer_[end_++] = '\n';  // there is room for it beyond capacity_
      return Take(end_ - begin_);
    }
    Grow();
  }
}

// Moves what is left to the front and reads until the buffer is full or the source at its end.
Status LineReader::Fill() {
  if (begin_ > 0) std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
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
      begin_ = static_cast<size_t>(static_cast<const char*>(newline) - buffer_.get()) + 1;
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

LineBlock LineReader::Take(size_t size) {
  const std::string_view bytes(buffer_.get() + begin_, size);
  begin_ += size;
  return {.bytes = bytes};
}

}  // namespace rblitz
