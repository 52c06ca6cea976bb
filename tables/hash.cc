#include "tables/hash.h"

#include <sys/random.h>
#include <time.h>

// A call into a library costs more than hashing few bytes.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rblitz {

uint64_t Hash64(const void* data, size_t size, uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(data, size, seed);
}

// Of a size that the compiler knows, which leaves a dozen of instructions.
uint64_t Hash64(uint64_t a, uint64_t b, uint64_t seed) noexcept {
  const uint64_t words[] = {a, b};
  return XXH3_64bits_withSeed(words, sizeof(words), seed);
}

uint64_t ProcessSeed() noexcept {
  static const uint64_t seed = [] {
    uint64_t value = 0;
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) {
      // Early in boot the kernel may have no entropy yet: a clock still differs from start to start.
      timespec now{};
      clock_gettime(CLOCK_REALTIME, &now);
      value = Hash64(&now, sizeof now, 0);
    }
    return value;
  }();
  return seed;
}

}  // namespace rblitz
