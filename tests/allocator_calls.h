// What is asked of the allocator, counted by the one of zero_allocation_test.cc.
//
// Thread-safety: all threads are counted together.
#pragma once

#include <atomic>
#include <cstdint>

namespace rblitz::test {

inline std::atomic<uint64_t> allocations{0};
inline std::atomic<uint64_t> releases{0};

struct Calls {
  uint64_t allocations;
  uint64_t releases;
  bool operator==(const Calls&) const = default;
};

// What `work` asks of the allocator.
template <class Work>
Calls CallsIn(Work&& work) {
  const Calls before{allocations.load(), releases.load()};
  work();
  return {allocations.load() - before.allocations, releases.load() - before.releases};
}

}  // namespace rblitz::test
