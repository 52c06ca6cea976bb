#include "tables/hashed_name.h"

#include <algorithm>

namespace rblitz {

void HashedName::Assign(std::span<const uint8_t> name) noexcept {
  const LabelStarts all(name);
  data = name.data();
  size = static_cast<uint8_t>(name.size());
  count = all.count;
  const size_t kept = std::min<size_t>(count, kKept);
  for (size_t suffix = 1; suffix <= kept; ++suffix) starts[suffix - 1] = all.OfSuffix(suffix);
  HashChain64(data, {starts.data(), kept}, ProcessSeed(), hashes.data());
}

}  // namespace rblitz
