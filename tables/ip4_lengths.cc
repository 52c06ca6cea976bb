#include "tables/ip4_lengths.h"

#include <algorithm>

namespace rblitz {

void Ip4Lengths::Build(Precedence precedence, std::span<const Ip4Segment> segments, Ip4SinglesCursor singles) {
  for (const Ip4Segment& segment : segments) {
    while (singles.more() && singles.address() < segment.first) singles.Next();
    const unsigned length = precedence == Precedence::kPieces ? 8u * (segment.level + 1u) : segment.level;
    From(segment.first, length);
    for (; singles.more() && singles.address() <= segment.last; singles.Next()) {
      From(singles.address(), kOne);
      From(uint64_t{singles.address()} + 1, length);
    }
    From(uint64_t{segment.last} + 1, kOne);
  }
}

void Ip4Lengths::From(uint64_t first, unsigned length) {
  if (first > UINT32_MAX) return;
  if (starts_.back() == first) {
    lengths_.back() = static_cast<uint8_t>(length);
    return;
  }
  if (lengths_.back() == length) return;
  starts_.push_back(static_cast<uint32_t>(first));
  lengths_.push_back(static_cast<uint8_t>(length));
}

unsigned Ip4Lengths::Of(uint32_t address) const noexcept {
  const auto behind = std::upper_bound(starts_.begin(), starts_.end(), address);
  return lengths_[static_cast<size_t>(behind - starts_.begin()) - 1];
}

size_t Ip4Lengths::bytes() const noexcept {
  return starts_.capacity() * sizeof(starts_[0]) + lengths_.capacity() * sizeof(lengths_[0]);
}

}  // namespace rblitz
