#include "cli/conflict_watch.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/log.h"

namespace rblitz {

void ConflictWatch::Look(std::span<const std::unique_ptr<WorkerStats>> workers, Clock::time_point now) {
  told_.resize(workers.size());
  for (size_t worker = 0; worker < workers.size(); ++worker) {
    Told& told = told_[worker];
    const LastConflict& conflicts = workers[worker]->address_conflicts;
    const uint64_t count = conflicts.count();
    if (count == told.count) continue;
    const std::optional<LastConflict::Seen> seen = conflicts.Get();
    if (!seen) continue;  // being written: the next time
    const auto pause = seen->address == told.address ? kPause : kPauseToAnother;
    if (told.count != 0 && now - told.at < pause) continue;
    LogLine("address_conflict").Add("address", AddressText(*seen)).Add("mac", MacText(*seen)).Add("seen", count);
    told = {count, now, seen->address};
  }
}

std::optional<LastConflict::Seen> LatestConflict(std::span<const std::unique_ptr<WorkerStats>> workers) {
  std::optional<LastConflict::Seen> latest;
  for (const auto& stats : workers) {
    const std::optional<LastConflict::Seen> seen = stats->address_conflicts.Get();
    if (seen && (!latest || seen->at >= latest->at)) latest = seen;
  }
  return latest;
}

std::string AddressText(const LastConflict::Seen& seen) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool is_ip4 = std::equal(kMapped.begin(), kMapped.end(), seen.address.begin());
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_ip4 ? AF_INET : AF_INET6, seen.address.data() + (is_ip4 ? kMapped.size() : 0), text.data(), text.size());
  return text.data();
}

std::string MacText(const LastConflict::Seen& seen) {
  const auto& mac = seen.mac;
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                mac[5]);
  return text.data();
}

}  // namespace rblitz
