// Where the rows of the greylist stand: one set-associative table of fixed size, read and changed by every worker at
// once.
//
// A row stands anywhere in its group of sixteen slots, eight cache lines. The group's head has a byte for each slot: a
// tag, eight bits of the hash of the key that stands there, or 0 for a free slot. So a row is found, or found missing,
// by its group's head and the slots with its tag, which are no others in 15 of 16 cases. Rows never move. A group that
// is full gives up, in this order: an expired row; the oldest pending row that is not recent; the oldest pending row of
// a network that has never passed; for a confirmed row the oldest pending one; and if all its rows are confirmed, the
// one that was seen longest ago, markers last.
//
// Invariants, on which the orderings below rest:
//   1. A slot's network, fingerprint and tag change only while its state is busy, and who made it busy is alone in
//      doing so. A slot that holds a row has its tag.
//   2. Busy raises the generation, so a state with the same generation is of the same row. Eight replacements between a
//      load and its compare-and-swap, with all times equal, could fool the state; four, with equal epoch and payload,
//      the extra, which has two bits of it.
//   3. Two slots may hold one key only until the later of their inserters has returned: each publishes, then looks at
//      the group's head and slots in the one order of seq_cst operations, so that at least one of two sees both tags,
//      which were there before the rows, and both rows, and the one that stands later in the group is joined into the
//      other, then freed. Nobody loses kAttempts races for one row; if it were so, the two would stay until the next
//      insertion of their key.
//   4. `extra` and `state` change one at a time, each to something that is right with the other's old value, or loses
//      to what comes. But for one: an address' row whose first credit becomes an earlier one has its other credits at
//      the wrong hours in between, though not more of them.
//
// Progress: Find, ChangeState and ChangeExtra are wait-free; Change and Insert give up after a few lost races. Nobody
// waits for a busy slot: it matches nothing.
// Room: groups fill unevenly. With as many confirmed rows as were asked for, 2 of 100 (a Poisson tail, 12 rows expected
// in 16 slots) find their group full. Cost: 33 bytes a slot, 44 a row at 3/4 load. A head for a row that is not there,
// a head and a cache line for one that is; heads are a thirtieth of the table, so that caches hold them where they do
// not hold rows. A new row in a full group looks at eight lines, side by side.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "tables/hash.h"
#include "tables/huge_array.h"
#include "tables/network_records.h"
#include "tables/slot_tags.h"
#include "tables/triplet_row.h"
#include "tables/triplet_state.h"

namespace rblitz {

// What a new row had to take the place of.
enum class PushedOut : uint8_t {
  kNothing,
  kExpired,
  kPending,
  kConfirmed,  // what has passed, whitelists and markers among it
};
inline constexpr size_t kPushedOuts = 4;

class TripletSlots {
  struct Slot;

 public:
  struct Home {
    uint32_t group;
    uint32_t tag;  // 1..255
  };
  // A row as it stood at one moment, and where.
  struct Found {
    TripletRow row;
    Slot* slot;
    uint64_t state;
    uint64_t extra;
  };

  // Room for `rows`, with a third more slots. The seed keeps places from being guessed.
  TripletSlots(uint64_t rows, uint64_t seed);

  [[nodiscard]] Home HomeOf(const TripletKey& key) const noexcept {
    const uint64_t hash = Hash64(key.network, key.fingerprint, seed_ + static_cast<uint64_t>(key.kind));
    return {.group = static_cast<uint32_t>((hash >> 32) * groups_.size() >> 32),
            .tag = 1 + static_cast<uint32_t>((hash & 0xffffffff) * 255 >> 32)};
  }
  // Whether a row of a whitelist may stand there: a bit for an eighth of a group's tags, set when such a row comes and
  // never cleared. Most addresses and domains have none, and a byte a group, which caches hold, says so without the
  // head. A row that another worker inserts just now may be overlooked. What to prefetch for it:
  [[nodiscard]] const void* WhitelistHintOf(Home home) const noexcept { return &whitelist_hints_[home.group]; }
  [[nodiscard]] bool MayHoldWhitelist(Home home) const noexcept {
    return (whitelist_hints_[home.group].load(std::memory_order_relaxed) >> HintBitOf(home) & 1) != 0;
  }
  // What to prefetch: the head; then, once that is there, the rows that Find will look at, and whether there are any;
  // then, where there are none, what Insert will look at.
  [[nodiscard]] const void* HeadOf(Home home) const noexcept { return &heads_[home.group]; }
  template <class Add>
  bool ForRows(Home home, Add add) const noexcept {
    const uint32_t matches = heads_[home.group].Matches(home.tag, std::memory_order_relaxed);
    for (uint32_t left = matches; left != 0; left &= left - 1) add(&groups_[home.group].slots[std::countr_zero(left)]);
    return matches != 0;
  }
  template <class Add>
  void ForRoom(Home home, Add add) const noexcept {
    const Group& group = groups_[home.group];
    if (const uint32_t free = heads_[home.group].Matches(0, std::memory_order_relaxed); free != 0) {
      add(&group.slots[std::countr_zero(free)]);
      return;
    }
    for (size_t i = 0; i < kSlotsPerGroup; i += kSlotsPerLine) add(&group.slots[i]);
  }

  [[nodiscard]] std::optional<Found> Find(const TripletKey& key, Home home) const noexcept;

  // To what `next` says of times, passed and forgotten, or of epoch and payload. False: another worker was first, and
  // nothing has changed.
  [[nodiscard]] bool ChangeState(Found* found, const TripletRow& next) noexcept;
  [[nodiscard]] bool ChangeExtra(Found* found, const TripletRow& next) noexcept;
  // Both, in the order that is safe for whoever reads in between; found->row is what stands there then, which is of a
  // later epoch than `next` where another worker has raised it meanwhile. False: another worker was first, and the
  // state has not changed; the extra may have.
  [[nodiscard]] bool Change(Found* found, const TripletRow& next) noexcept;

  // REQUIRES: Find found none, just now. Nothing: all slots of the group are protected.
  [[nodiscard]] std::optional<PushedOut> Insert(const TripletRow& row, Home home, const NetworkRecords& records,
                                                const RulesAt& at) noexcept;

  [[nodiscard]] size_t size() const noexcept { return groups_.size() * kSlotsPerGroup; }
  // What stands in a slot, for walkers; other threads may go on.
  [[nodiscard]] std::optional<Found> At(size_t slot) const noexcept;
  [[nodiscard]] size_t bytes() const noexcept { return groups_.bytes() + heads_.bytes() + whitelist_hints_.bytes(); }
  void Back() noexcept;  // HugeArray's

 private:
  static constexpr size_t kSlotsPerGroup = SlotTags::kSize;
  static constexpr size_t kSlotsPerLine = 2;

  struct Slot {
    std::atomic<uint64_t> network;
    std::atomic<uint64_t> fingerprint;
    std::atomic<uint64_t> state;  // triplet_state.h
    std::atomic<uint64_t> extra;
  };
  struct alignas(64) Group {
    Slot slots[kSlotsPerGroup];
  };
  struct Choice {
    Slot* slot = nullptr;
    uint64_t state = 0;
    PushedOut pushes_out = PushedOut::kNothing;
  };

  [[nodiscard]] static unsigned HintBitOf(Home home) noexcept { return home.tag / 32; }
  void NoteKind(TripletKind kind, Home home) noexcept;
  [[nodiscard]] static std::optional<Found> ReadIf(Slot* slot, const TripletKey& key) noexcept;
  [[nodiscard]] Choice ChooseFree(Home home) noexcept;
  [[nodiscard]] Choice Choose(Home home, bool is_pending, const NetworkRecords& records, const RulesAt& at) noexcept;
  [[nodiscard]] Choice ChooseOccupied(Home home, bool is_pending, const NetworkRecords& records,
                                      const RulesAt& at) noexcept;
  [[nodiscard]] bool ChangeBoth(Found* found, const TripletRow& next) noexcept;
  void RaiseEpoch(Found* found, const TripletRow& next) noexcept;
  void JoinTwins(const TripletKey& key, Home home) noexcept;
  void Fold(Slot* twin, Slot* kept, const TripletKey& key, Home home) noexcept;
  [[nodiscard]] bool Free(Slot* slot, uint64_t expected, Home home) noexcept;

  uint64_t seed_;
  // Slots are read and changed by atomic operations alone, through const tables too.
  mutable HugeArray<Group> groups_;
  HugeArray<SlotTags> heads_;                        // one a group
  HugeArray<std::atomic<uint8_t>> whitelist_hints_;  // likewise
};

// Here, because callers look at little of what is found.
inline std::optional<TripletSlots::Found> TripletSlots::ReadIf(Slot* slot, const TripletKey& key) noexcept {
  namespace state = triplet_state;
  // seq_cst: invariant 3; on x86 it costs a load no more than acquire does, which pairs with Insert's publication.
  const uint64_t before = slot->state.load(std::memory_order_seq_cst);
  if (state::IsFree(before) || state::IsBusy(before) || state::KindOf(before) != key.kind) return std::nullopt;
  // Acquire: pairs with Insert's release stores. Who reads a word of the next row also sees that the slot was claimed.
  if (slot->network.load(std::memory_order_acquire) != key.network ||
      slot->fingerprint.load(std::memory_order_acquire) != key.fingerprint) {
    return std::nullopt;
  }
  const uint64_t extra = slot->extra.load(std::memory_order_acquire);
  const uint64_t after = slot->state.load(std::memory_order_acquire);
  if (!state::IsSameRow(before, after) || state::IsFree(after)) return std::nullopt;
  Found found{.row = state::Unpack(after, extra), .slot = slot, .state = after, .extra = extra};
  found.row.key = key;
  return found;
}

inline std::optional<TripletSlots::Found> TripletSlots::Find(const TripletKey& key, Home home) const noexcept {
  // Acquire: pairs with Set. A row that was published before this load is not overlooked; one that comes later is a
  // race that invariant 3 settles.
  uint32_t matches = heads_[home.group].Matches(home.tag, std::memory_order_acquire);
  for (; matches != 0; matches &= matches - 1) {
    Slot& slot = groups_[home.group].slots[std::countr_zero(matches)];
    if (std::optional<Found> found = ReadIf(&slot, key)) return found;
  }
  return std::nullopt;
}

}  // namespace rblitz
