#include "cli/traffic.h"

#include <pthread.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <utility>

#include "loaders/heat_draft.h"
#include "tables/heat_table.h"

namespace rblitz {

namespace {

constexpr auto kPause = std::chrono::milliseconds(100);
// Of all workers, a round: more would say little more of networks, and who counts them may have a core that a worker
// wants.
constexpr uint64_t kSamplesWanted = 2048;
// 200 million questions a second; all that the rings hold is counted in 32 bits.
constexpr uint64_t kSlowestPace = 10'000;
// Some 40 us, then others may have the core: a worker may have to share it.
constexpr size_t kCountedAtOnce = 256;
// What a very busy /24 has asked at least, and how often it was sampled: a handful is no heat, however few others there
// are.
constexpr double kLeastMax = 1000;
constexpr double kLeastSamples = 64;

}  // namespace

Traffic::Traffic(Counters counters, const TrafficConfig& config, Wants wants, Publish publish)
    : counters_(counters),
      wants_(std::move(wants)),
      publish_(std::move(publish)),
      config_(config),
      counts_(config.half_life_seconds) {}

Traffic::~Traffic() { Stop(); }

void Traffic::Start() {
  collecting_ = std::thread([this] { Repeat([this] { Collect(); }); });
  pthread_setname_np(collecting_.native_handle(), "traffic");
  publishing_ = std::thread([this] { Repeat([this, published = began_]() mutable { PublishAfter(&published); }); });
  pthread_setname_np(publishing_.native_handle(), "traffic-heat");
}

void Traffic::Stop() {
  if (!collecting_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  collecting_.join();
  if (publishing_.joinable()) publishing_.join();
}

void Traffic::Configure(const TrafficConfig& config) {
  const std::lock_guard lock(mutex_);
  counts_.SetHalfLife(config.half_life_seconds, Now());
  config_ = config;
}

template <class Task>
void Traffic::Repeat(Task&& task) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPause, [this] { return stopping_; })) {
    lock.unlock();
    try {
      task();
    } catch (const std::exception&) {
      // What runs out of memory is tried again; what is served stays.
    }
    lock.lock();
  }
}

void Traffic::PublishAfter(Clock::time_point* published) {
  {
    const std::lock_guard lock(mutex_);
    if (Clock::now() - *published < std::chrono::seconds(config_.publish_seconds)) return;
  }
  if (!wants_()) return;
  *published = Clock::now();
  publish_(Cells());
}

// If the next round is like this one, it brings at most as many samples as are wanted. The pace falls by half in half a
// second, so that load that comes and goes does not bring many more. It is odd where it is used: ports that give full
// bursts in turn would meet an even one at the same port each time.
void Traffic::SetPace(uint64_t questions) {
  const uint64_t pace = std::max(1 + questions / kSamplesWanted, uint64_t{pace_} * 7 / 8);
  pace_ = static_cast<uint32_t>(std::min(pace, kSlowestPace));
  for (const auto& counters : counters_) counters->traffic.SetPace(pace_ | 1);
}

// Each /24 is counted once a round, however often it was sampled: a float that has grown large would not notice one.
void Traffic::Collect() {
  samples_.clear();
  uint64_t lost = 0;
  for (const auto& counters : counters_) lost += counters->traffic.Drain(&samples_);
  std::ranges::sort(samples_, {}, &TrafficRing::Sample::address);
  counted_.clear();
  uint64_t questions = 0;
  for (const TrafficRing::Sample& sample : samples_) {
    const uint32_t cell = sample.address >> 8;
    if (counted_.empty() || counted_.back().cell != cell) counted_.push_back({.cell = cell, .count = 0});
    counted_.back().count += sample.weight;
    questions += sample.weight;
  }
  SetPace(questions);
  {
    const std::lock_guard lock(mutex_);
    lost_ += lost;
  }
  const double now = Now();
  for (std::span<const DecayingCounts::Counted> rest = counted_; !rest.empty();) {
    const auto part = rest.first(std::min(rest.size(), kCountedAtOnce));
    rest = rest.subspan(part.size());
    {
      const std::lock_guard lock(mutex_);
      counts_.Add(part, now);
    }
    if (!rest.empty()) std::this_thread::yield();
  }
  const std::lock_guard lock(mutex_);
  samples_count_ += samples_.size();
  questions_count_ += questions;
}

Traffic::Figures Traffic::figures() const {
  const std::lock_guard lock(mutex_);
  const double now = Now();
  Figures figures{.samples = samples_count_,
                  .lost = lost_,
                  .questions = counts_.Sum(now),
                  .bytes = counts_.bytes(),
                  .half_life_seconds = config_.half_life_seconds};
  counts_.ForEach(now, [&](uint32_t, double) { ++figures.networks; });
  return figures;
}

Traffic::Moment Traffic::Copy() const {
  const std::lock_guard lock(mutex_);
  const double weight =
      static_cast<double>(questions_count_) / static_cast<double>(std::max<uint64_t>(samples_count_, 1));
  return {.counts = counts_,
          .now = Now(),
          .scale_max = config_.scale_max,
          .least_max = std::max(kLeastMax, kLeastSamples * weight)};
}

std::shared_ptr<const HeatCells> Traffic::Cells() const { return Scored(Copy()); }

// On the scale that counts of feeds have.
std::shared_ptr<const HeatCells> Traffic::Scored(const Moment& moment) {
  HeatDraft draft({.scale_max = moment.scale_max}, HeatKind::kCounts, std::time(nullptr));
  draft.set_least_top(moment.least_max);
  moment.counts.ForEach(moment.now, [&](uint32_t cell, double count) { draft.Add(cell << 8, 24, count, 0); });
  return std::make_shared<const HeatCells>(draft.Finish());
}

// The /24s of a network follow each other, so that one sum and the busiest so far are all that is kept.
std::vector<Traffic::Network> Traffic::Busiest(const Moment& moment, unsigned length, size_t most) {
  const auto is_busier = [](const Network& a, const Network& b) {
    return a.questions != b.questions ? a.questions > b.questions : a.prefix < b.prefix;
  };
  std::vector<Network> busiest;  // a heap, the least busy first
  Network current;
  const auto end_current = [&] {
    if (current.questions == 0 || most == 0) return;
    if (busiest.size() == most) {
      if (!is_busier(current, busiest.front())) return;
      std::ranges::pop_heap(busiest, is_busier);
      busiest.pop_back();
    }
    busiest.push_back(current);
    std::ranges::push_heap(busiest, is_busier);
  };
  moment.counts.ForEach(moment.now, [&](uint32_t cell, double count) {
    const uint32_t prefix = cell >> (24 - length) << (32 - length);
    if (prefix != current.prefix) {
      end_current();
      current = {.prefix = prefix};
    }
    current.questions += count;
  });
  end_current();
  std::ranges::sort_heap(busiest, is_busier);
  return busiest;
}

std::vector<Traffic::Network> Traffic::Top(unsigned length, size_t most) const {
  const Moment moment = Copy();
  std::vector<Network> networks = Busiest(moment, length, most);
  const auto cells = Scored(moment);
  const HeatCells* const source = cells.get();
  const HeatTable table = HeatTable::Build({&source, 1});
  for (Network& network : networks) {
    const HeatNode node = table.Node(network.prefix, length);
    network.score = node.mean;
    network.highest = node.highest;
    network.active = node.active;
  }
  return networks;
}

}  // namespace rblitz
