#include "dataplane/ready_answer.h"

#include <algorithm>
#include <cstring>

#include "dataplane/net/checksum.h"

namespace rblitz {

namespace {

uint16_t Flags(dns::Rcode rcode) { return __builtin_bswap16(static_cast<uint16_t>(dns::kQr | dns::kAa | rcode)); }

// The four counts as they stand in memory; ARCOUNT is added by whoever writes OPT.
uint64_t Counts(uint16_t answers, uint16_t authority) {
  uint8_t counts[8];
  dns::Store16(counts, 1);
  dns::Store16(counts + 2, answers);
  dns::Store16(counts + 4, authority);
  dns::Store16(counts + 6, 0);
  uint64_t value;
  std::memcpy(&value, counts, sizeof value);
  return value;
}

// A count of one as it stands in memory.
constexpr uint32_t kOne = 0x0100;

}  // namespace

bool MakeReady(const RecordChunk& chunk, size_t apex_at, dns::Rcode rcode, Section section, ReadyAnswer& ready) {
  if (chunk.bytes.size() > ReadyAnswer::kMaxSize) return false;
  std::copy(chunk.bytes.begin(), chunk.bytes.end(), ready.bytes);
  for (const auto& [at, delta] : chunk.places) {
    dns::Store16(ready.bytes + at, static_cast<uint16_t>(dns::kPointer | (apex_at + delta)));
  }
  ready.size = chunk.bytes.size();
  uint8_t* const opt = ready.bytes + ready.size;
  dns::Store16(opt + 1, dns::kOpt);
  dns::Store16(opt + 3, dns::kUdpSize);
  const uint16_t flags = Flags(rcode);
  const uint64_t counts = section == Section::kAnswer ? Counts(chunk.records, 0) : Counts(0, chunk.records);
  ready.head = flags | counts << 16;
  for (const unsigned edns : {0u, 1u}) {
    const uint64_t sent_counts = counts | uint64_t{edns} << 56;
    const uint32_t records = net::Sum(ready.bytes, ready.size + edns * dns::kOptSize);
    for (const unsigned odd : {0u, 1u}) {
      const uint64_t added = flags + (sent_counts & 0xffffffff) + (sent_counts >> 32) + net::AtOffset(records, odd);
      const uint32_t removed = edns == 0 ? kOne : 2 * kOne + (uint32_t{dns::kOpt} << (8 * odd));
      ready.changes[edns][odd] = ReadyAnswer::kSumBias + net::Change(removed, net::Fold(added));
    }
  }
  return true;
}

}  // namespace rblitz
