// Changed rows from the one worker that changed them to the one thread that writes the journal.
//
// Thread-safety: one thread pushes, one takes; neither waits, allocates or makes a system call. Invariants: pushed_ -
// taken_ <= slots; a slot belongs to the pushing thread while it is free, else to the taking one. Errors: who pushes
// asks for Room first. Cost: one copy of 48 bytes.
#pragma once

#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "tables/triplet_row.h"

namespace rblitz {

class TripletRing {
 public:
  // REQUIRES: a power of two.
  explicit TripletRing(size_t slots) : mask_(slots - 1), slots_(std::make_unique<TripletRow[]>(slots)) {
    assert(std::has_single_bit(slots));
  }

  // Of the pushing thread. Acquire: pairs with Pop's release, so that the taker has read the slots that are free.
  [[nodiscard]] size_t Room() const noexcept {
    const uint64_t held = pushed_.load(std::memory_order_relaxed) - taken_.load(std::memory_order_acquire);
    return static_cast<size_t>(mask_ + 1 - held);
  }
  // REQUIRES: Room() > 0. Release: pairs with Front's acquire.
  void Push(const TripletRow& row) noexcept {
    const uint64_t at = pushed_.load(std::memory_order_relaxed);
    slots_[at & mask_] = row;
    pushed_.store(at + 1, std::memory_order_release);
  }

  // The oldest row, or null; of the taking thread.
  [[nodiscard]] const TripletRow* Front() const noexcept {
    const uint64_t at = taken_.load(std::memory_order_relaxed);
    return at == pushed_.load(std::memory_order_acquire) ? nullptr : &slots_[at & mask_];
  }
  // REQUIRES: Front was not null.
  void Pop() noexcept { taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  const uint64_t mask_;
  const std::unique_ptr<TripletRow[]> slots_;
  alignas(64) std::atomic<uint64_t> pushed_{0};
  alignas(64) std::atomic<uint64_t> taken_{0};
};

}  // namespace rblitz
