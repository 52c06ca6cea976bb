#include "dataplane/io/own_address.h"

#include <arpa/inet.h>

#include <charconv>

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

}  // namespace

Result<net::OwnIp4> ParseOwnAddress(const std::string& text) {
  const auto bad = [&] { return Fail("bad address '" + text + "' (as in 10.53.0.53/24)"); };
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return bad();
  const std::string host = text.substr(0, slash);
  in6_addr ip6{};
  if (inet_pton(AF_INET6, host.c_str(), &ip6) == 1) return Fail("IPv6 address '" + text + "' is not supported yet");
  in_addr ip4{};
  if (inet_pton(AF_INET, host.c_str(), &ip4) != 1) return bad();
  const unsigned length = ParseLength(text.data() + slash + 1, text.data() + text.size());
  if (length < 1 || length > 32) return Fail("bad prefix length in '" + text + "' (1 to 32)");
  const net::OwnIp4 own{ntohl(ip4.s_addr), static_cast<uint8_t>(length)};
  if (!IsHost(own)) return Fail("'" + text + "' is no address of a host on its network");
  return own;
}

}  // namespace rblitz::io
