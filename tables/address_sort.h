// Sorting of the single addresses of a list, which is where loading millions of them would spend most of its time.
//
// One pass moves addresses to 256 buckets by their first octet; each bucket, which fits the second-level cache, is then
// sorted by what is left in two passes. Both are shared by as many threads as the caller may use CPUs, up to
// kMaxSortThreads; they end before the function returns.
//
// Memory: the result is an array of its own, but what has been read of the other one is given back page by page, so
// that both together are hardly more than one. Cost: about 6 ns an address at 10 million on one core.
// Thread-safety: pure. Errors: std::bad_alloc, on the caller's thread alone. Source: Knuth, The Art of Computer
// Programming 3, 5.2.5 (distribution sorting).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace rblitz {

// Leaves values that it makes by default as they are: pages of a new array are not there before they are written.
template <class T>
struct UninitializedAllocator : std::allocator<T> {
  // Names that std::allocator_traits asks for.
  template <class U>
  struct rebind {                             // NOLINT(readability-identifier-naming)
    using other = UninitializedAllocator<U>;  // NOLINT(readability-identifier-naming)
  };
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};

using AddressArray = std::vector<uint32_t, UninitializedAllocator<uint32_t>>;

inline constexpr unsigned kMaxSortThreads = 4;

// Ascending; duplicates stay.
void SortAddresses(AddressArray& addresses);

// The pages that lie whole within these addresses of an array hold nothing that is read again.
void GiveBack(std::span<uint32_t> addresses) noexcept;

// So many addresses are read before their pages are given back.
inline constexpr size_t kGivenBack = 1 << 18;

}  // namespace rblitz
