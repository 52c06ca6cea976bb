// What an operator asks `rblitz lookup` for, as zones are asked for it.
//
// Thread-safety: pure. Errors: say that the text is neither an address nor a name.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "dataplane/asked_name.h"
#include "dataplane/dns/name.h"
#include "tables/result.h"

namespace rblitz {

// An address or a name, and the labels that it is asked by: those of a name alone.
struct LookedUp {
  dns::Name name;   // in lower case
  AskedName asked;  // its labels are not set

  // Valid as long as this is where it is.
  [[nodiscard]] std::span<const uint8_t> labels() const {
    return name.size == 0 ? std::span<const uint8_t>() : std::span(name.bytes.data(), name.size - size_t{1});
  }
};

// A SHA-256 in hexadecimal is asked for as two labels: one of 64 digits would be too long. Other texts as they are.
[[nodiscard]] std::string WithSplitDigest(const std::string& text);

[[nodiscard]] Result<LookedUp> ReadLookup(const std::string& what);

// The A value as text.
[[nodiscard]] std::string AText(uint32_t address_be);

}  // namespace rblitz
