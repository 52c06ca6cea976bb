// Seeded 64-bit hashing: XXH3. The only file that includes xxhash.
//
// Lifetime: ProcessSeed() is drawn once per process from the kernel, so that table layouts cannot be predicted from
// outside, and stays the same for all builds, so that one build can be compared with the next.
// Cost: about 3 ns for 16 bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rblitz {

[[nodiscard]] uint64_t Hash64(const void* data, size_t size, uint64_t seed) noexcept;
// Of the sixteen bytes of two words.
[[nodiscard]] uint64_t Hash64(uint64_t a, uint64_t b, uint64_t seed) noexcept;

[[nodiscard]] uint64_t ProcessSeed() noexcept;

}  // namespace rblitz
