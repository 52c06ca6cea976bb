// A question of a greylist: the labels before its zone, and what its table is asked for.
//
//   <hr>.<hs>[.<options>].<reversed client address>
//
// hr and hs are 32 hexadecimal digits each, of the keyed hashes of recipient and sender; options are one label, "o-"
// and any of d<16 hexadecimal digits> (of the sender's domain), f (SPF or DKIM is aligned with it) and n (look only);
// the address is four decimal octets or 32 nibbles (RFC 5782). An IPv4-mapped address is an IPv4 one.
//
// Whoever reads a burst takes a question in two steps, GreyClientLabels and ReadGreyHashes, and reads the addresses of
// all clients between them.
//
// Thread-safety: pure. Errors: anything else is no question. Cost: some 100 instructions and a hash of 32 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/dns/wire.h"
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

// hr and hs as labels.
inline constexpr size_t kGreyHashDigits = 32;
inline constexpr size_t kGreyHashLabels = 2 * (1 + kGreyHashDigits);
// Before the labels of the client's address.
inline constexpr size_t kMaxGreyLabels = kGreyHashLabels + 1 + dns::kMaxLabel;

// Where the labels of the client's address begin, as far as sizes of labels tell; null: this is no question. REQUIRES:
// kMaxGreyLabels bytes can be read.
[[nodiscard]] inline const uint8_t* GreyClientLabels(const uint8_t* labels) noexcept {
  if (labels[0] != kGreyHashDigits || labels[1 + kGreyHashDigits] != kGreyHashDigits) return nullptr;
  const uint8_t* const behind = labels + kGreyHashLabels;
  const bool is_options = *behind >= 2 && *behind <= dns::kMaxLabel && (behind[1] | 0x20) == 'o' && behind[2] == '-';
  return behind + (is_options ? 1 + *behind : 0);
}

// The question of this client whose hr, hs and options, letters in either case, stand before `client_labels`; false:
// they are none. REQUIRES: client_labels = GreyClientLabels(labels), not null; 16 bytes from there on can be read.
[[nodiscard]] bool ReadGreyHashes(const uint8_t* labels, const uint8_t* client_labels, Ip6Address client,
                                  GreyMasks masks, GreyQuestion* question) noexcept;

// The whole of it. REQUIRES: labels in wire form and lower case, no root label; 16 bytes behind them can be read.
[[nodiscard]] std::optional<GreyQuestion> ReadGreyQuestion(std::span<const uint8_t> labels, size_t count,
                                                           GreyMasks masks) noexcept;

}  // namespace rblitz
