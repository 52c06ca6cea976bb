// The questions that have been sent and not answered yet, and which of them an answer belongs to.
//
// A flow is one source address and port. Questions are numbered; `run` of them in a row go out on one flow, then as
// many on the next, and so on round, so that one system call sends several. From a number follow flow and id, and from
// flow and id the place where the question is kept: nothing is searched for. Places are used again in order; a number
// whose place is still taken is left out. A question that was given up keeps its place until then, so that its answer
// is known to be late.
//
// Thread-safety: one thread. Units: ns on one clock. Errors: an answer that belongs to nothing is a stray.
// Cost: one line of memory a question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rblitz::blast {

class UnderWay {
 public:
  static constexpr size_t kIds = 65536;

  struct Ticket {
    uint32_t flow;
    uint16_t id;
  };
  enum class Fate : uint8_t { kAnswered, kLate, kStray };
  struct Answered {
    Fate fate;
    uint32_t question = 0;
    uint64_t due = 0;
  };

  // As many places as flows and ids allow, but no more than what holds `wanted`. REQUIRES: flows > 0; run is a power of
  // two of at most kIds.
  UnderWay(size_t flows, size_t run, size_t wanted);

  // Questions that can be under way at most.
  [[nodiscard]] size_t capacity() const noexcept { return slots_.size(); }
  [[nodiscard]] size_t count() const noexcept { return count_; }
  [[nodiscard]] bool has_room() const noexcept { return count_ < slots_.size(); }

  // Where the question goes. REQUIRES: has_room().
  Ticket Begin(uint32_t question, uint32_t hash, uint64_t due, uint64_t sent) noexcept;
  // The last `n` that were begun have not been sent after all. REQUIRES: they were begun since anything else happened.
  void TakeBack(size_t n) noexcept;

  // An answer with the hash of its question; with none where the answer repeats no question.
  [[nodiscard]] Answered Answer(uint32_t flow, uint16_t id, const uint32_t* hash) noexcept;

  // Gives up what was sent before `time`; returns how many.
  size_t GiveUp(uint64_t time) noexcept;
  // When the oldest that is under way was sent. REQUIRES: count() > 0, and GiveUp() since the last answer and question.
  [[nodiscard]] uint64_t oldest_sent() const noexcept { return slots_[PlaceOf(oldest_)].sent; }

 private:
  enum class State : uint8_t { kFree, kUnderWay, kGivenUp };
  struct Slot {
    uint64_t due;
    uint64_t sent;
    uint64_t number;
    uint32_t question;
    uint32_t hash;
    uint16_t id;
    State state;
  };

  [[nodiscard]] Ticket TicketOf(uint64_t number) const noexcept;
  [[nodiscard]] size_t PlaceOf(uint64_t number) const noexcept { return number % slots_.size(); }

  size_t flows_;
  size_t run_;
  std::vector<Slot> slots_;
  uint64_t next_ = 0;    // number of the next question
  uint64_t oldest_ = 0;  // every question before it is answered or given up
  size_t count_ = 0;
};

}  // namespace rblitz::blast
