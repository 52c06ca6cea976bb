// The greylist: who must wait and who has waited. Decides by time alone, never by counts of questions, so that a
// question that is asked again changes nothing that its first asking did not.
//
// Order of a decision: auto-whitelisted address, auto-whitelisted domain of a sender from a network, triplet. A triplet
// that matures earns its address a credit, at most one an hour, and its domain a sender. Bounded memory: what is new
// may push out what TripletSlots says, or is left unrecorded. A network may make rules.new_rows in a window of delay +
// 15 minutes; beyond that its mail is deferred unrecorded, or passes unrecorded if it has passed before.
//
// Thread-safety: all from any thread at any time, lock-free; each thread brings a ring of its own. Ordering:
// triplet_slots.h. Units: seconds since 1970. Errors: none; what cannot be recorded is kUnrecorded. Cost, in cache
// lines: a head and a row for a known triplet; a head, a row and the network's record for a new one; a head and a row
// more for a whitelisted address, and for any other a hint, of which caches hold the most (TripletSlots). All are
// fetched ahead, chunk by chunk of a burst.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tables/network_records.h"
#include "tables/triplet_ring.h"
#include "tables/triplet_row.h"
#include "tables/triplet_slots.h"

namespace rblitz {

struct TripletQuestion {
  uint64_t network = 0;  // masked, as in TripletKey
  uint64_t client = 0;   // the lower 64 bits of an IPv6 address, or the IPv4 address
  // The upper 64 bits of the address, where the network is less than those; 0: the network.
  uint64_t client_network = 0;
  uint64_t triplet = 0;  // of sender and recipient
  uint64_t sender = 0;   // of the sender
  uint64_t domain = 0;   // of the sender's domain; 0: not told
  bool aligned = false;  // the triplet belongs to the domain instead of the network; REQUIRES: domain
};

// Of the row that its question changes.
[[nodiscard]] inline TripletKey KeyOf(const TripletQuestion& question) noexcept {
  return {.network = question.aligned ? question.domain : question.network,
          .fingerprint = question.triplet,
          .kind = question.aligned ? TripletKind::kDomain : TripletKind::kNetwork};
}

// The last octet of the answer. Those of lists are given before this table is asked.
enum class GreyAnswer : uint8_t {
  kMatured = 2,
  kKnown = 3,
  kDefer = 4,
  kWhitelisted = 6,
  kPassList = 7,
  kOptedOut = 8,
  kUnrecorded = 9,
  kBlockList = 10,
};
inline constexpr size_t kGreyAnswers = 11;

enum class GreyReason : uint8_t {
  kNew,           // never seen, or forgotten
  kEarly,         // within the delay
  kLate,          // nobody came back within the window: it starts anew
  kMatured,       //
  kKnown,         //
  kClient,        // the address has its credits
  kSenderDomain,  // the domain has its senders
  kFull,          // every slot that it could take is protected
  kCapped,        // its network has made too many new rows
  kBehind,        // the journal has no room
  kLoading,       // what is on disk has not been read yet
  kPassList,      // the client is on a list
  kOptedOut,      // the recipient is
  kBlockList,     // the client is
  kCount,
};

struct GreyDecision {
  GreyAnswer answer;
  GreyReason reason;
  // The worst that its new rows, credits among them, took the place of.
  PushedOut pushed_out = PushedOut::kNothing;
  uint32_t wait_seconds = 0;  // of kDefer
  uint32_t first = 0;         // when the triplet was first seen; 0: it was not

  auto operator<=>(const GreyDecision&) const = default;
};

class TripletTable {
 public:
  static constexpr size_t kMaxBatch = 64;
  // Rows that one decision may push.
  static constexpr size_t kMaxChanges = 3;

  // The seed only places rows; it is kept with the state so that a store fits the table that it is loaded into.
  TripletTable(uint64_t max_triplets, uint64_t seed);

  // `changes` takes what the journal must keep; null: nothing is kept. REQUIRES: at most kMaxBatch questions.
  void Decide(std::span<const TripletQuestion* const> questions, const TripletRules& rules, uint32_t now,
              TripletRing* changes, GreyDecision* decisions) noexcept;
  void Decide(std::span<const TripletQuestion> questions, const TripletRules& rules, uint32_t now, TripletRing* changes,
              GreyDecision* decisions) noexcept;

  // What Decide would say; nothing changes.
  [[nodiscard]] GreyDecision Look(const TripletQuestion& question, const TripletRules& rules,
                                  uint32_t now) const noexcept;

  // A row from a store, joined with what is there; what stands there now. Nothing: it is expired, or no slot was free.
  std::optional<TripletRow> Join(const TripletRow& row, const TripletRules& rules, uint32_t now) noexcept;
  // The same for who reads a store and does not ask what became of its rows. Cost: memory is asked for many rows at
  // once.
  void Load(std::span<const TripletRow> rows, const TripletRules& rules, uint32_t now) noexcept;

  // Leaves a marker for the lifetime of rows, whether there was a row or not, and returns it; nothing: no slot was
  // free.
  [[nodiscard]] std::optional<TripletRow> Forget(const TripletKey& key, const TripletRules& rules,
                                                 uint32_t now) noexcept;

  [[nodiscard]] std::optional<TripletRow> Find(const TripletKey& key) const noexcept;

  // visit(const TripletRow&) for each row, each as it stood at one moment; workers are not held up.
  template <class Visit>
  void Walk(Visit visit) const {
    Walk(0, slots_.size(), visit);
  }
  // Of those that stand in slots [from, to), for who walks in steps: rows do not move.
  template <class Visit>
  void Walk(size_t from, size_t to, Visit visit) const {
    for (size_t i = from; i < std::min(to, slots_.size()); ++i) {
      if (const auto found = slots_.At(i)) visit(found->row);
    }
  }

  [[nodiscard]] size_t slots() const noexcept { return slots_.size(); }
  [[nodiscard]] size_t bytes() const noexcept { return slots_.bytes() + records_.bytes(); }
  // Takes that memory from the kernel at once, in place of with the first triplet of each 2 MiB. Cost: zeroing it.
  void Back() noexcept {
    slots_.Back();
    records_.Back();
  }

 private:
  // Questions whose memory is asked for in one go: about as many lines as a core can wait for at once, so that asking
  // for more does not hold it up (measured: docs/performance.md).
  static constexpr size_t kChunk = 16;
  // What is fetched for one: rows and the room for new ones, in groups that are full, and then some.
  static constexpr size_t kLinesEach = 16;

  struct Homes;
  struct Asking;

  void FindHomes(const TripletQuestion& question, const TripletRules& rules, Homes* homes) const noexcept;
  // Each asks for memory that the next looks at.
  void FetchHeads(std::span<const TripletQuestion* const> questions, const TripletRules& rules,
                  Homes* homes) const noexcept;
  void FetchWhitelists(std::span<const Homes> homes) const noexcept;
  void FetchRows(std::span<const Homes> homes) const noexcept;
  [[nodiscard]] bool MayPassClient(const Homes& homes) const noexcept;
  [[nodiscard]] bool MayPassSenderDomain(const Homes& homes) const noexcept;
  [[nodiscard]] bool IsWhitelistedNow(const Asking& asking, const TripletKey& key, TripletSlots::Home home) noexcept;
  [[nodiscard]] GreyDecision DecideOne(const Asking& asking) noexcept;
  [[nodiscard]] GreyDecision DecideTriplet(const Asking& asking) noexcept;
  [[nodiscard]] std::optional<GreyDecision> Capped(NetworkRecords::Home home, const RulesAt& at) const noexcept;
  [[nodiscard]] GreyDecision AddNew(const Asking& asking, const TripletKey& key) noexcept;
  void NotePasses(const Asking& asking) noexcept;
  PushedOut Mature(const Asking& asking) noexcept;
  PushedOut Earn(const Asking& asking, const TripletKey& key, TripletSlots::Home home) noexcept;
  void Refresh(const Asking& asking, TripletSlots::Found* found) noexcept;
  [[nodiscard]] bool JoinAt(const TripletRow& row, TripletSlots::Home home, const RulesAt& at) noexcept;
  void NoteJoined(const TripletRow& row, bool is_new, const RulesAt& at) noexcept;

  TripletSlots slots_;
  NetworkRecords records_;
};

}  // namespace rblitz
