// Digests as text and as the labels of a question: what the one reads, the other must read as well.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "tables/digest.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rblitz;
  // Labels of a name: as many as there are whole ones.
  size_t labels = 0;
  while (labels < size && data[labels] != 0 && data[labels] < 64 && labels + data[labels] < size && labels < 190) {
    labels += size_t{data[labels]} + 1;
  }
  const DigestReadings arbitrary = DigestsFromLabels({data, labels});
  Require(arbitrary.count <= arbitrary.digests.size());

  const std::string_view text(reinterpret_cast<const char*>(data), std::min<size_t>(size, 200));
  for (const Base32 alphabet : {Base32::kRfc4648, Base32::kZ}) {
    const std::optional<Digest> digest = DigestFromText(text, alphabet);
    if (!digest) continue;
    Require(std::ranges::find(kDigestSizes, digest->size) != kDigestSizes.end());
    Require(std::all_of(digest->bytes.begin() + digest->size, digest->bytes.end(), [](uint8_t b) { return b == 0; }));
    uint8_t wire[256];
    size_t at = 0;
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view label = rest.substr(0, rest.find('.'));
      wire[at++] = static_cast<uint8_t>(label.size());
      at = static_cast<size_t>(std::copy(label.begin(), label.end(), wire + at) - wire);
      rest.remove_prefix(std::min(rest.size(), label.size() + 1));
    }
    const DigestReadings readings = DigestsFromLabels({wire, at});
    const auto* const end = readings.digests.begin() + readings.count;
    Require(std::find(readings.digests.begin(), end, *digest) != end);
  }
  return 0;
}
