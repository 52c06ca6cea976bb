// The heat of the server's own traffic: what workers sample of the addresses that they are asked about, counted by /24
// with a half-life, off the packet cores.
//
// Thread-safety: Start and Stop on one thread; all else on any. Lifetime: the counters must outlive Stop.
// Units: counts in questions, as far as samples stand for them. Cost: a walk of the rings ten times a second, some 150
// ns for each of about 2,000 samples, more while load rises, in parts between which others may have the core; 64 MiB at
// most, when every /24 is asked about. Cells and Top copy that, which is all that holds up the counting, and walk the
// copy: most of a second for all of it. What is published is made on a thread of its own, so that rings do not overflow
// meanwhile.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "cli/config.h"
#include "dataplane/stats.h"
#include "tables/cell_blocks.h"
#include "tables/decaying_counts.h"
#include "tables/traffic_ring.h"

namespace rblitz {

class Traffic {
 public:
  using Counters = std::span<const std::unique_ptr<WorkerStats>>;
  // Called once each publish_seconds while `wants` says so, on a thread of this object.
  using Publish = std::function<void(const std::shared_ptr<const HeatCells>& cells)>;
  using Wants = std::function<bool()>;

  Traffic(Counters counters, const TrafficConfig& config, Wants wants, Publish publish);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  void Start();
  void Stop();

  // From now on.
  void Configure(const TrafficConfig& config);

  struct Figures {
    uint64_t samples = 0;
    uint64_t lost = 0;      // samples that came faster than they were taken
    double questions = 0;   // that the samples stand for, as far as they have not faded
    uint64_t networks = 0;  // /24s
    size_t bytes = 0;
    uint32_t half_life_seconds = 0;
  };
  [[nodiscard]] Figures figures() const;

  struct Network {
    uint32_t prefix = 0;
    double questions = 0;
    uint8_t score = 0;    // as tables/heat_table.h says
    uint8_t highest = 0;  // of its /24s
    uint32_t active = 0;  // /24s
  };
  // The busiest networks of this length, 8, 16 or 24, first.
  [[nodiscard]] std::vector<Network> Top(unsigned length, size_t most) const;

  // Scores: 255 ln(1 + questions) / ln(1 + scale_max).
  [[nodiscard]] std::shared_ptr<const HeatCells> Cells() const;

 private:
  using Clock = std::chrono::steady_clock;

  // What is counted, at one moment.
  struct Moment {
    DecayingCounts counts;
    double now;
    double scale_max;
    double least_max;  // where scale_max is not given
  };

  // Calls `task` ten times a second until all ends.
  template <class Task>
  void Repeat(Task&& task);
  void Collect();
  // Of all workers, by what the samples of this round stand for.
  void SetPace(uint64_t questions);
  void PublishAfter(Clock::time_point* published);
  [[nodiscard]] double Now() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }
  [[nodiscard]] Moment Copy() const;
  [[nodiscard]] static std::shared_ptr<const HeatCells> Scored(const Moment& moment);
  [[nodiscard]] static std::vector<Network> Busiest(const Moment& moment, unsigned length, size_t most);

  const Counters counters_;
  const Wants wants_;
  const Publish publish_;
  const Clock::time_point began_ = Clock::now();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_, as are:
  TrafficConfig config_;
  DecayingCounts counts_;
  uint64_t samples_count_ = 0;
  uint64_t questions_count_ = 0;  // that all samples stood for
  uint64_t lost_ = 0;

  std::vector<TrafficRing::Sample> samples_;      // of the thread that collects
  std::vector<DecayingCounts::Counted> counted_;  // likewise
  uint32_t pace_ = 1;                             // likewise
  std::thread collecting_;
  std::thread publishing_;
};

}  // namespace rblitz
