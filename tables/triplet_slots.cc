#include "tables/triplet_slots.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace rblitz {

namespace state = triplet_state;

namespace {

// Another worker won each of these races for a slot: the table is not full, it is busy.
constexpr int kAttempts = 8;

// Of the slots whose bits are set, the one that was first seen longest ago.
size_t Oldest(uint32_t slots, const uint64_t* states) {
  auto oldest = static_cast<size_t>(std::countr_zero(slots));
  for (; slots != 0; slots &= slots - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(slots));
    if (state::FirstOf(states[i]) < state::FirstOf(states[oldest])) oldest = i;
  }
  return oldest;
}

}  // namespace

TripletSlots::TripletSlots(uint64_t rows, uint64_t seed)
    : seed_(seed),
      groups_(std::max<uint64_t>(1, (rows + rows / 3 + kSlotsPerGroup - 1) / kSlotsPerGroup)),
      heads_(groups_.size()),
      whitelist_hints_(groups_.size()) {
  assert(groups_.size() <= uint64_t{1} << 32);
}

void TripletSlots::Back() noexcept {
  groups_.Back();
  heads_.Back();
  whitelist_hints_.Back();
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

bool TripletSlots::Change(Found* found, const TripletRow& next) noexcept {
  if (!ChangeBoth(found, next)) return false;
  // Whoever raised the epoch before the state changed has looked in vain for that change, and whoever raises it later
  // sees it: of the two, at least one hands over both.
  found->extra = found->slot->extra.load(std::memory_order_acquire);
  const bool is_there = state::IsSameExtra(found->extra, found->state);
  found->row = is_there ? state::Unpack(found->state, found->extra) : next;
  found->row.key = next.key;
  return true;
}

bool TripletSlots::ChangeBoth(Found* found, const TripletRow& next) noexcept {
  // A marker's epoch is there before the marker, that of a row which begins a new epoch comes after it: whoever reads
  // in between, or loads what was read, has a row that loses to the one that comes.
  if (next.forgotten || next.epoch <= found->row.epoch) return ChangeExtra(found, next) && ChangeState(found, next);
  if (!ChangeState(found, next)) return false;
  RaiseEpoch(found, next);
  return true;
}

// Unless another worker has replaced the row, or raised its epoch as far: to forget it once more, say.
void TripletSlots::RaiseEpoch(Found* found, const TripletRow& next) noexcept {
  for (int attempt = 0; attempt < kAttempts && !ChangeExtra(found, next); ++attempt) {
    if (!state::IsSameExtra(found->extra, found->state)) return;
    if (state::Unpack(found->state, found->extra).epoch >= next.epoch) return;
  }
}

TripletSlots::Choice TripletSlots::ChooseFree(Home home) noexcept {
  uint32_t free = heads_[home.group].Matches(0, std::memory_order_relaxed);
  for (; free != 0; free &= free - 1) {
    Slot& slot = groups_[home.group].slots[std::countr_zero(free)];
    const uint64_t seen = slot.state.load(std::memory_order_acquire);
    if (state::IsFree(seen)) return {.slot = &slot, .state = seen};
  }
  return {};
}

TripletSlots::Choice TripletSlots::Choose(Home home, bool is_pending, const NetworkRecords& records,
                                          const RulesAt& at) noexcept {
  const Choice free = ChooseFree(home);
  return free.slot != nullptr ? free : ChooseOccupied(home, is_pending, records, at);
}

TripletSlots::Choice TripletSlots::ChooseOccupied(Home home, bool is_pending, const NetworkRecords& records,
                                                  const RulesAt& at) noexcept {
  Group& group = groups_[home.group];
  uint64_t states[kSlotsPerGroup];
  uint32_t pending = 0;  // bit i: slot i
  Choice oldest;
  uint64_t lowest = ~uint64_t{0};
  for (size_t i = 0; i < kSlotsPerGroup; ++i) {
    const uint64_t seen = states[i] = group.slots[i].state.load(std::memory_order_acquire);
    if (state::IsFree(seen)) return {.slot = &group.slots[i], .state = seen};
    if (state::IsBusy(seen)) continue;
    const bool is_triplet_pending = state::IsPending(seen);
    if (is_triplet_pending ? at.EndsPending(state::FirstOf(seen)) : at.EndsOthers(state::LastMinutesOf(seen))) {
      return {.slot = &group.slots[i], .state = seen, .pushes_out = PushedOut::kExpired};
    }
    if (is_triplet_pending) {
      pending |= 1u << i;
      continue;
    }
    // Markers last: without one, what was forgotten would come back from other stores.
    const uint64_t rank = uint64_t{state::IsForgotten(seen)} << 32 | state::LastMinutesOf(seen);
    if (rank >= lowest) continue;
    oldest = {.slot = &group.slots[i], .state = seen, .pushes_out = PushedOut::kConfirmed};
    lowest = rank;
  }
  if (pending == 0) return oldest;
  const auto choose = [&](size_t i) -> Choice {
    return {.slot = &group.slots[i], .state = states[i], .pushes_out = PushedOut::kPending};
  };
  const size_t first = Oldest(pending, states);
  for (uint32_t left = pending; left != 0;) {
    const size_t i = Oldest(left, states);
    if (!at.IsRecent(state::FirstOf(states[i]))) return choose(i);
    const uint64_t network = group.slots[i].network.load(std::memory_order_acquire);
    if (!records.Look(records.HomeOf(network), at).passed) return choose(i);
    left &= ~(1u << i);
  }
  return is_pending ? Choice{} : choose(first);
}

// Relaxed: who sees the row, which is published after this, sees the bit; who does not has asked before it came.
void TripletSlots::NoteKind(TripletKind kind, Home home) noexcept {
  if (kind != TripletKind::kClient && kind != TripletKind::kSenderDomain) return;
  std::atomic<uint8_t>& hints = whitelist_hints_[home.group];
  if (!MayHoldWhitelist(home)) hints.fetch_or(static_cast<uint8_t>(1u << HintBitOf(home)), std::memory_order_relaxed);
}

std::optional<PushedOut> TripletSlots::Insert(const TripletRow& row, Home home, const NetworkRecords& records,
                                              const RulesAt& at) noexcept {
  NoteKind(row.key.kind, home);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Choice choice = Choose(home, IsPending(row), records, at);
    if (choice.slot == nullptr) return std::nullopt;
    Slot& slot = *choice.slot;
    const uint64_t claimed = state::Claimed(choice.state);
    // Acquire: what follows stays behind the claim. Release is the business of the stores that follow.
    if (!slot.state.compare_exchange_strong(choice.state, claimed, std::memory_order_acq_rel)) continue;
    // Release, each: pairs with ReadIf's acquire loads (invariant 1).
    slot.network.store(row.key.network, std::memory_order_release);
    slot.fingerprint.store(row.key.fingerprint, std::memory_order_release);
    slot.extra.store(state::PackExtra(row, claimed), std::memory_order_release);
    heads_[home.group].Set(static_cast<size_t>(&slot - groups_[home.group].slots), home.tag);
    // seq_cst: invariant 3. An exchange, because a store could pass the loads of JoinTwins.
    slot.state.exchange(state::Pack(row, claimed), std::memory_order_seq_cst);
    JoinTwins(row.key, home);
    return choice.pushes_out;
  }
  return std::nullopt;
}

void TripletSlots::JoinTwins(const TripletKey& key, Home home) noexcept {
  Slot* kept = nullptr;
  uint32_t matches = heads_[home.group].Matches(home.tag, std::memory_order_seq_cst);
  if (std::has_single_bit(matches)) return;  // that of the row itself
  for (; matches != 0; matches &= matches - 1) {
    Slot* const slot = &groups_[home.group].slots[std::countr_zero(matches)];
    if (!ReadIf(slot, key)) continue;
    if (kept == nullptr) {
      kept = slot;
    } else {
      Fold(slot, kept, key, home);
    }
  }
}

// What another worker changes in between is folded too; the twin goes only when the kept one has all of it.
void TripletSlots::Fold(Slot* twin, Slot* kept, const TripletKey& key, Home home) noexcept {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::optional<Found> from = ReadIf(twin, key);
    std::optional<Found> to = ReadIf(kept, key);
    if (!from || !to) return;  // its inserter was first, or one of them has been pushed out
    const TripletRow joined = Join(from->row, to->row);
    if (joined != to->row && !Change(&*to, joined)) continue;
    if (Free(twin, from->state, home)) return;
  }
}

// Busy in between, because the tag goes too.
bool TripletSlots::Free(Slot* slot, uint64_t expected, Home home) noexcept {
  const uint64_t claimed = state::Claimed(expected);
  if (!slot->state.compare_exchange_strong(expected, claimed, std::memory_order_acq_rel)) return false;
  heads_[home.group].Set(static_cast<size_t>(slot - groups_[home.group].slots), 0);
  // Release: whoever claims the slot next changes the tag after this did.
  slot->state.store(state::Freed(claimed), std::memory_order_release);
  return true;
}

std::optional<TripletSlots::Found> TripletSlots::At(size_t slot) const noexcept {
  Slot& at = groups_[slot / kSlotsPerGroup].slots[slot % kSlotsPerGroup];
  const uint64_t seen = at.state.load(std::memory_order_acquire);
  if (state::IsFree(seen) || state::IsBusy(seen)) return std::nullopt;
  const TripletKey key{.network = at.network.load(std::memory_order_acquire),
                       .fingerprint = at.fingerprint.load(std::memory_order_acquire),
                       .kind = state::KindOf(seen)};
  return ReadIf(&at, key);
}

}  // namespace rblitz
