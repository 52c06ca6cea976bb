// What an answer of the benchmarks must be: the responder's own before anything is timed, compared with what the data
// says.
//
// Thread-safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/dns/wire.h"

namespace rblitz::bench {

// The A record of each question, in memory order as Verdict's; none for what is not listed.
inline constexpr uint32_t kNone = 0;
inline constexpr uint32_t kListed = 0x0200007f;  // 127.0.0.2
inline constexpr uint32_t kSome = UINT32_MAX;    // listed, as whatever

// Whether a message answers with this A record alone, or with some for kSome, or says that there is no such name. Of
// questions for other types only the latter is told apart from an answer.
inline bool IsRight(std::span<const uint8_t> message, uint32_t a_be, uint16_t qtype = dns::kA) {
  if (message.size() < dns::kHeaderSize || (message[2] & 0x80) == 0) return false;
  const bool is_listed = a_be != kNone;
  if ((message[3] & 15) != (is_listed ? dns::kNoError : dns::kNxDomain)) return false;
  if (!is_listed || a_be == kSome || qtype != dns::kA) return true;
  size_t at = dns::kHeaderSize;
  while (at < message.size() && message[at] != 0) at += message[at] + 1u;
  at += 1 + 4 + 12;  // the root, type and class, and the record before its data
  uint32_t answered = 0;
  if (dns::Load16(&message[6]) != 1 || at + sizeof answered > message.size()) return false;
  std::memcpy(&answered, &message[at], sizeof answered);
  return answered == a_be;
}

}  // namespace rblitz::bench
