// Reads another source on a thread of its own, a buffer ahead of who reads this one: while lines are parsed on one CPU
// the next ones are copied from the page cache, or decompressed, on another.
//
// Thread-safety: none; `source` is the thread's until the destructor returns, which waits for the Read that is going
// on. Errors: those of the source, and what it throws, at the place where they are met. Cost: two buffers of kBuffer
// bytes, a copy within the caches, and what waiting costs (ahead.h).
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "loaders/ahead.h"
#include "loaders/byte_source.h"
#include "tables/result.h"

namespace rblitz {

class ReadAheadSource final : public ByteSource {
 public:
  static constexpr size_t kBuffer = size_t{256} << 10;

  // Throws std::system_error where no thread can be had; `source` is what it was then.
  explicit ReadAheadSource(std::unique_ptr<ByteSource>* source);

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;

 private:
  struct Buffer {
    std::unique_ptr<char[]> bytes{new char[kBuffer]};
    Result<size_t> size = 0;  // of a whole buffer, or less at the end
  };

  std::unique_ptr<ByteSource> source_;
  std::string_view rest_;  // of the buffer that is being read
  bool at_end_ = false;
  Ahead<Buffer> ahead_;  // last: its thread uses the source
};

// Whether a file of `size` bytes, compressed or not, is worth threads of its own, and there are CPUs for them.
[[nodiscard]] bool IsWorthThreads(uint64_t size) noexcept;

// As it is, or read ahead where that is worth it.
[[nodiscard]] std::unique_ptr<ByteSource> ReadAhead(std::unique_ptr<ByteSource> source, uint64_t size);

}  // namespace rblitz
