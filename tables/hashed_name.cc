#include "tables/hashed_name.h"

#include <algorithm>

namespace rblitz {

void HashedName::Assign(std::span<const uint8_t> name) noexcept {
  const LabelStarts all(name);
  data = name.data();
  size = static_cast<uint8_t>(name.size());
  count = all.count;
  uint64_t hash = ProcessSeed();
  for (size_t suffix = 1; suffix <= std::min<size_t>(count, kKept); ++suffix) {
    starts[suffix - 1] = all.OfSuffix(suffix);
    hash = HashLabel(&data[starts[suffix - 1]], hash);
    hashes[suffix - 1] = hash;
  }
}

}  // namespace rblitz
