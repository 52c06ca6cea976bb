// Addresses of either family as sockets want them.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

namespace rblitz::io {

inline sockaddr_storage NumericAddress(const char* text, uint16_t port, socklen_t* size) {
  sockaddr_storage address = {};
  auto& ip4 = reinterpret_cast<sockaddr_in&>(address);
  auto& ip6 = reinterpret_cast<sockaddr_in6&>(address);
  ip4.sin_port = htons(port);
  if (inet_pton(AF_INET, text, &ip4.sin_addr) == 1) {
    ip4.sin_family = AF_INET;
    *size = sizeof ip4;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &ip6.sin6_addr), 1) << text;
    ip6.sin6_family = AF_INET6;
    *size = sizeof ip6;
  }
  return address;
}

}  // namespace rblitz::io
