// Lines that are nothing but one address, read in runs: nearly every line of the big lists. What is not such a line (a
// comment, a prefix, a value, a leading zero, a blank, a CR) ends the run and is left to the grammar.
//
// Cost: bench/loaders_bench; a few nanoseconds a line, without branches that depend on the lengths of octets where the
// machine can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rblitz {

struct PlainRun {
  size_t count = 0;            // addresses written
  const char* next = nullptr;  // behind the last line that was used
};

// Reads from `at` until `end`, `out` is full or a line is not plain. REQUIRES: the last byte before `end` is LF, and
// kBlockSlack bytes from `end` on may be read.
[[nodiscard]] PlainRun ReadPlainLines(const char* at, const char* end, std::span<uint32_t> out) noexcept;

// The same without vector instructions: what the fast one is tested against, and what other machines use.
[[nodiscard]] PlainRun ReadPlainLinesPortable(const char* at, const char* end, std::span<uint32_t> out) noexcept;

}  // namespace rblitz
