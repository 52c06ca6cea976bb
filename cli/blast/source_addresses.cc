#include "cli/blast/source_addresses.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "dataplane/net/byte_order.h"

namespace rblitz::blast {

namespace {

// The low 32 bits stand at the end of either kind of address; more sources than they count there are never.
size_t LowAt(bool is_ip6) { return is_ip6 ? 12 : 0; }

// Whether no bit behind the prefix is set.
bool IsNetwork(const net::Ip6& address, unsigned length, unsigned bits) {
  for (unsigned bit = length; bit < bits; ++bit) {
    if ((address[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
  }
  return true;
}

}  // namespace

net::Ip6 SourceAddresses::at(size_t i) const noexcept {
  net::Ip6 address = first;
  uint8_t* const low = address.data() + LowAt(is_ip6);
  net::Store32(low, net::Load32(low) + static_cast<uint32_t>(i));
  return address;
}

std::optional<size_t> SourceAddresses::IndexOf(const uint8_t* address) const noexcept {
  const size_t low = LowAt(is_ip6);
  if (std::memcmp(address, first.data(), low) != 0) return std::nullopt;
  const size_t i = net::Load32(address + low) - net::Load32(first.data() + low);
  return i < count ? std::optional(i) : std::nullopt;
}

std::string SourceAddresses::Text(size_t i) const {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(is_ip6 ? AF_INET6 : AF_INET, at(i).data(), text, sizeof text);
}

io::SocketAddress SourceAddresses::Socket(size_t i, uint16_t port) const noexcept {
  io::SocketAddress address;
  const net::Ip6 bytes = at(i);
  if (is_ip6) {
    auto& ip6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    ip6.sin6_family = AF_INET6;
    ip6.sin6_port = htons(port);
    std::memcpy(&ip6.sin6_addr, bytes.data(), bytes.size());
    address.size = sizeof ip6;
  } else {
    auto& ip4 = reinterpret_cast<sockaddr_in&>(address.storage);
    ip4.sin_family = AF_INET;
    ip4.sin_port = htons(port);
    std::memcpy(&ip4.sin_addr, bytes.data(), 4);
    address.size = sizeof ip4;
  }
  return address;
}

Result<SourceAddresses> ParseSources(const std::string& text) {
  const auto bad = [&text](const std::string& what) { return Fail("bad sources '" + text + "': " + what); };
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  SourceAddresses sources;
  sources.is_ip6 = address.find(':') != std::string::npos;
  if (inet_pton(sources.is_ip6 ? AF_INET6 : AF_INET, address.c_str(), sources.first.data()) != 1) {
    return bad("want ADDRESS or PREFIX/LENGTH");
  }
  const unsigned bits = sources.is_ip6 ? 128 : 32;
  unsigned length = bits;
  if (slash != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, length);
    if (error != std::errc() || rest != end || length > bits) return bad("bad length");
  }
  sources.prefix_length = static_cast<uint8_t>(length);
  if (length == bits) return sources;
  if (!IsNetwork(sources.first, length, bits)) return bad("bits behind the prefix are set");
  const unsigned host_bits = bits - length;
  const size_t all = host_bits >= 17 ? 2 * kMostSources : size_t{1} << host_bits;
  // The network's own address, and the broadcast address of IPv4, are no hosts' (RFC 3021: a /31 has neither).
  const bool keeps_ends = host_bits == 1;
  if (!keeps_ends) sources.first = sources.at(1);
  sources.count = std::min(kMostSources, keeps_ends ? all : all - (sources.is_ip6 ? 1 : 2));
  return sources;
}

}  // namespace rblitz::blast
