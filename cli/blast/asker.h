// Asks questions over a link, at a rate or with so many under way, and counts what becomes of each.
//
// At a rate, evenly or at random, a question's latency counts from when it was due, not from when it could be sent: a
// server that stalls does not hide behind the questions that waited for it. With a window the next question is due when
// there is room for it, so that latencies are those of a client that waits.
//
// Thread-safety: one thread. Lifetime: set, oracle and link outlive it. Units: ns on the link's clock.
// Cost: tens of ns a question, besides what the link takes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>

#include "cli/blast/counts.h"
#include "cli/blast/link.h"
#include "cli/blast/oracle.h"
#include "cli/blast/pace.h"
#include "cli/blast/under_way.h"

namespace rblitz::blast {

inline constexpr uint64_t kSecond = 1'000'000'000;

struct Load {
  uint64_t millirate = 0;  // thousandths of a question a second; 0: as fast as the window lets
  uint64_t window = 100;   // questions under way
  uint64_t duration = 10 * kSecond;
  uint64_t count = 0;  // questions at most; 0: as many as the duration gives
  uint64_t timeout = kSecond;
  bool random_arrivals = false;  // with a rate: a Poisson process, not evenly
  bool random_order = false;
  uint64_t seed = 1;
  uint64_t first = 0;  // in order: where in the set to begin
};

// Questions that may be under way when nothing is answered.
[[nodiscard]] uint64_t MostUnderWay(const Load& load) noexcept;
// Whether so many flows have ids for them.
[[nodiscard]] Status CheckRoom(const Load& load, size_t flows);

class Asker {
 public:
  // `oracle` and `stop` may be null; `stop` ends the asking early.
  Asker(const QuestionSet& set, const Oracle* oracle, const Load& load, Link& link,
        const std::atomic<bool>* stop = nullptr);

  // Until all questions were sent and answered or given up.
  [[nodiscard]] Counts Run();

 private:
  [[nodiscard]] bool IsAsking(uint64_t now) const noexcept;
  [[nodiscard]] size_t DueNow(uint64_t now) const noexcept;
  size_t Ask(uint64_t now) noexcept;
  void Prepare(Outgoing& question, uint64_t now) noexcept;
  size_t Hear();
  void Take(const Arrived& arrived, uint64_t now);
  void Blame(uint32_t question, const std::string& what);
  [[nodiscard]] uint64_t WakeAt(uint64_t now, bool asking) const noexcept;
  void Finish(uint64_t end_of_asking);

  const QuestionSet& set_;
  const Oracle* oracle_;
  Load load_;
  Link& link_;
  const std::atomic<bool>* stop_;
  UnderWay under_way_;
  std::mt19937_64 random_;
  uint64_t start_ = 0;
  std::optional<Pace> pace_;
  uint64_t at_;           // in order: the next question
  bool blocked_ = false;  // what was due did not go out
  Counts counts_;
  std::array<Outgoing, kBatch> outgoing_;
  std::array<Arrived, kBatch> arrived_;
};

}  // namespace rblitz::blast
