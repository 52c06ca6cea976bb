// A client of a UDP socket, and the answers that echo.h gives it.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/numeric_address.h"

namespace rblitz::io {

using Datagram = std::string;

inline Datagram Inverted(Datagram bytes) {
  for (char& byte : bytes) byte = static_cast<char>(~byte);
  return bytes;
}

// A client whose socket is connected: it takes datagrams from the address that it asked, and from no other.
class UdpClient {
 public:
  UdpClient(const char* server, uint16_t port, const char* from = nullptr) {
    socklen_t size;
    const sockaddr_storage address = NumericAddress(server, port, &size);
    fd_ = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (from != nullptr) {
      const sockaddr_storage own = NumericAddress(from, 0, &size);
      EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&own), size), 0) << from;
    }
    const timeval patience = {.tv_sec = 2, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~UdpClient() { close(fd_); }
  UdpClient(const UdpClient&) = delete;
  UdpClient& operator=(const UdpClient&) = delete;

  void Send(const Datagram& datagram) const {
    EXPECT_EQ(send(fd_, datagram.data(), datagram.size(), 0), static_cast<ssize_t>(datagram.size()));
  }
  Datagram Receive() const {
    char bytes[4096];
    const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
    return size < 0 ? "nothing came" : Datagram(bytes, static_cast<size_t>(size));
  }

 private:
  int fd_;
};

}  // namespace rblitz::io
