// What tests of millions of entries leave out under AddressSanitizer and ThreadSanitizer: what they can see, smaller
// tables show them in a fraction of the time.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

namespace rblitz {

#if defined(__has_feature)
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
inline constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#ifdef __SANITIZE_THREAD__
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#endif

// How much of a test is done: `plain`, or what the sanitizer has time for.
constexpr uint64_t UnlessTsan(uint64_t plain, uint64_t under_tsan) { return kThreadSanitizer ? under_tsan : plain; }
constexpr uint64_t UnlessAsan(uint64_t plain, uint64_t under_asan) { return kAddressSanitizer ? under_asan : plain; }

}  // namespace rblitz

#define SKIP_UNDER_ADDRESS_SANITIZER() \
  if (kAddressSanitizer) GTEST_SKIP() << "10 million entries take too long under AddressSanitizer"
