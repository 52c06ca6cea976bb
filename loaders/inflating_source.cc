#include "loaders/inflating_source.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace rblitz {

namespace {

constexpr size_t kInputBytes = size_t{64} << 10;

}  // namespace

InflatingSource::InflatingSource(std::string name, std::unique_ptr<ByteSource> compressed)
    : name_(std::move(name)), compressed_(std::move(compressed)), input_(new char[kInputBytes]) {}

Result<size_t> InflatingSource::Read(char* out, size_t size) {
  if (!std::exchange(detected_, true)) {
    if (const Status detected = Detect(); !detected) return tl::unexpected(detected.error());
  }
  return decompressor_ == nullptr ? ReadPlain(out, size) : ReadPacked(out, size);
}

Status InflatingSource::Detect() {
  if (Status filled = Refill(); !filled) return filled;
  Result<std::unique_ptr<Decompressor>> decompressor = MakeDecompressor(unread_);
  if (!decompressor) return Fail(name_ + ": " + decompressor.error().message);
  decompressor_ = *std::move(decompressor);
  return {};
}

// REQUIRES: all input is used. Leaves none at the end of the source.
Status InflatingSource::Refill() {
  const Result<size_t> n = compressed_->Read(input_.get(), kInputBytes);
  if (!n) return tl::unexpected(n.error());
  unread_ = std::string_view(input_.get(), *n);
  return {};
}

Result<size_t> InflatingSource::ReadPlain(char* out, size_t size) {
  const size_t kept = unread_.copy(out, size);
  unread_.remove_prefix(kept);
  if (kept == size) return size;
  Result<size_t> n = compressed_->Read(out + kept, size - kept);
  if (!n) return n;
  return kept + *n;
}

Result<size_t> InflatingSource::ReadPacked(char* out, size_t size) {
  std::span<char> room(out, size);
  for (;;) {
    if (const Status run = decompressor_->Run(&unread_, &room); !run) return Fail(name_ + ": " + run.error().message);
    if (room.empty()) return size;
    if (const Status filled = Refill(); !filled) return tl::unexpected(filled.error());
    if (!unread_.empty()) continue;
    if (decompressor_->complete()) return size - room.size();
    return Fail(name_ + ": truncated " + std::string(decompressor_->format()) + " data");
  }
}

}  // namespace rblitz
