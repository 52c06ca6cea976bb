// Names: text to wire form and back, and their case-insensitive comparison.
//
// A name in wire form is a run of labels, each a length byte and its bytes, ended by the root label. Folding to lower
// case may run over length bytes too: they are at most 63, below 'A'.
//
// Thread-safety: pure. Errors: a bad text gives size 0. Source: RFC 1035 sections 2.3.4, 3.1 and 5.1; RFC 4343.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/dns/wire.h"

namespace rblitz::dns {

[[nodiscard]] constexpr uint8_t Lower(uint8_t byte) noexcept {
  return static_cast<uint8_t>(byte + (static_cast<unsigned>(byte - 'A') < 26u ? 'a' - 'A' : 0));
}

// A name in wire form, root label included.
struct Name {
  std::array<uint8_t, kMaxName> bytes;
  uint8_t size = 0;  // 0: no name
};

// With or without a final dot; "." and "" are the root; \. and \DDD as in master files. Case is kept.
[[nodiscard]] Name NameFromText(std::string_view text) noexcept;

[[nodiscard]] bool SameName(const uint8_t* a, const uint8_t* b, size_t size) noexcept;

// Writes the name as text without a final dot ("." for the root), escaped as master files want it; returns its length.
// REQUIRES: `name` is well-formed and not compressed; room for 4 * 255 bytes.
size_t NameToText(const uint8_t* name, char* out) noexcept;

}  // namespace rblitz::dns
