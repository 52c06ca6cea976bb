#include "dataplane/io/own_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace rblitz::io {

Result<net::OwnIp4> ParseOwnAddress(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return Fail("bad address '" + text + "': want ADDRESS/LENGTH");
  const std::string address = text.substr(0, slash);
  if (address.find(':') != std::string::npos) return Fail("bad address '" + text + "': ports serve IPv4 only");
  in_addr parsed;
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1) return Fail("bad address '" + text + "'");
  unsigned length = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, length);
  if (error != std::errc() || rest != end || length > 32) return Fail("bad prefix length in '" + text + "'");
  return net::OwnIp4{ntohl(parsed.s_addr), static_cast<uint8_t>(length)};
}

}  // namespace rblitz::io
