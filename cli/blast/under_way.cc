#include "cli/blast/under_way.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace rblitz::blast {

namespace {

// Rounds: how often every flow has a run before a place is used again. A power of two, so that it divides the rounds
// after which ids come again.
size_t RoundsFor(size_t flows, size_t run, size_t wanted) {
  const size_t a_round = flows * run;
  const size_t rounds = std::bit_ceil(std::max<size_t>((wanted + a_round - 1) / a_round, 1));
  return std::min(rounds, UnderWay::kIds / run);
}

}  // namespace

UnderWay::UnderWay(size_t flows, size_t run, size_t wanted)
    : flows_(flows), run_(run), slots_(flows * run * RoundsFor(flows, run, wanted)) {
  assert(flows > 0 && std::has_single_bit(run) && run <= kIds);
}

UnderWay::Ticket UnderWay::TicketOf(uint64_t number) const noexcept {
  const uint64_t runs = number / run_;
  return {.flow = static_cast<uint32_t>(runs % flows_),
          .id = static_cast<uint16_t>(runs / flows_ * run_ + number % run_)};
}

UnderWay::Ticket UnderWay::Begin(uint32_t question, uint32_t hash, uint64_t due, uint64_t sent) noexcept {
  assert(has_room());
  while (slots_[PlaceOf(next_)].state == State::kUnderWay) ++next_;
  const Ticket ticket = TicketOf(next_);
  slots_[PlaceOf(next_)] = {.due = due,
                            .sent = sent,
                            .number = next_,
                            .question = question,
                            .hash = hash,
                            .id = ticket.id,
                            .state = State::kUnderWay};
  ++next_;
  ++count_;
  return ticket;
}

void UnderWay::TakeBack(size_t n) noexcept {
  while (n > 0) {
    --next_;
    Slot& slot = slots_[PlaceOf(next_)];
    if (slot.state != State::kUnderWay || slot.number != next_) continue;  // left out
    slot.state = State::kFree;
    --count_;
    --n;
  }
}

UnderWay::Answered UnderWay::Answer(uint32_t flow, uint16_t id, const uint32_t* hash) noexcept {
  if (flow >= flows_) return {Fate::kStray};
  // Runs of this flow are flows_ apart, and so many rounds are kept as the places hold.
  const uint64_t number = (id / run_ * flows_ + flow) * run_ + id % run_;
  Slot& slot = slots_[PlaceOf(number)];
  if (slot.state == State::kFree || slot.id != id || (hash != nullptr && *hash != slot.hash)) return {Fate::kStray};
  const Fate fate = slot.state == State::kGivenUp ? Fate::kLate : Fate::kAnswered;
  slot.state = State::kFree;
  if (fate == Fate::kAnswered) --count_;
  return {.fate = fate, .question = slot.question, .due = slot.due};
}

size_t UnderWay::GiveUp(uint64_t time) noexcept {
  size_t given_up = 0;
  for (; oldest_ < next_; ++oldest_) {
    Slot& slot = slots_[PlaceOf(oldest_)];
    if (slot.state != State::kUnderWay || slot.number != oldest_) continue;
    if (slot.sent >= time) break;
    slot.state = State::kGivenUp;
    --count_;
    ++given_up;
  }
  return given_up;
}

}  // namespace rblitz::blast
