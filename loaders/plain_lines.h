// Addresses read sixteen bytes at a time, alone and in runs of lines that are nothing but one address, as nearly every
// line of the big lists is. What is not such a line (a comment, a prefix, a value, a leading zero, a blank) ends the
// run and is left to the grammar.
//
// Cost: a few nanoseconds a line; where the machine can, no branch depends on the lengths of octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rblitz {

// The length of the four octets at `at`, or 0 where there are none: an octet is missing, above 255 or has a leading
// zero, or a further digit or point follows. REQUIRES: kBlockSlack bytes from the first one on that is no digit or
// point may be read.
[[nodiscard]] unsigned ReadAddress(const char* at, uint32_t* address) noexcept;

inline constexpr size_t kShortestPlainLine = 8;  // "1.1.1.1" and LF

struct PlainRun {
  size_t count = 0;            // addresses written
  const char* next = nullptr;  // behind the last line that was used
};

// Reads lines, ended by LF or CR LF, from `at` until `end`, `out` is full or a line is not plain. REQUIRES: the last
// byte before `end` is LF, and kBlockSlack bytes from `end` on may be read.
[[nodiscard]] PlainRun ReadPlainLines(const char* at, const char* end, std::span<uint32_t> out) noexcept;

// The same without vector instructions: what the fast ones are tested against, and what other machines use.
[[nodiscard]] unsigned ReadAddressPortable(const char* at, uint32_t* address) noexcept;
[[nodiscard]] PlainRun ReadPlainLinesPortable(const char* at, const char* end, std::span<uint32_t> out) noexcept;

}  // namespace rblitz
