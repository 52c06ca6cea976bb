// Cache lines that are asked for one right after another.
//
// A prefetch whose page is in no TLB is done only when the page tables have been walked, and so many walks go on at
// once as such prefetches fit between what the core has begun and not done: a loop of few instructions gets several
// times the lines that prefetching at the place of each computation does (docs/performance.md, Greylist).
//
// Thread-safety: none. Cost: eight bytes a line, on the stack.
#pragma once

#include <cstddef>

namespace rblitz {

template <size_t kMaxLines>
class PrefetchLines {
 public:
  // Lines beyond kMaxLines are not fetched ahead, which is slower and nothing else.
  void Add(const void* line) noexcept {
    if (size_ < kMaxLines) lines_[size_++] = line;
  }

  // All that were added since it was called last.
  void Prefetch() noexcept {
    for (size_t i = 0; i < size_; ++i) __builtin_prefetch(lines_[i]);
    size_ = 0;
  }

 private:
  const void* lines_[kMaxLines];
  size_t size_ = 0;
};

}  // namespace rblitz
