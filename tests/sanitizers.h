// What tests of millions of entries leave out under AddressSanitizer: what it can see, smaller tables show it in a
// fraction of the time.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

namespace rblitz {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitizer = false;
#endif

// How much of a test is done: `plain`, or what AddressSanitizer has time for.
constexpr uint64_t UnlessAsan(uint64_t plain, uint64_t under_asan) { return kAddressSanitizer ? under_asan : plain; }

}  // namespace rblitz

#define SKIP_UNDER_ADDRESS_SANITIZER() \
  if (kAddressSanitizer) GTEST_SKIP() << "10 million entries take too long under AddressSanitizer"
