#include "loaders/read_ahead_source.h"

#include <system_error>
#include <utility>

#include "tables/usable_cpus.h"

namespace rblitz {

ReadAheadSource::ReadAheadSource(std::unique_ptr<ByteSource>* source) : ahead_("rblitz-read") {
  source_ = std::move(*source);
  ahead_.Start([this](Buffer& buffer, Ahead<Buffer>::Waited /*waited*/) {
    buffer.size = source_->Read(buffer.bytes.get(), kBuffer);
    return buffer.size && *buffer.size == kBuffer;
  });
}

Result<size_t> ReadAheadSource::Read(char* out, size_t size) {
  size_t read = 0;
  while (read < size && !(rest_.empty() && at_end_)) {
    if (rest_.empty()) {
      at_end_ = true;  // should it throw
      const Buffer& buffer = ahead_.Next();
      at_end_ = !buffer.size || *buffer.size < kBuffer;
      if (!buffer.size) return buffer.size;
      rest_ = {buffer.bytes.get(), *buffer.size};
    }
    const size_t part = rest_.copy(out + read, size - read);
    rest_.remove_prefix(part);
    read += part;
  }
  return read;
}

bool IsWorthThreads(uint64_t size) noexcept {
  constexpr uint64_t kWorthThreads = uint64_t{1} << 20;
  return size >= kWorthThreads && UsableCpus() > 1;
}

std::unique_ptr<ByteSource> ReadAhead(std::unique_ptr<ByteSource> source, uint64_t size) {
  if (!IsWorthThreads(size)) return source;
  try {
    return std::make_unique<ReadAheadSource>(&source);
  } catch (const std::system_error&) {
    return source;
  }
}

}  // namespace rblitz
