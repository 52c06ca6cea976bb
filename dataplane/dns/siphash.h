// SipHash-2-4 with a 64-bit result: a hash that nobody without its key can foretell or forge.
//
// Thread-safety: pure. Units: the result is a number; its bytes in little-endian order are what the algorithm gives.
// Cost: about 15 ns for 20 bytes. Source: Aumasson, Bernstein, "SipHash: a fast short-input PRF" (2012).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace rblitz::dns {

using SipKey = std::array<uint8_t, 16>;

class SipState {
 public:
  explicit SipState(const SipKey& key) noexcept {
    uint64_t k[2];
    std::memcpy(k, key.data(), sizeof k);
    for (size_t i = 0; i < 4; ++i) v_[i] ^= k[i & 1];
  }
  void Take(uint64_t word) noexcept {
    v_[3] ^= word;
    Rounds(2);
    v_[0] ^= word;
  }
  [[nodiscard]] uint64_t Finish() noexcept {
    v_[2] ^= 0xff;
    Rounds(4);
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void Rounds(int count) noexcept {
    for (; count > 0; --count) {
      v_[0] += v_[1], v_[2] += v_[3];
      v_[1] = std::rotl(v_[1], 13) ^ v_[0], v_[3] = std::rotl(v_[3], 16) ^ v_[2];
      v_[0] = std::rotl(v_[0], 32);
      v_[2] += v_[1], v_[0] += v_[3];
      v_[1] = std::rotl(v_[1], 17) ^ v_[2], v_[3] = std::rotl(v_[3], 21) ^ v_[0];
      v_[2] = std::rotl(v_[2], 32);
    }
  }

  // "somepseudorandomlygeneratedbytes"
  uint64_t v_[4] = {0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573};
};

[[nodiscard]] inline uint64_t SipHash24(const SipKey& key, std::span<const uint8_t> data) noexcept {
  SipState state(key);
  const uint64_t size = data.size();
  for (; data.size() >= 8; data = data.subspan(8)) {
    uint64_t word;
    std::memcpy(&word, data.data(), sizeof word);
    state.Take(word);
  }
  uint64_t last = size << 56;
  for (size_t i = 0; i < data.size(); ++i) last |= uint64_t{data[i]} << 8 * i;
  state.Take(last);
  return state.Finish();
}

static_assert(std::endian::native == std::endian::little, "words are loaded as they stand");

}  // namespace rblitz::dns
