// The last that somebody else was seen with an own address, and how often that was: kept by a worker, which does not
// log, for a control thread, which does.
//
// Thread-safety: one writer, any number of readers; neither waits for the other.
// Invariants: (1) version_ is odd while a record is being written. (2) A record is read whole between two equal, even
// versions or not at all. Cost: a conflict is rare.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>

namespace rblitz {

class LastConflict {
 public:
  struct Seen {
    using Clock = std::chrono::steady_clock;
    std::array<uint8_t, 6> mac;       // who has it
    std::array<uint8_t, 16> address;  // which; IPv4 as RFC 4291 section 2.5.5.2 maps it
    Clock::time_point at{};

    bool operator==(const Seen&) const = default;
  };

  void Set(const Seen& seen) noexcept {
    uint64_t words[kWords] = {};
    std::memcpy(&words[0], seen.mac.data(), seen.mac.size());
    std::memcpy(&words[1], seen.address.data(), seen.address.size());
    words[3] = static_cast<uint64_t>(seen.at.time_since_epoch().count());
    const uint64_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    // Release: pairs with Get's loads of words. Who reads a word of this record sees the odd version, too.
    for (size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);  // pairs with Get's first load
  }

  // Nothing while there has been none, or when one was being written: the next call tells.
  [[nodiscard]] std::optional<Seen> Get() const noexcept {
    const uint64_t before = version_.load(std::memory_order_acquire);
    if (before == 0 || before % 2 != 0) return std::nullopt;
    uint64_t words[kWords];
    for (size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_acquire);
    if (version_.load(std::memory_order_relaxed) != before) return std::nullopt;
    Seen seen;
    std::memcpy(seen.mac.data(), &words[0], seen.mac.size());
    std::memcpy(seen.address.data(), &words[1], seen.address.size());
    seen.at = Seen::Clock::time_point(Seen::Clock::duration(static_cast<int64_t>(words[3])));
    return seen;
  }

  // How many there have been, and one more while one is being written.
  [[nodiscard]] uint64_t count() const noexcept { return (version_.load(std::memory_order_relaxed) + 1) / 2; }

 private:
  static constexpr size_t kWords = 4;
  std::atomic<uint64_t> version_{0};
  std::array<std::atomic<uint64_t>, kWords> words_{};
};

}  // namespace rblitz
