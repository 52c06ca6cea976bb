// A zeroed array for tables of megabytes: aligned to cache lines, and on 2 MiB pages where the kernel grants them,
// because random probes into tens of megabytes of 4 KiB pages miss the TLB every time.
//
// Thread-safety: none of its own. Errors: std::bad_alloc.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace rblitz {

template <class T>
class HugeArray {
 public:
  HugeArray() = default;
  explicit HugeArray(size_t size) : size_(size) {
    if (size == 0) return;
    bytes_ = (size * sizeof(T) + kPage - 1) & ~(kPage - 1);
    const bool huge = bytes_ >= kHugePage;
    data_ = static_cast<T*>(Map(huge));
  }
  ~HugeArray() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }
  HugeArray(HugeArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  HugeArray& operator=(HugeArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] T& operator[](size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](size_t i) const noexcept { return data_[i]; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  // Address space held; the kernel backs what was touched.
  [[nodiscard]] size_t bytes() const noexcept { return bytes_; }

  // Has the kernel back all of it now, so that no first touch waits for a page to be zeroed; what is in it stays, and
  // others may change it meanwhile. A wish: without it (before Linux 5.14, or without memory) first touches do.
  void Back() noexcept {
    if (data_ != nullptr) madvise(data_, bytes_, MADV_POPULATE_WRITE);
  }

 private:
  static constexpr size_t kPage = 4096;
  static constexpr size_t kHugePage = size_t{2} << 20;

  void* Map(bool huge) const {
    const size_t slack = huge ? kHugePage : 0;
    void* map = mmap(nullptr, bytes_ + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    if (!huge) return map;
    // Keep the aligned middle, give the ends back.
    auto* begin = static_cast<char*>(map);
    const size_t head = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
    if (head > 0) munmap(begin, head);
    if (slack > head) munmap(begin + head + bytes_, slack - head);
    madvise(begin + head, bytes_, MADV_HUGEPAGE);  // a wish: without it the table is slower, not wrong
    return begin + head;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
  size_t bytes_ = 0;
};

}  // namespace rblitz
