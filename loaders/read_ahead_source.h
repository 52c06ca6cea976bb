// Reads another source on a thread of its own, two buffers ahead of who reads this one: while lines are parsed on one
// CPU the next ones are copied from the page cache, or decompressed, on another.
//
// Thread-safety: none; `source` is the thread's until the destructor returns, which waits for the Read that is going
// on. Errors: those of the source, and what it throws, at the place where they are met. Cost: two buffers of kBuffer
// bytes and a copy within the caches.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "loaders/byte_source.h"
#include "tables/result.h"

namespace rblitz {

class ReadAheadSource final : public ByteSource {
 public:
  static constexpr size_t kBuffer = size_t{256} << 10;

  // Throws std::system_error where no thread can be had; `source` is what it was then.
  explicit ReadAheadSource(std::unique_ptr<ByteSource>* source);
  ~ReadAheadSource() override;
  ReadAheadSource(const ReadAheadSource&) = delete;
  ReadAheadSource& operator=(const ReadAheadSource&) = delete;

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;

 private:
  struct Buffer {
    std::unique_ptr<char[]> bytes{new char[kBuffer]};
    Result<size_t> size = 0;    // of a whole buffer, or less at the end
    std::exception_ptr thrown;  // instead
    bool is_full = false;       // guarded by mutex_: whose it is, and all of the above
  };

  void Run();
  // The buffer that is read from becomes the thread's, the next one this side's.
  void Turn();

  std::unique_ptr<ByteSource> source_;
  std::array<Buffer, 2> buffers_;
  std::mutex mutex_;
  std::condition_variable turned_;
  bool stops_ = false;  // guarded by mutex_

  size_t at_ = 0;          // buffers that have been begun
  std::string_view rest_;  // of the last one
  bool at_end_ = false;
  std::thread thread_;  // last: it uses all of the above
};

// As it is, or read ahead where there is a CPU to do so and `size` bytes, compressed or not, are worth it.
[[nodiscard]] std::unique_ptr<ByteSource> ReadAhead(std::unique_ptr<ByteSource> source, uint64_t size);

}  // namespace rblitz
