#include "tables/triplet_slots.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "tables/hash.h"
#include "tables/triplet_state.h"

namespace rblitz {

namespace state = triplet_state;

namespace {

// Another worker won each of these races for a slot: the table is not full, it is busy.
constexpr int kAttempts = 8;

}  // namespace

TripletSlots::TripletSlots(uint64_t rows, uint64_t seed)
    : seed_(seed),
      groups_(std::max<uint64_t>(1, (rows + rows / 3 + kSlotsPerGroup - 1) / kSlotsPerGroup)),
      overflowed_(groups_.size()) {
  assert(groups_.size() <= uint64_t{1} << 32);
}

TripletSlots::Home TripletSlots::HomeOf(const TripletKey& key) const noexcept {
  const uint64_t words[] = {key.network, key.fingerprint, static_cast<uint64_t>(key.kind)};
  const uint64_t hash = Hash64(words, sizeof(words), seed_);
  return {.group = static_cast<uint32_t>((hash >> 32) * groups_.size() >> 32),
          .line = static_cast<uint32_t>(hash % kLinesPerGroup)};
}

std::optional<TripletSlots::Found> TripletSlots::ReadIf(Slot* slot, const TripletKey& key) noexcept {
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

std::optional<TripletSlots::Found> TripletSlots::Find(const TripletKey& key, Home home) const noexcept {
  Group& group = groups_[home.group];
  for (Slot& slot : group.lines[home.line].slots) {
    if (std::optional<Found> found = ReadIf(&slot, key)) return found;
  }
  // Acquire: pairs with Insert's fetch_or. A row that was published before this load is not overlooked; one that comes
  // later is a race that invariant 3 settles.
  if ((overflowed_[home.group].load(std::memory_order_acquire) >> home.line & 1) == 0) return std::nullopt;
  for (size_t i = 1; i < kLinesPerGroup; ++i) {
    for (Slot& slot : group.lines[(home.line + i) % kLinesPerGroup].slots) {
      if (std::optional<Found> found = ReadIf(&slot, key)) return found;
    }
  }
  return std::nullopt;
}

bool TripletSlots::ChangeState(Found* found, const TripletRow& next) noexcept {
  const uint64_t word = state::Pack(next, found->state);
  // Release: pairs with ReadIf, for who acts on what this row has become.
  if (!found->slot->state.compare_exchange_strong(found->state, word, std::memory_order_acq_rel)) return false;
  found->state = word;
  return true;
}

bool TripletSlots::ChangeExtra(Found* found, const TripletRow& next) noexcept {
  const uint64_t word = state::PackExtra(next, found->state);
  if (word == found->extra) return true;
  if (!found->slot->extra.compare_exchange_strong(found->extra, word, std::memory_order_acq_rel)) return false;
  found->extra = word;
  return true;
}

TripletSlots::Choice TripletSlots::Choose(Home home, const NetworkRecords& records, const TripletRules& rules,
                                          uint32_t now) noexcept {
  struct Pending {
    Choice choice;
    uint32_t first;
  };
  std::array<Pending, kSlotsPerGroup> pending;
  size_t pendings = 0;
  Choice oldest;
  uint32_t oldest_minutes = 0;
  bool all_are_confirmed = true;
  for (size_t i = 0; i < kSlotsPerGroup; ++i) {
    Slot& slot = groups_[home.group].slot((home.line * kSlotsPerLine + i) % kSlotsPerGroup);
    const Choice choice{&slot, slot.state.load(std::memory_order_acquire), i < kSlotsPerLine};
    if (state::IsFree(choice.state)) return choice;
    const TripletRow row = state::Unpack(choice.state, 0);
    all_are_confirmed &= !state::IsBusy(choice.state) && !IsPending(row);
    if (state::IsBusy(choice.state)) continue;
    if (IsExpired(row, rules, now)) return choice;
    if (IsPending(row)) {
      pending[pendings++] = {choice, row.first};
    } else if (oldest.slot == nullptr || row.last_minutes < oldest_minutes) {
      oldest = choice;
      oldest_minutes = row.last_minutes;
    }
  }
  std::sort(pending.begin(), pending.begin() + pendings,
            [](const Pending& a, const Pending& b) { return a.first < b.first; });
  for (size_t i = 0; i < pendings; ++i) {
    if (Since(pending[i].first, now) > rules.RecentSeconds()) return pending[i].choice;
    const uint64_t network = pending[i].choice.slot->network.load(std::memory_order_acquire);
    if (!records.Look(network, rules, now).passed) return pending[i].choice;
  }
  return all_are_confirmed ? oldest : Choice{};
}

bool TripletSlots::Insert(const TripletRow& row, Home home, const NetworkRecords& records, const TripletRules& rules,
                          uint32_t now) noexcept {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Choice choice = Choose(home, records, rules, now);
    if (choice.slot == nullptr) return false;
    Slot& slot = *choice.slot;
    const uint64_t claimed = state::Claimed(choice.state);
    // Acquire: what follows stays behind the claim. Release is the business of the stores that follow.
    if (!slot.state.compare_exchange_strong(choice.state, claimed, std::memory_order_acq_rel)) continue;
    // Release, each: pairs with ReadIf's acquire loads (invariant 1).
    slot.network.store(row.key.network, std::memory_order_release);
    slot.fingerprint.store(row.key.fingerprint, std::memory_order_release);
    slot.extra.store(state::PackExtra(row, claimed), std::memory_order_release);
    if (!choice.is_at_home) {
      overflowed_[home.group].fetch_or(static_cast<uint8_t>(1u << home.line), std::memory_order_release);
    }
    // seq_cst: invariant 3. An exchange, because a store could pass the loads of JoinTwins.
    slot.state.exchange(state::Pack(row, claimed), std::memory_order_seq_cst);
    JoinTwins(row.key, home);
    return true;
  }
  return false;
}

void TripletSlots::JoinTwins(const TripletKey& key, Home home) noexcept {
  std::optional<Found> kept;
  for (size_t i = 0; i < kSlotsPerGroup; ++i) {
    std::optional<Found> found = ReadIf(&groups_[home.group].slot(i), key);
    if (!found) continue;
    if (!kept) {
      kept = found;
      continue;
    }
    Fold(*found, &*kept);
    // Lost: its inserter, or who took the slot for another row, was first.
    found->slot->state.compare_exchange_strong(found->state, state::Freed(found->state), std::memory_order_acq_rel);
  }
}

void TripletSlots::Fold(const Found& twin, Found* kept) noexcept {
  const uint64_t generation = kept->state;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TripletRow row = state::Unpack(kept->state, kept->extra);
    if (!state::IsSameRow(generation, kept->state) || state::IsFree(kept->state)) return;
    row.first = std::min(row.first, twin.row.first);
    row.last_minutes = std::max(row.last_minutes, twin.row.last_minutes);
    row.passed = row.passed || twin.row.passed;
    const uint64_t word = state::Pack(row, kept->state);
    if (word == kept->state ||
        kept->slot->state.compare_exchange_strong(kept->state, word, std::memory_order_acq_rel)) {
      return;
    }
  }
}

std::optional<TripletSlots::Found> TripletSlots::At(size_t slot) const noexcept {
  Slot& at = groups_[slot / kSlotsPerGroup].slot(slot % kSlotsPerGroup);
  const uint64_t seen = at.state.load(std::memory_order_acquire);
  if (state::IsFree(seen) || state::IsBusy(seen)) return std::nullopt;
  const TripletKey key{.network = at.network.load(std::memory_order_acquire),
                       .fingerprint = at.fingerprint.load(std::memory_order_acquire),
                       .kind = state::KindOf(seen)};
  return ReadIf(&at, key);
}

}  // namespace rblitz
