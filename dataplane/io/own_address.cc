#include "dataplane/io/own_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rblitz::io {

namespace {

// Digits to the end; 0 for anything else.
unsigned ParseLength(const char* at, const char* end) {
  unsigned length = 0;
  const auto [rest, error] = std::from_chars(at, end, length);
  return error == std::errc() && rest == end ? length : 0;
}

// Whether a host may have it: not "this network", loopback, multicast or reserved (RFC 6890), and within its network
// neither the first nor the broadcast address, which only networks of one or two addresses give to hosts (RFC 3021).
bool IsHost(net::OwnIp4 own) {
  const uint32_t first_octet = own.address >> 24;
  if (first_octet == 0 || first_octet == 127 || first_octet >= 224) return false;
  const uint32_t host_mask = own.prefix_length >= 31 ? 0 : ~uint32_t{0} >> own.prefix_length;
  const uint32_t host = own.address & host_mask;
  return host_mask == 0 || (host != 0 && host != host_mask);
}

// The same of IPv6: not unspecified, loopback or another of ::/96 (RFC 4291 section 2.5), IPv4-mapped or multicast. Any
// number in a network may be a host's.
bool IsHost(const net::Ip6& address) {
  constexpr net::Ip6 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto starts_as = [&](const net::Ip6& other) {
    return std::equal(address.begin(), address.begin() + 12, other.begin());
  };
  return address[0] != 0xff && !starts_as(net::Ip6{}) && !starts_as(kMapped);
}

Result<unsigned> ReadLength(const std::string& text, size_t slash, unsigned most) {
  const unsigned length = ParseLength(text.data() + slash + 1, text.data() + text.size());
  if (length >= 1 && length <= most) return length;
  return Fail("bad prefix length in '" + text + "' (1 to " + std::to_string(most) + ")");
}

}  // namespace

Result<OwnAddress> ParseOwnAddress(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  in_addr ip4{};
  in6_addr ip6{};
  const bool is_ip6 = inet_pton(AF_INET6, host.c_str(), &ip6) == 1;
  if (slash == std::string::npos || (!is_ip6 && inet_pton(AF_INET, host.c_str(), &ip4) != 1)) {
    return Fail("bad address '" + text + "' (as in 10.53.0.53/24 or fd53::53/64)");
  }
  const Result<unsigned> length = ReadLength(text, slash, is_ip6 ? 128 : 32);
  if (!length) return tl::unexpected(length.error());
  const net::OwnIp4 own4{ntohl(ip4.s_addr), static_cast<uint8_t>(*length)};
  net::OwnIp6 own6{{}, static_cast<uint8_t>(*length)};
  std::memcpy(own6.address.data(), ip6.s6_addr, own6.address.size());
  if (is_ip6 ? !IsHost(own6.address) : !IsHost(own4)) {
    return Fail("'" + text + "' is no address of a host on its network");
  }
  return is_ip6 ? OwnAddress(own6) : OwnAddress(own4);
}

ClientAddress AddressOf(const OwnAddress& address) {
  if (const auto* ip6 = std::get_if<net::OwnIp6>(&address)) return ip6->address;
  const uint32_t ip4_be = htonl(std::get<net::OwnIp4>(address).address);
  uint8_t bytes[4];
  std::memcpy(bytes, &ip4_be, sizeof bytes);
  return MappedClient(bytes);
}

void Add(const OwnAddress& address, net::OwnAddresses& own) {
  if (const auto* ip6 = std::get_if<net::OwnIp6>(&address)) {
    own.ip6.push_back(*ip6);
  } else {
    own.ip4.push_back(std::get<net::OwnIp4>(address));
  }
}

void AddLinkLocal(net::OwnAddresses& own) {
  const net::Ip6 address = net::LinkLocal(own.mac);
  const auto same = [&](const net::OwnIp6& ip6) { return ip6.address == address; };
  if (own.ip6.empty() || std::any_of(own.ip6.begin(), own.ip6.end(), same)) return;
  own.ip6.push_back({address, 64});
}

std::vector<net::Mac> GroupMacs(const net::OwnAddresses& own) {
  std::vector<net::Mac> macs;
  const auto add = [&macs](const net::Ip6& group) {
    const net::Mac mac = net::GroupMac(group);
    if (std::find(macs.begin(), macs.end(), mac) == macs.end()) macs.push_back(mac);
  };
  if (!own.ip6.empty()) add(net::kAllNodes);
  for (const net::OwnIp6& ip6 : own.ip6) add(net::SolicitedNode(ip6.address));
  return macs;
}

}  // namespace rblitz::io
