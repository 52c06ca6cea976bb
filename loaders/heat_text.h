// What the grammars of heat share.
//
// Errors: say what is wrong with the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "tables/ip6.h"
#include "tables/result.h"

namespace rblitz {

struct HeatNetwork {
  uint32_t prefix = 0;
  unsigned length = 0;
};

// An address, a prefix, or an address as one decimal number, all of `text`; what is IPv4-mapped is IPv4. No network of
// IPv6 that is larger than a /25, none of IPv4 that is all of it.
[[nodiscard]] Result<std::variant<HeatNetwork, Ip6Prefix>> ReadHeatNetwork(std::string_view text);

// A number from 0 to 10^15 in plain decimal notation, all of `text`.
[[nodiscard]] std::optional<double> ReadCount(std::string_view text);

// Seconds since 1970, with or without decimals, which are cut off; up to the year 9999.
[[nodiscard]] std::optional<int64_t> ReadEpoch(std::string_view text);

}  // namespace rblitz
