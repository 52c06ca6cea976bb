// What tests of millions of entries leave out under AddressSanitizer: what it can see, smaller tables show it in a
// fraction of the time.
#pragma once

#include <gtest/gtest.h>

namespace rblitz {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace rblitz

#define SKIP_UNDER_ADDRESS_SANITIZER() \
  if (kAddressSanitizer) GTEST_SKIP() << "10 million entries take too long under AddressSanitizer"
