// Answers as zones have them ready: records that were laid out when the zone was built.
//
// Thread-safety: const once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/dns/wire.h"

namespace rblitz {

// Records made ready at build: left is to write where names stand, which end in pointers to the question's apex.
struct RecordChunk {
  // The two bytes at `at` become a pointer to the apex's offset in the message plus `delta`.
  struct Place {
    uint16_t at;
    uint16_t delta;
  };
  std::vector<uint8_t> bytes;
  std::vector<Place> places;
  uint16_t records = 0;
};

// A whole answer behind the question, OPT included, to be copied as it is, and what it does to a question's sum, so
// that carrying a checksum over costs a few additions.
struct ReadyAnswer {
  static constexpr size_t kCapacity = 128;
  static constexpr size_t kMaxSize = kCapacity - dns::kOptSize;

  alignas(16) uint8_t bytes[kCapacity] = {};  // records, then OPT without DO, whether it is sent or not
  uint64_t head = 0;  // the header's flags, RD clear, and its first three counts, in memory order
  size_t size = 0;    // of the records
  // net::Change from the question's counts and OPT (its size and flags 0) to the flags, the counts and all that is sent
  // behind the question: [with OPT][question_end is odd]. A multiple of 0xffff on top keeps differences positive:
  // whatever else of a question can change is below 2^27, and they stay far from 2^32.
  static constexpr uint32_t kSumBias = 0xffffu << 12;
  uint32_t changes[2][2] = {};
};

// Where an address question's apex can stand: behind 8 to 16 bytes of labels. Pointers of negative answers depend on
// nothing else: ready[0] to ready[8] are one for each.
inline constexpr size_t kMinLabelBytes = 8;
inline constexpr size_t kNegatives = 9;
// The apex stands there behind four labels of one digit, which can be nibbles too: in a zone with IPv6 addresses such a
// name exists (RFC 8020).
inline constexpr size_t kNibblesEnd = dns::kHeaderSize + kMinLabelBytes;

inline constexpr uint16_t kCompose = 0xffff;  // no ready answer: write it record by record
inline constexpr size_t kMaxReadyAnswers = 4096;

}  // namespace rblitz
