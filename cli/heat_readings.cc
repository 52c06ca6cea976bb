#include "cli/heat_readings.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace rblitz {

// Others than those of a server that was here before, and no more than JSON's numbers hold exactly.
HeatReadings::HeatReadings() : next_id_(static_cast<uint64_t>(std::time(nullptr)) << 20) {}

const HeatReading& HeatReadings::Begin(HeatReading reading, Clock::time_point now) {
  Expire(now);
  if (readings_.size() >= kMost) readings_.erase(std::ranges::min_element(readings_, {}, &One::asked_at));
  reading.id = ++next_id_;
  readings_.push_back({.reading = std::move(reading), .asked_at = now});
  return readings_.back().reading;
}

const HeatReading* HeatReadings::Find(uint64_t id, Clock::time_point now) {
  const auto found = std::ranges::find_if(readings_, [id](const One& one) { return one.reading.id == id; });
  if (found == readings_.end()) return nullptr;
  found->asked_at = now;
  return &found->reading;
}

void HeatReadings::End(uint64_t id) {
  std::erase_if(readings_, [id](const One& one) { return one.reading.id == id; });
}

void HeatReadings::Expire(Clock::time_point now) {
  std::erase_if(readings_, [now](const One& one) { return now - one.asked_at > kPatience; });
}

}  // namespace rblitz
