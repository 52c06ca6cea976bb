#include "tables/address_sort.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tables/radix_sort.h"

namespace rblitz {

namespace {

constexpr size_t kSmall = 1 << 16;        // below this neither threads nor a second array are worth while
constexpr size_t kSmallBucket = 1 << 10;  // below this clearing counters costs more than comparing

constexpr unsigned kLowBits = 12;  // a bucket's two passes take 12 bits each
constexpr uint32_t kLowMask = (1u << kLowBits) - 1;

using Counters = std::array<size_t, 256>;

unsigned Threads() {
  cpu_set_t cpus;
  const int count = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
  return std::clamp(static_cast<unsigned>(count), 1u, kMaxSortThreads);
}

// Runs `work`(t) for each t below `threads`, on this thread and on others as far as they can be had.
template <class Work>
void Share(unsigned threads, Work&& work) {
  std::vector<std::jthread> others;
  unsigned t = 1;
  try {
    for (; t < threads; ++t) others.emplace_back([&work, t] { work(t); });
  } catch (const std::system_error&) {
    for (; t < threads; ++t) work(t);
  }
  work(0);
}

// Moves what is in `from` to where `next` says for its first octet.
void Scatter(std::span<uint32_t> from, Counters& next, uint32_t* to) {
  while (!from.empty()) {
    const std::span<uint32_t> part = from.first(std::min(kGivenBack, from.size()));
    for (const uint32_t address : part) to[next[address >> 24]++] = address;
    GiveBack(part);
    from = from.subspan(part.size());
  }
}

// Room for a bucket; false: there is no memory, and nothing is thrown, which would end the process on another thread.
bool HasRoom(AddressArray& other, size_t size) noexcept {
  try {
    other.resize(std::max(other.size(), size));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// REQUIRES: all have the same first octet.
void SortBucket(std::span<uint32_t> bucket, AddressArray& other) noexcept {
  if (bucket.size() < kSmallBucket || !HasRoom(other, bucket.size())) return RadixSort(bucket);
  std::array<uint32_t, kLowMask + 1> low{};
  std::array<uint32_t, kLowMask + 1> high{};
  for (const uint32_t address : bucket) {
    ++low[address & kLowMask];
    ++high[address >> kLowBits & kLowMask];
  }
  uint32_t low_sum = 0;
  uint32_t high_sum = 0;
  for (size_t d = 0; d <= kLowMask; ++d) {
    low_sum += std::exchange(low[d], low_sum);
    high_sum += std::exchange(high[d], high_sum);
  }
  for (const uint32_t address : bucket) other[low[address & kLowMask]++] = address;
  for (const uint32_t address : std::span(other).first(bucket.size())) {
    bucket[high[address >> kLowBits & kLowMask]++] = address;
  }
}

}  // namespace

void GiveBack(std::span<uint32_t> addresses) noexcept {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(addresses.data()) + page - 1) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(addresses.data() + addresses.size()) / page * page;
  // Without it more memory is needed, nothing else.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void SortAddresses(AddressArray& addresses) {
  const size_t size = addresses.size();
  if (size < kSmall) return RadixSort(std::span(addresses));
  const unsigned threads = Threads();
  const auto part = [&](unsigned t) {
    const size_t begin = size * t / threads;
    return std::span(addresses).subspan(begin, size * (t + 1) / threads - begin);
  };

  // next[t][d]: where thread t puts the next one whose first octet is d.
  std::array<Counters, kMaxSortThreads> next{};
  Share(threads, [&](unsigned t) {
    Counters counts{};
    for (const uint32_t address : part(t)) ++counts[address >> 24];
    next[t] = counts;
  });
  std::array<size_t, 257> begin{};
  size_t sum = 0;
  for (size_t d = 0; d < 256; ++d) {
    begin[d] = sum;
    for (unsigned t = 0; t < threads; ++t) sum += std::exchange(next[t][d], sum);
  }
  begin[256] = sum;

  AddressArray sorted(size);
  Share(threads, [&](unsigned t) {
    Counters mine = next[t];
    Scatter(part(t), mine, sorted.data());
  });
  std::atomic<size_t> bucket{0};
  Share(threads, [&](unsigned) {
    AddressArray other;
    for (size_t d = bucket++; d < 256; d = bucket++) {
      SortBucket(std::span(sorted).subspan(begin[d], begin[d + 1] - begin[d]), other);
    }
  });
  addresses = std::move(sorted);
}

}  // namespace rblitz
