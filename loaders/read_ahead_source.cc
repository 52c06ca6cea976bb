#include "loaders/read_ahead_source.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "tables/usable_cpus.h"

namespace rblitz {

namespace {

constexpr uint64_t kWorthAThread = uint64_t{1} << 20;

}  // namespace

ReadAheadSource::ReadAheadSource(std::unique_ptr<ByteSource>* source) {
  thread_ = std::thread([this] { Run(); });
  const std::lock_guard lock(mutex_);
  source_ = std::move(*source);
  turned_.notify_all();
}

ReadAheadSource::~ReadAheadSource() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
    turned_.notify_all();
  }
  thread_.join();
}

void ReadAheadSource::Run() {
  pthread_setname_np(pthread_self(), "rblitz-read");
  for (size_t i = 0;; ++i) {
    Buffer& buffer = buffers_[i % buffers_.size()];
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return stops_ || (source_ != nullptr && !buffer.is_full); });
    if (stops_) return;
    lock.unlock();
    try {
      buffer.size = source_->Read(buffer.bytes.get(), kBuffer);
    } catch (...) {
      buffer.thrown = std::current_exception();
    }
    lock.lock();
    buffer.is_full = true;
    turned_.notify_all();
    if (buffer.thrown != nullptr || !buffer.size || *buffer.size < kBuffer) return;
  }
}

void ReadAheadSource::Turn() {
  std::unique_lock lock(mutex_);
  if (at_ > 0) {
    buffers_[(at_ - 1) % buffers_.size()].is_full = false;
    turned_.notify_all();
  }
  const Buffer& buffer = buffers_[at_++ % buffers_.size()];
  turned_.wait(lock, [&] { return buffer.is_full; });
}

Result<size_t> ReadAheadSource::Read(char* out, size_t size) {
  size_t read = 0;
  while (read < size) {
    if (rest_.empty()) {
      if (at_end_) break;
      Turn();
      const Buffer& buffer = buffers_[(at_ - 1) % buffers_.size()];
      at_end_ = buffer.thrown != nullptr || !buffer.size || *buffer.size < kBuffer;
      if (buffer.thrown != nullptr) std::rethrow_exception(buffer.thrown);
      if (!buffer.size) return buffer.size;
      rest_ = {buffer.bytes.get(), *buffer.size};
      continue;
    }
    const size_t part = rest_.copy(out + read, size - read);
    rest_.remove_prefix(part);
    read += part;
  }
  return read;
}

std::unique_ptr<ByteSource> ReadAhead(std::unique_ptr<ByteSource> source, uint64_t size) {
  if (size < kWorthAThread || UsableCpus() < 2) return source;
  try {
    return std::make_unique<ReadAheadSource>(&source);
  } catch (const std::system_error&) {
    return source;
  }
}

}  // namespace rblitz
