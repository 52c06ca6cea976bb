// Addresses that a worker was asked about, from that worker to the one thread that counts them. Lossy: who writes never
// looks whether there is room, and what it writes over before it was taken is lost, and counted.
//
// Thread-safety: one thread offers and pushes, one drains and sets the pace; neither waits, allocates or makes a system
// call in Offer and Push.
// Invariants: the sample number n stands in slot n mod slots from before pushed_ becomes n + 1 until after pushed_ has
// become n + slots. Cost: Offer is a handful of instructions without a branch. What samples stand for is, in the mean,
// what was asked.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rblitz {

class TrafficRing {
 public:
  static constexpr size_t kSlots = size_t{1} << 15;

  // An address, in host order, for so many questions; for none it is no sample.
  struct Sample {
    uint32_t address = 0;
    uint32_t weight = 0;

    bool operator==(const Sample&) const = default;
  };

  // An address drawn from a burst of so many questions; `counts`: it is one to be counted. It stands for its burst, or,
  // where bursts are smaller than the pace, for as many questions as that: a burst is as likely to give a sample then
  // as it is large.
  void Offer(uint32_t address, uint32_t questions, bool counts) noexcept {
    const uint32_t pace = pace_.load(std::memory_order_relaxed);
    due_ = std::min(due_, pace - 1) + std::min(questions, pace);
    const bool is_due = due_ >= pace;
    due_ -= pace & (0u - uint32_t{is_due});
    Push({.address = address, .weight = std::max(questions, pace) & (0u - static_cast<uint32_t>(is_due & counts))});
  }
  // From the next burst on; 1 at least.
  void SetPace(uint32_t questions) noexcept { pace_.store(questions, std::memory_order_relaxed); }
  [[nodiscard]] uint32_t pace() const noexcept { return pace_.load(std::memory_order_relaxed); }

  // A sample as it is, whatever the pace. What is no sample leaves its slot to the next one. The fence pairs with
  // Drain's: who reads what is written here sees pushed_ as it is now, or later.
  void Push(Sample sample) noexcept {
    const uint64_t at = pushed_.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    slots_[at % kSlots].store(uint64_t{sample.address} << 32 | sample.weight, std::memory_order_relaxed);
    pushed_.store(at + (sample.weight != 0), std::memory_order_release);
  }

  // Appends what has been pushed since the last call, oldest first; returns how many are lost. Out: a vector of Sample.
  template <class Out>
  uint64_t Drain(Out* out) {
    const uint64_t end = pushed_.load(std::memory_order_acquire);
    const uint64_t begin = end - taken_ > kSlots ? end - kSlots : taken_;
    const size_t before = out->size();
    for (uint64_t at = begin; at < end; ++at) {
      const uint64_t sample = slots_[at % kSlots].load(std::memory_order_relaxed);
      out->push_back({static_cast<uint32_t>(sample >> 32), static_cast<uint32_t>(sample)});
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    // Slots that may have been written to meanwhile.
    const uint64_t now = pushed_.load(std::memory_order_relaxed);
    const uint64_t first = now >= kSlots && now - kSlots >= begin ? std::min(now - kSlots + 1, end) : begin;
    out->erase(out->begin() + static_cast<ptrdiff_t>(before),
               out->begin() + static_cast<ptrdiff_t>(before + (first - begin)));
    const uint64_t lost = first - taken_;
    taken_ = end;
    return lost;
  }

 private:
  std::array<std::atomic<uint64_t>, kSlots> slots_{};
  alignas(64) std::atomic<uint64_t> pushed_{0};
  uint32_t due_ = 0;                // of the pushing thread: questions towards the next sample, fewer than the pace
  alignas(64) uint64_t taken_ = 0;  // of the draining thread
  std::atomic<uint32_t> pace_{1};
};

}  // namespace rblitz
