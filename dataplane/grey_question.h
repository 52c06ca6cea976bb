// A question of a greylist: the labels before its zone, and what its table is asked for.
//
//   <hr>.<hs>[.<options>].<reversed client address>
//
// hr and hs are 32 hexadecimal digits each, of the keyed hashes of recipient and sender; options are one label, "o-"
// and any of d<16 hexadecimal digits> (of the sender's domain), f (SPF or DKIM is aligned with it) and n (look only);
// the address is four decimal octets or 32 nibbles (RFC 5782). An IPv4-mapped address is an IPv4 one.
//
// Thread-safety: pure. Errors: anything else is no question. Cost: some 100 instructions and a hash of 32 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "tables/digest.h"
#include "tables/ip6.h"
#include "tables/triplet_table.h"

namespace rblitz {

// How much of an address is its network.
struct GreyMasks {
  uint8_t ip4 = 24;  // 8 to 32
  uint8_t ip6 = 64;  // 16 to 64

  bool operator==(const GreyMasks&) const = default;
};

struct GreyQuestion {
  TripletQuestion triplet;
  Ip6Address client;  // an IPv4 one as RFC 4291 section 2.5.5.2 maps it
  Digest recipient;   // hr
  bool look_only = false;
};

// TripletKey::network of a client.
[[nodiscard]] uint64_t GreyNetworkOf(const Ip6Address& client, GreyMasks masks) noexcept;
// TripletQuestion::client.
[[nodiscard]] uint64_t GreyClientOf(const Ip6Address& client) noexcept;

// REQUIRES: labels in wire form and lower case, no root label; 16 bytes behind them can be read.
[[nodiscard]] std::optional<GreyQuestion> ReadGreyQuestion(std::span<const uint8_t> labels, size_t count,
                                                           GreyMasks masks) noexcept;

}  // namespace rblitz
