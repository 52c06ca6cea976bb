// What a Responder keeps between the stages of a burst. For responder*.cc and common_question.h only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/query.h"
#include "dataplane/grey_zone.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/responder.h"
#include "dataplane/zone_access.h"
#include "dataplane/zone_matches.h"
#include "dataplane/zone_rep.h"
#include "tables/heat_table.h"
#include "tables/vectors.h"

namespace rblitz {

// Of header, longest address and apex, type and class, a ready answer and OPT: with this room nothing needs a check.
inline constexpr size_t kReadyRoom =
    dns::kHeaderSize + dns::kAddressLabelsRead + dns::kMaxName + 4 + ReadyAnswer::kMaxSize + dns::kOptSize;
static_assert(kReadyRoom <= dns::kMinUdpSize);

// Tables whose lines are fetched together.
inline constexpr size_t kRounds = 8;

// The bits of the first `count` questions of a burst. REQUIRES: there is one.
[[nodiscard]] constexpr uint64_t FirstOf(size_t count) noexcept {
  static_assert(io::kBurst == 64);
  return ~uint64_t{0} >> (io::kBurst - count);
}

// There are no zone transfers: refused.
[[nodiscard]] constexpr bool IsTransfer(uint16_t qtype) noexcept { return qtype == dns::kAxfr || qtype == dns::kIxfr; }

// Whether one of them is a test point.
inline bool HasTestPoint(std::span<const uint32_t> addresses) noexcept {
  const auto first = All<U32x4>(kTestUnlisted);
  const auto second = All<U32x4>(kTestListed);
  U32x4 found{};
  size_t i = 0;
  for (; i + 4 <= addresses.size(); i += 4) {
    const auto four = LoadVector<U32x4>(&addresses[i]);
    found |= reinterpret_cast<U32x4>(four == first) | reinterpret_cast<U32x4>(four == second);
  }
  return !IsAllZero(found) || std::any_of(addresses.begin() + static_cast<ptrdiff_t>(i), addresses.end(), IsTestPoint);
}

// What follows the question: nothing, OPT at once and nothing more, or what ParseQuery tells.
enum class Form : uint8_t { kBare, kOpt, kOther };

// A question for an address in a zone.
struct Asked {
  uint8_t message;  // index in the burst
  Form form;
  uint16_t question_end;
  uint16_t qtype;
};

// Who asks a zone, as far as it wants to know, and what that client gets.
struct Asker {
  Ip6Address address;
  ZoneDecision gets;
};

// A question for a name below an apex that waits until those of the whole burst are looked up.
struct NameQuestion {
  uint8_t message;  // index in the burst
  uint16_t apex_at;
  Asker asker;
  dns::Query query;
};

// A question of a greylist that waits until those of the whole burst are decided.
struct GreyAsked {
  uint8_t message;  // index in the burst
  Form form;        // kOther: Scratch::grey_queries has it; else it is for A
  uint16_t question_end;
  const Zone::Rep* zone;
};

// A question for an IPv6 address in a zone of heat, the same.
struct HeatAsked {
  uint8_t message;
  uint16_t apex_at;
  const Zone::Rep* zone;
  dns::Query query;
};

// In lower case, with room behind it for those who read whole words.
using FoldedName = std::array<uint8_t, dns::kMaxName + 17>;

enum AnswerKind : size_t { kUnlisted, kUnlistedEdns, kListed, kListedEdns, kComposed, kAnswerKinds };
struct Responder::Scratch {
  dns::ParseAddressLabels parse_addresses = dns::BestAddressLabelsKernel().parse;

  // By message.
  const uint8_t* names[io::kBurst];
  uint32_t label_addresses[io::kBurst];
  uint8_t label_sizes[io::kBurst];

  // Questions for addresses: as they come, then by zone.
  size_t asked_count;
  Asked asked[io::kBurst];
  uint32_t addresses[io::kBurst];
  const Zone::Rep* zones[io::kBurst];  // as they come
  bool all_plain;                      // all of them are for A, and none needs ParseQuery

  // The zones of the burst; after SortByZone their runs in `asked`.
  struct Group {
    const Zone::Rep* zone;
    size_t begin;
    size_t end;
  };
  size_t group_count;
  Group groups[io::kBurst];

  // By position in `asked`, in zones of several tables: how many list it, and its ready answer, the last such table's.
  uint16_t ready[io::kBurst];
  uint16_t hits[io::kBurst];

  // Of those that are being written, by kind of answer: positions in `asked`.
  struct OfKind {
    size_t count;
    uint8_t at[io::kBurst];
  };
  OfKind of_kind[kAnswerKinds];

  size_t most_tables;  // of a zone of the burst

  // By round: each group asks its next table.
  struct Round {
    uint32_t permuted[io::kBurst];
    const uint8_t* lines[io::kBurst];
    alignas(kVectorSize) ValueId values[io::kBurst];
    Ip4Cursor cursors[io::kBurst];  // by group: a slice of the arrays above
  };
  Round rounds[kRounds];
  // Of questions that are alike, by table: what it says, and whom it lists.
  alignas(kVectorSize) ValueId table_values[kMaxReadyTables][io::kBurst];
  uint64_t table_hits[kMaxReadyTables];

  // Questions for names, by their index in `matches`; the next one's is folded before it is known to be one.
  ZoneMatches matches;
  NameQuestion name_questions[io::kBurst];
  FoldedName folded[io::kBurst];
  static_assert(ZoneMatches::kCapacity >= io::kBurst);
  // That of the question that is being read, should it be one for a name.
  [[nodiscard]] NameQuestion& next_name() noexcept { return name_questions[matches.size()]; }

  // Questions of greylists, and what becomes of them.
  size_t grey_count;
  GreyAsked grey[io::kBurst];
  dns::Query grey_queries[io::kBurst];
  GreyQuestion grey_questions[io::kBurst];
  GreyDecision grey_decisions[io::kBurst];
  static_assert(TripletTable::kMaxBatch >= io::kBurst);

  // Of heat: what tables say, by position in `asked` or by message; and questions for IPv6 addresses, which are few.
  alignas(kVectorSize) HeatHit heat_hits[io::kBurst];
  size_t heat6_count;
  HeatAsked heat6[io::kBurst];
  Ip6Address heat6_addresses[io::kBurst];

  void Begin() noexcept {
    matches.Clear();
    grey_count = 0;
    heat6_count = 0;
    asked_count = 0;
    all_plain = true;
  }

  void Add(uint8_t message, Form form, uint16_t question_end, uint16_t qtype, uint32_t address,
           const Zone::Rep& zone) noexcept {
    asked[asked_count] = {.message = message, .form = form, .question_end = question_end, .qtype = qtype};
    zones[asked_count] = &zone;
    addresses[asked_count++] = address;
  }

  template <class KindOf>
  void SortByKind(size_t begin, size_t end, KindOf&& kind_of) noexcept {
    for (OfKind& kind : of_kind) kind.count = 0;
    for (size_t i = begin; i < end; ++i) {
      OfKind& kind = of_kind[kind_of(asked[i], i)];
      kind.at[kind.count++] = static_cast<uint8_t>(i);
    }
  }
};

}  // namespace rblitz
