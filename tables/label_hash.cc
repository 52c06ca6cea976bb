#include "tables/label_hash.h"

namespace rblitz {

LabelKey LabelKey::Of(uint64_t seed) noexcept {
  const auto drawn = [seed](uint64_t number) { return Hash64(&number, sizeof number, seed); };
  // Short labels have nothing in the upper half: what they are multiplied with is odd, so that nothing of them is lost.
  return {.root = seed, .state = drawn(1), .odd = drawn(2) | 1, .last = drawn(3)};
}

uint64_t HashLongLabel(const uint8_t*& label, size_t& size, const LabelKey& key) noexcept {
  uint64_t state = key.state;
  for (; size > kLabelBlock; label += kLabelBlock, size -= kLabelBlock) {
    const auto block = LoadVector<U64x2>(label);
    state = Folded(Product{block[0] ^ state} * (block[1] ^ key.odd));
  }
  return state;
}

}  // namespace rblitz
