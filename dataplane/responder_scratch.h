// What a Responder keeps between the stages of a burst. For responder.cc and responder_any.cc only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/dns/address_labels.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/responder.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

// Header, longest address, longest apex, type and class, a ready answer and OPT: with this room nothing of it needs a
// check.
inline constexpr size_t kReadyRoom =
    dns::kHeaderSize + dns::kAddressLabelsRead + dns::kMaxName + 4 + ReadyAnswer::kMaxSize + dns::kOptSize;
static_assert(kReadyRoom <= dns::kMinUdpSize);

// Tables whose lines are fetched together.
inline constexpr size_t kRounds = 8;

// A question for an address in a zone.
struct Asked {
  uint8_t message;  // index in the burst
  bool edns;
  bool dnssec_ok;
  uint16_t question_end;
  uint16_t apex_at;
  uint16_t udp_size;
  uint16_t qtype;
  uint32_t address;
  const Zone::Rep* zone;
};

struct Responder::Scratch {
  dns::ParseAddressLabels parse_addresses = dns::BestAddressLabelsKernel().parse;

  // By message.
  const uint8_t* names[io::kBurst];
  uint32_t label_addresses[io::kBurst];
  uint8_t label_sizes[io::kBurst];

  // Questions for addresses, then the same ordered by zone.
  size_t asked_count = 0;
  Asked asked[io::kBurst];
  Asked ordered[io::kBurst];

  // Runs of one zone in `asked`.
  struct Group {
    const Zone::Rep* zone;
    size_t begin;
    size_t end;
  };
  size_t group_count = 0;
  Group groups[io::kBurst];

  // By position in `asked`.
  uint32_t addresses[io::kBurst];
  uint16_t ready[io::kBurst];
  uint8_t hits[io::kBurst];

  // By round: each group asks its next table.
  struct Round {
    uint32_t permuted[io::kBurst];
    uint8_t single[io::kBurst];
    uint8_t further[io::kBurst];
    ValueId values[io::kBurst];
    Ip4Cursor cursors[io::kBurst];  // by group: a slice of the arrays above
  };
  Round rounds[kRounds];
};

}  // namespace rblitz
