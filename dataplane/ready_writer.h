// Writes a ready answer over its question: a copy and a few additions. For responder*.cc only.
//
// Thread-safety: one message, one thread. Errors: none. Cost: bench/responder_bench; docs/performance.md.
// Source: RFC 1035 section 4.1.1, RFC 1624, RFC 3225, RFC 6891 section 6.1.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/dns/wire.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/net/checksum.h"
#include "dataplane/zone_rep.h"
#include "tables/vectors.h"

namespace rblitz {

// Where OPT has what.
inline constexpr size_t kOptSizeAt = 3;
inline constexpr size_t kOptFlagsAt = 7;
inline constexpr size_t kOptLengthAt = 9;

template <class T>
[[nodiscard]] T Load(const uint8_t* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class T>
void Store(uint8_t* p, T value) noexcept {
  std::memcpy(p, &value, sizeof value);
}

// At least `size` bytes, in steps: short answers in steps of 16, so that they don't reach into another cache line.
template <size_t kStep>
inline void CopyAnswer(uint8_t* to, const uint8_t* from, size_t size) noexcept {
  static_assert(ReadyAnswer::kCapacity % kStep == 0 && kStep <= io::kSlack);
  size_t at = 0;
  do {
    for (size_t part = 0; part < kStep; part += kVectorSize) {
      StoreVector(to + at + part, LoadAligned<U64x2>(from + at + part));
    }
    at += kStep;
  } while (at < size);
}

// A question's flags, and those that its answer keeps; memory order.
struct Flags {
  uint32_t old;
  uint32_t kept;

  [[nodiscard]] static Flags Of(const uint8_t* payload) noexcept {
    const uint32_t old = Load<uint16_t>(payload + 2);
    return {old, old & __builtin_bswap16(dns::kRd)};
  }
};

// REQUIRES: `flags` are the message's; OPT stands at question_end when kEdns, else the message ends there.
template <bool kEdns, size_t kStep>
inline void WriteReady(io::Message& message, size_t question_end, Flags flags, const ReadyAnswer& ready) noexcept {
  uint8_t* const p = message.payload;
  uint8_t* const out = p + question_end;
  const unsigned odd = question_end & 1;

  // What goes, all that is not known beforehand: flags, and of OPT its size, flags and options.
  uint32_t change = ready.changes[kEdns][odd] + flags.kept - flags.old;
  uint8_t dnssec_ok = 0;
  if constexpr (kEdns) {
    const size_t options = message.size - question_end - dns::kOptSize;
    uint32_t opt = uint32_t{dns::Load16(out + kOptSizeAt)} + dns::Load16(out + kOptFlagsAt);
    if (options != 0) opt += dns::Load16(out + kOptLengthAt) + net::AtOffset(net::Sum(out + dns::kOptSize, options), 1);
    change -= opt << (8 * odd);
    dnssec_ok = out[kOptFlagsAt] & 0x80;  // DO (RFC 3225 section 3)
  }

  const size_t size = ready.size + (kEdns ? dns::kOptSize : 0);
  CopyAnswer<kStep>(out, ready.bytes, size);
  Store(p + 2, ready.head | flags.kept);  // ARCOUNT stays: as many OPTs go as came
  if constexpr (kEdns) {
    const size_t flags_at = ready.size + kOptFlagsAt;
    out[flags_at] = dnssec_ok;
    change += uint32_t{dnssec_ok} << (8 * ((question_end + flags_at) & 1));
  }
  message.size = static_cast<uint16_t>(question_end + size);
  message.sum_change = change;
}

// The same of an answer of one A whose last two bytes, 0 in `ready`, are `low`.
template <bool kEdns>
inline void WriteReadyHit(io::Message& message, size_t question_end, Flags flags, const ReadyAnswer& ready,
                          uint16_t low) noexcept {
  constexpr size_t kLowAt = 14;  // behind a pointer, type, class, TTL, size and 127.0
  WriteReady<kEdns, 16>(message, question_end, flags, ready);
  dns::Store16(message.payload + question_end + kLowAt, low);
  message.sum_change += uint32_t{low} << (8 * (~question_end & 1));
}

}  // namespace rblitz
