// DNS on the wire: the numbers of RFC 1035 and its successors, and big-endian loads and stores.
//
// Thread-safety: pure. Source: RFC 1035 section 4, RFC 6891, IANA "DNS Parameters".
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rblitz::dns {

inline constexpr size_t kHeaderSize = 12;
inline constexpr size_t kMaxName = 255;
inline constexpr size_t kMaxLabel = 63;
inline constexpr size_t kMaxLabels = 127;
inline constexpr size_t kOptSize = 11;      // an OPT record without options
inline constexpr uint16_t kUdpSize = 1232;  // what we offer and the most we send: fits one frame on every path
inline constexpr uint16_t kMinUdpSize =
    512;  // RFC 1035 section 4.2.1; smaller EDNS sizes mean this (RFC 6891 section 6.2.3)
inline constexpr uint16_t kMaxMessage = 65535;  // over TCP (RFC 1035 section 4.2.2)
inline constexpr uint16_t kPointer = 0xc000;    // RFC 1035 section 4.1.4
inline constexpr uint16_t kQnamePointer = kPointer | kHeaderSize;

// Bits of the header's second word.
inline constexpr uint16_t kQr = 0x8000;
inline constexpr uint16_t kOpcodeMask = 0x7800;
inline constexpr uint16_t kAa = 0x0400;
inline constexpr uint16_t kTc = 0x0200;
inline constexpr uint16_t kRd = 0x0100;
inline constexpr uint32_t kDo = 0x8000;  // in the TTL of OPT

enum Type : uint16_t {
  kA = 1,
  kNs = 2,
  kSoa = 6,
  kHinfo = 13,
  kTxt = 16,
  kOpt = 41,
  kIxfr = 251,
  kAxfr = 252,
  kAny = 255,
};

enum Class : uint16_t { kIn = 1, kCh = 3 };

enum Rcode : uint8_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16,
  kBadCookie = 23,
};

[[nodiscard]] inline uint16_t Load16(const uint8_t* p) noexcept {
  uint16_t value;
  std::memcpy(&value, p, sizeof value);
  return __builtin_bswap16(value);
}
[[nodiscard]] inline uint32_t Load32(const uint8_t* p) noexcept {
  uint32_t value;
  std::memcpy(&value, p, sizeof value);
  return __builtin_bswap32(value);
}
inline void Store16(uint8_t* p, uint16_t value) noexcept {
  value = __builtin_bswap16(value);
  std::memcpy(p, &value, sizeof value);
}
inline void Store32(uint8_t* p, uint32_t value) noexcept {
  value = __builtin_bswap32(value);
  std::memcpy(p, &value, sizeof value);
}

static_assert(std::endian::native == std::endian::little, "loads and stores swap bytes");

}  // namespace rblitz::dns
