// Domain names as lists write them, made wire form: as rbldnsd reads them, and as lists of domains have them.
//
// Thread-safety: pure. Errors: messages name the text. Cost: no allocation unless a message is made or a name is
// international.
// Source: RFC 1035 sections 2.3.4 and 5.1; RFC 5891 by libidn2. The .cc is the only file that includes idn2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

// Labels in wire form, without the root label.
struct NameLabels {
  static constexpr size_t kMaxSize = 254;

  std::array<uint8_t, kMaxSize> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): of size
  uint8_t size = 0;

  [[nodiscard]] std::span<const uint8_t> span() const noexcept { return {bytes.data(), size}; }
};

enum class NameCase : uint8_t { kLower, kKept };

// A name of rbldnsd's files: \DDD and \c are escapes, points too many count once, a last one is allowed, any other byte
// stands for itself. Nothing if a label or the name is too long or an escape is above 255. The root gives size 0.
[[nodiscard]] std::optional<NameLabels> NameFromRbldnsd(std::string_view text, NameCase letters) noexcept;

// A name of a list of domains: letters, digits, - and _ in any case, a last point allowed, international names in UTF-8
// become A-labels. Addresses are none.
[[nodiscard]] Result<NameLabels> NameFromList(std::string_view text);

// Whether the text is an IPv4 or IPv6 address, the latter also in brackets or with a scope behind %.
[[nodiscard]] bool IsAddressText(std::string_view text) noexcept;

}  // namespace rblitz
