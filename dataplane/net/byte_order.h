// Fields of a packet at any alignment: loads and stores in network order and in memory order.
//
// Thread-safety: pure. Cost: one move, and one byte swap for network order. The caller has checked the length.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace rblitz::net {

static_assert(std::endian::native == std::endian::little, "network order is reached by swapping bytes");

template <class T>
[[nodiscard]] inline T LoadMemoryOrder(const uint8_t* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class T>
inline void StoreMemoryOrder(uint8_t* p, T value) noexcept {
  std::memcpy(p, &value, sizeof value);
}

[[nodiscard]] constexpr uint16_t SwapBytes(uint16_t value) noexcept { return __builtin_bswap16(value); }
[[nodiscard]] constexpr uint32_t SwapBytes(uint32_t value) noexcept { return __builtin_bswap32(value); }

[[nodiscard]] inline uint16_t Load16(const uint8_t* p) noexcept { return SwapBytes(LoadMemoryOrder<uint16_t>(p)); }
[[nodiscard]] inline uint32_t Load32(const uint8_t* p) noexcept { return SwapBytes(LoadMemoryOrder<uint32_t>(p)); }
inline void Store16(uint8_t* p, uint16_t value) noexcept { StoreMemoryOrder(p, SwapBytes(value)); }
inline void Store32(uint8_t* p, uint32_t value) noexcept { StoreMemoryOrder(p, SwapBytes(value)); }

}  // namespace rblitz::net
