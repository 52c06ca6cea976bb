#include "tables/ip4_cursors.h"

#include <algorithm>
#include <iterator>

namespace rblitz {

size_t Ip4SinglesCursor::CountApart(uint64_t end, uint64_t stop) const {
  const std::span<const uint32_t> addresses = alike();
  if (addresses.size() < 2 || addresses[0] == end) return 0;
  size_t most = addresses.size() - 1;
  if (addresses[most - 1] + uint64_t{1} >= stop) {
    const auto at = std::lower_bound(addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(most), stop - 1);
    most = static_cast<size_t>(at - addresses.begin());
  }
  constexpr size_t kStep = 16;  // compared at once
  size_t count = 0;
  for (; count + kStep <= most; count += kStep) {
    unsigned neighbours = 0;
    for (size_t i = count; i < count + kStep; ++i) neighbours += addresses[i] + 1 == addresses[i + 1];
    if (neighbours > 0) break;
  }
  while (count < most && addresses[count] + 1 != addresses[count + 1]) ++count;
  return count;
}

std::vector<Ip4Bounds> Ip4RangesAdded(const std::vector<Ip4Bounds>& now, const std::vector<Ip4Bounds>& before) {
  std::vector<Ip4Bounds> added;
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(added));
  std::erase_if(added, [](const Ip4Bounds& key) { return key.first == key.second; });
  return added;
}

}  // namespace rblitz
