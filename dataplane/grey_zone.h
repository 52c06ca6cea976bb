// What a zone of a greylist answers with: lists first, then the table of triplets.
//
// Order of a decision: block list (127.0.0.10), client list (.7), recipients that opted out (.8), table. Clients that
// are excepted are on no list. Asked by responder*.cc and, for `rblitz grey`, by cli/grey_answers.cc.
//
// Thread-safety: const once the zone is built. Lifetime: it points into the feeds of the zone's Snapshot.
// Cost: no allocation, no lock; one lookup for each list, and what tables/triplet_table.h says.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/grey_question.h"
#include "dataplane/greylist.h"
#include "tables/snapshot.h"
#include "tables/triplet_row.h"

namespace rblitz {

struct GreyZone {
  std::shared_ptr<Greylist> state;
  TripletRules rules;
  bool observe = false;  // passes everything, and records as if it did not
  // Feeds of addresses, but for the last.
  std::vector<const FeedData*> block;
  std::vector<const FeedData*> pass;
  std::vector<const FeedData*> excepted;
  std::vector<const FeedData*> opted_out;  // of digests of recipients

  // What the lists of clients say; nothing: none has this one.
  [[nodiscard]] std::optional<GreyDecision> ByClient(const Ip6Address& client) const noexcept;
  // What a list says; nothing: none has it.
  [[nodiscard]] std::optional<GreyDecision> ByList(const GreyQuestion& question) const noexcept;

  // What a question would get; changes nothing.
  [[nodiscard]] GreyDecision Look(const GreyQuestion& question, uint32_t now) const noexcept;

  // What each gets, and counts it; those that only look, behind the others. REQUIRES: at most TripletTable::kMaxBatch
  // questions.
  void Decide(std::span<const GreyQuestion> questions, uint32_t now, size_t worker,
              GreyDecision* decisions) const noexcept;
};

// What an answer is as an A record: 127.0.0.2 to 127.0.0.10, in network order.
[[nodiscard]] constexpr uint32_t GreyA(GreyAnswer answer) noexcept {
  return __builtin_bswap32(0x7f000000 | static_cast<uint32_t>(answer));
}

// The text of a look: v=grey1 s=defer wait=287 first=1718000000 why=new; room for kGreyTextBytes; returns its bytes.
inline constexpr size_t kGreyTextBytes = 96;
[[nodiscard]] size_t GreyText(const GreyDecision& decision, char* out) noexcept;

}  // namespace rblitz
