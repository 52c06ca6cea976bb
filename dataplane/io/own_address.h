// Own addresses as a configuration writes them.
//
// Thread-safety: pure. Errors: the message quotes what was wrong.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "dataplane/io/packet_io.h"
#include "dataplane/net/own_addresses.h"
#include "tables/result.h"

namespace rblitz::io {

using OwnAddress = std::variant<net::OwnIp4, net::OwnIp6>;

// "10.53.0.53/24" or "fd53::53/64", the address of a host. The length of the network must be given: of an IPv4 one it
// says which source is its broadcast address.
[[nodiscard]] Result<OwnAddress> ParseOwnAddress(const std::string& text);

// Without the length: equal where two texts mean the same address.
[[nodiscard]] ClientAddress AddressOf(const OwnAddress& address);

void Add(const OwnAddress& address, net::OwnAddresses& own);

// A port with IPv6 addresses has its link-local one besides (RFC 4291 section 2.8), if that is not among them already.
void AddLinkLocal(net::OwnAddresses& own);

// The group MACs that a port has to listen to, each once: of all nodes and of each IPv6 address (RFC 4291 section 2.8).
[[nodiscard]] std::vector<net::Mac> GroupMacs(const net::OwnAddresses& own);

}  // namespace rblitz::io
