// Frames from one thread to another by copy: the way between a worker, which may not wait, and the thread that talks to
// the kernel.
//
// Thread-safety: one thread pushes, one takes. Neither locks, waits, allocates or makes a system call.
// Invariants: pushed_ - taken_ <= slots. A slot belongs to the pushing thread while pushed_ - taken_ < slots says that
// it is free, else to the taking one.
// Lifetime: what Front shows stands until Pop. Units: bytes. Errors: a full ring takes nothing; who pushes counts it.
// Cost: one copy of the frame; memory of a slot is touched when it is first used.
#pragma once

#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace rblitz::io {

class FrameRing {
 public:
  // Larger than a frame with 1500 bytes behind two VLAN tags; what is larger does not fit a packet buffer either.
  static constexpr size_t kMaxFrame = 2046;

  // REQUIRES: a power of two.
  explicit FrameRing(size_t slots) : mask_(slots - 1), slots_(std::make_unique_for_overwrite<Slot[]>(slots)) {
    assert(std::has_single_bit(slots));
  }

  // False: no room, or the frame is larger than kMaxFrame.
  [[nodiscard]] bool Push(std::span<const uint8_t> frame) noexcept {
    const uint64_t at = pushed_.load(std::memory_order_relaxed);
    // Acquire: pairs with Pop's release, so that the taker has read the slot that is overwritten.
    if (at - taken_.load(std::memory_order_acquire) > mask_ || frame.size() > kMaxFrame) return false;
    Slot& slot = slots_[at & mask_];
    slot.size = static_cast<uint16_t>(frame.size());
    std::memcpy(slot.bytes, frame.data(), frame.size());
    // Release: pairs with Front's acquire, so that the taker sees the bytes.
    pushed_.store(at + 1, std::memory_order_release);
    return true;
  }

  // The oldest frame; empty: there is none.
  [[nodiscard]] std::span<const uint8_t> Front() const noexcept {
    const uint64_t at = taken_.load(std::memory_order_relaxed);
    if (at == pushed_.load(std::memory_order_acquire)) return {};
    const Slot& slot = slots_[at & mask_];
    return {slot.bytes, slot.size};
  }

  // REQUIRES: Front was not empty.
  void Pop() noexcept { taken_.store(taken_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  struct Slot {
    uint16_t size;
    uint8_t bytes[kMaxFrame];
  };

  const uint64_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  alignas(64) std::atomic<uint64_t> pushed_{0};
  alignas(64) std::atomic<uint64_t> taken_{0};
};

}  // namespace rblitz::io
