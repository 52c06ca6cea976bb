// What came of a load, for people and as JSON.
//
// Units: latencies in microseconds, rates in questions a second.
#pragma once

#include <string>
#include <vector>

#include "cli/blast/counts.h"
#include "cli/json.h"

namespace rblitz::blast {

// One attempt of a ramp.
struct Step {
  double rate;  // that was wanted
  bool holds;
  Counts counts;
};

struct Ramp {
  double found = 0;  // 0: not even the least rate holds
  double most_loss = 0;
  std::vector<Step> steps;
};

[[nodiscard]] Json CountsJson(const Counts& counts);
[[nodiscard]] std::string CountsText(const Counts& counts);
[[nodiscard]] Json RampJson(const Ramp& ramp);
[[nodiscard]] std::string StepText(const Step& step);
[[nodiscard]] std::string RampText(const Ramp& ramp);

}  // namespace rblitz::blast
