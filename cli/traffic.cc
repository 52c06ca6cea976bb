#include "cli/traffic.h"

#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <exception>
#include <unordered_map>
#include <utility>

#include "loaders/heat_draft.h"
#include "tables/heat_table.h"

namespace rblitz {

namespace {

constexpr auto kPause = std::chrono::milliseconds(100);
constexpr double kPercentile = 0.999;
// What a very busy /24 has asked at least: a handful of questions is no heat, however few others there are.
constexpr double kLeastMax = 1000;

// The count that gets 255: the 99.9th percentile.
double LargestOf(std::vector<float> counts) {
  if (counts.empty()) return kLeastMax;
  const auto rank = static_cast<size_t>(std::ceil(kPercentile * static_cast<double>(counts.size()))) - 1;
  const auto at = counts.begin() + static_cast<ptrdiff_t>(rank);
  std::nth_element(counts.begin(), at, counts.end());
  return std::max(kLeastMax, double{*at});
}

}  // namespace

Traffic::Traffic(Counters counters, const TrafficConfig& config, Wants wants, Publish publish)
    : counters_(counters),
      wants_(std::move(wants)),
      publish_(std::move(publish)),
      config_(config),
      counts_(config.half_life_seconds) {}

Traffic::~Traffic() { Stop(); }

void Traffic::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "traffic");
}

void Traffic::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Traffic::Configure(const TrafficConfig& config) {
  const std::lock_guard lock(mutex_);
  counts_.SetHalfLife(config.half_life_seconds, Now());
  config_ = config;
}

void Traffic::Run() {
  Clock::time_point published = began_;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPause, [this] { return stopping_; })) {
    const auto pause = std::chrono::seconds(config_.publish_seconds);
    lock.unlock();
    // What fails, or runs out of memory, is tried again; what is served stays.
    try {
      Collect();
      if (Clock::now() - published >= pause && wants_()) {
        published = Clock::now();
        publish_(Cells());
      }
    } catch (const std::exception&) {
      published = Clock::now();
    }
    lock.lock();
  }
}

// Each /24 is counted once a round, however often it was sampled: a float that has grown large would not notice one.
void Traffic::Collect() {
  samples_.clear();
  uint64_t lost = 0;
  for (const auto& counters : counters_) lost += counters->traffic.Drain(&samples_);
  const auto taken = static_cast<uint64_t>(samples_.size());
  std::erase_if(samples_, [](const TrafficRing::Sample& sample) { return sample.weight == 0; });
  std::ranges::sort(samples_, {}, &TrafficRing::Sample::address);
  const double now = Now();
  const std::lock_guard lock(mutex_);
  samples_count_ += taken;
  lost_ += lost;
  for (size_t i = 0; i < samples_.size();) {
    const uint32_t cell = samples_[i].address >> 8;
    double questions = 0;
    for (; i < samples_.size() && samples_[i].address >> 8 == cell; ++i) questions += samples_[i].weight;
    counts_.Add(cell, questions, now);
  }
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

std::shared_ptr<const HeatCells> Traffic::Cells() const {
  const std::lock_guard lock(mutex_);
  return Scored(Now());
}

// On the scale that counts of feeds have.
std::shared_ptr<const HeatCells> Traffic::Scored(double now) const {
  HeatOptions options{.scale_max = config_.scale_max};
  if (options.scale_max == 0) {
    std::vector<float> counts;
    counts_.ForEach(now, [&](uint32_t, double count) { counts.push_back(static_cast<float>(count)); });
    options.scale_max = LargestOf(std::move(counts));
  }
  HeatDraft draft(options, HeatKind::kCounts, std::time(nullptr));
  counts_.ForEach(now, [&](uint32_t cell, double count) { draft.Add(cell << 8, 24, count, 0); });
  return std::make_shared<const HeatCells>(draft.Finish());
}

std::vector<Traffic::Network> Traffic::Top(unsigned length, size_t most) const {
  std::unordered_map<uint32_t, double> questions;
  std::shared_ptr<const HeatCells> cells;
  {
    const std::lock_guard lock(mutex_);
    const double now = Now();
    counts_.ForEach(now, [&](uint32_t cell, double count) { questions[cell >> (24 - length)] += count; });
    cells = Scored(now);
  }
  std::vector<Network> networks;
  networks.reserve(questions.size());
  for (const auto& [number, count] : questions) {
    networks.push_back({.prefix = number << (32 - length), .questions = count});
  }
  const auto end = networks.begin() + static_cast<ptrdiff_t>(std::min(most, networks.size()));
  std::partial_sort(networks.begin(), end, networks.end(), [](const Network& a, const Network& b) {
    return a.questions != b.questions ? a.questions > b.questions : a.prefix < b.prefix;
  });
  networks.erase(end, networks.end());
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
