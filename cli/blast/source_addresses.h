// The addresses that questions come from: one, or the first ones of a prefix.
//
// Thread-safety: pure. Errors: quote what is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/io/listen_address.h"
#include "dataplane/net/own_addresses.h"
#include "tables/result.h"

namespace rblitz::blast {

inline constexpr size_t kMostSources = 65536;

struct SourceAddresses {
  bool is_ip6 = false;
  net::Ip6 first{};  // an IPv4 address in the first four bytes
  size_t count = 1;
  uint8_t prefix_length = 32;  // of the network that they stand in

  // The i-th one, in network order. REQUIRES: i < count.
  [[nodiscard]] net::Ip6 at(size_t i) const noexcept;
  // Which one it is, if any. `address`: 4 or 16 bytes.
  [[nodiscard]] std::optional<size_t> IndexOf(const uint8_t* address) const noexcept;
  // The i-th one as text.
  [[nodiscard]] std::string Text(size_t i) const;
  // The same as a socket binds it.
  [[nodiscard]] io::SocketAddress Socket(size_t i, uint16_t port) const noexcept;
};

// "10.9.0.0/16": its hosts, without network and broadcast address, at most kMostSources; "10.9.0.7" or
// "10.9.0.7/32" that one alone.
[[nodiscard]] Result<SourceAddresses> ParseSources(const std::string& text);

}  // namespace rblitz::blast
