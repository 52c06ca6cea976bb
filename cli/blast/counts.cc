#include "cli/blast/counts.h"

namespace rblitz::blast {

void Counts::Add(const Counts& other) {
  sent += other.sent;
  answered += other.answered;
  lost += other.lost;
  late += other.late;
  unsent += other.unsent;
  wrong += other.wrong;
  stray += other.stray;
  refused += other.refused;
  elapsed = std::max(elapsed, other.elapsed);
  for (size_t i = 0; i < rcodes.size(); ++i) rcodes[i] += other.rcodes[i];
  latency.Add(other.latency);
  for (const std::string& mistake : other.mistakes) {
    if (mistakes.size() < kToldMistakes) mistakes.push_back(mistake);
  }
}

}  // namespace rblitz::blast
