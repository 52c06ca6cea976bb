// Work that falls into parts, on several threads: what builders of large tables share.
//
// Threads: as many as the caller may use CPUs, up to kMostWorkThreads, itself among them; the others end before
// InParallel returns. Cost: some 50 us to start and end a thread. Errors: what a part throws is thrown again on the
// caller's thread when all threads have ended; parts that nobody had begun by then are not done.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "tables/usable_cpus.h"

namespace rblitz {

inline constexpr unsigned kMostWorkThreads = 4;

[[nodiscard]] inline unsigned WorkThreads() noexcept { return std::min(UsableCpus(), kMostWorkThreads); }

// Calls work(thread, part) for all parts below `parts`, each once, in any order, on at most `threads` threads, which
// are counted from 0: of two calls with one `thread` the second begins when the first has ended.
template <class Work>
void InParallel(size_t parts, unsigned threads, Work&& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto run = [&](unsigned thread) {
    try {
      for (size_t part = next++; part < parts; part = next++) work(thread, part);
    } catch (...) {
      next = parts;
      const std::lock_guard lock(mutex);
      if (thrown == nullptr) thrown = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min<size_t>(threads, parts)) {
        others.emplace_back(run, static_cast<unsigned>(others.size()) + 1);
      }
    } catch (const std::system_error&) {
      // This thread does what those that cannot be had would have done.
    }
    run(0);
  }
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

}  // namespace rblitz
