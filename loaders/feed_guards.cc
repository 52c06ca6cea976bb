#include "loaders/feed_guards.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "loaders/feed.h"

namespace rblitz {

namespace {

std::string Percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g %%", share * 100);
  return text.data();
}

Status CheckShrink(double most, uint64_t before, uint64_t entries) {
  if (entries >= before) return {};
  const uint64_t gone = before - entries;
  if (static_cast<double>(gone) <= most * static_cast<double>(before)) return {};
  return Fail("refused: " + std::to_string(entries) + " entries instead of " + std::to_string(before) + ", " +
              Percent(static_cast<double>(gone) / static_cast<double>(before)) + " fewer (max_shrink allows " +
              Percent(most) + ")");
}

// A line of heat makes entries of as many /24s as it covers: there the lines are what is given.
Status CheckBad(double most, const LoadReport& report) {
  const uint64_t good = report.given > 0 ? report.given : report.entries + report.duplicates;
  const uint64_t given = good + report.rejected;
  if (static_cast<double>(report.rejected) <= most * static_cast<double>(given)) return {};
  return Fail("refused: " + std::to_string(report.rejected) + " of " + std::to_string(given) +
              " entries are bad lines, " + Percent(static_cast<double>(report.rejected) / static_cast<double>(given)) +
              " (max_bad allows " + Percent(most) + ")" +
              (report.errors.empty() ? "" : ", the first " + report.errors.front()));
}

Status CheckAge(uint32_t most_seconds, int64_t data_time, int64_t now) {
  const int64_t age = now - data_time;
  if (age < int64_t{most_seconds}) return {};
  return Fail("refused: the data is " + std::to_string(age) + " seconds old (max_age allows " +
              std::to_string(most_seconds) + ")");
}

}  // namespace

Status CheckMemory(const FeedGuards& guards, uint64_t bytes) {
  if (guards.max_memory == 0 || bytes <= guards.max_memory) return {};
  return Fail("refused: needs at least " + std::to_string(bytes) + " bytes of memory (max_memory allows " +
              std::to_string(guards.max_memory) + ")");
}

Status CheckGuards(const FeedGuards& guards, const LoadReport& report, const LoadedFigures& figures, int64_t now) {
  if (guards.max_bad) {
    if (Status good = CheckBad(*guards.max_bad, report); !good) return good;
  }
  if (guards.max_shrink) {
    if (Status kept = CheckShrink(*guards.max_shrink, figures.entries_before, report.entries); !kept) return kept;
  }
  if (guards.max_age_seconds != 0) {
    if (Status fresh = CheckAge(guards.max_age_seconds, figures.data_time, now); !fresh) return fresh;
  }
  return CheckMemory(guards, figures.bytes);
}

int64_t Expiry(const FeedGuards& guards, int64_t expires, int64_t data_time) {
  if (guards.max_age_seconds == 0) return expires;
  const int64_t too_old = data_time + guards.max_age_seconds;
  return expires == 0 ? too_old : std::min(expires, too_old);
}

}  // namespace rblitz
