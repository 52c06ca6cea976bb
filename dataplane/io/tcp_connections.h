// The places of TCP connections: who has one, who has been idle for how long, and how many have the same source.
//
// Thread-safety: none. Units: times in milliseconds of any one clock. Cost: CountOf looks at every place; the others
// are a few stores. No allocation after the constructor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/io/index_list.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/io/tcp_input.h"
#include "dataplane/io/tcp_output.h"
#include "dataplane/stats.h"

namespace rblitz::io {

struct TcpConnection {
  int fd = -1;                             // -1: the place is free
  uint32_t generation = 0;                 // tells connections apart that had the same place
  uint32_t events = 0;                     // that epoll watches for
  bool at_end = false;                     // the client has shut down its side
  TcpClose leaves_for = TcpClose::kCount;  // not kCount: to be closed once its answers are sent
  uint64_t active_at = 0;
  ClientAddress client{};
  TcpInput input;
  TcpOutput output;

  [[nodiscard]] bool leaves() const noexcept { return leaves_for != TcpClose::kCount; }
};

class TcpConnections {
 public:
  explicit TcpConnections(size_t most)
      : places_(std::make_unique<TcpConnection[]>(most)),
        inputs_(std::make_unique_for_overwrite<uint8_t[]>(most * TcpInput::kBuffer)),
        sources_(most),
        most_(most),
        idle_(most),
        free_(most) {
    for (size_t i = 0; i < most; ++i) {
      places_[i].input = TcpInput(&inputs_[i * TcpInput::kBuffer]);
      free_.PushBack(static_cast<uint32_t>(i));
    }
  }

  [[nodiscard]] TcpConnection& operator[](uint32_t i) noexcept { return places_[i]; }
  [[nodiscard]] const TcpConnection& operator[](uint32_t i) const noexcept { return places_[i]; }
  [[nodiscard]] size_t most() const noexcept { return most_; }
  [[nodiscard]] bool full() const noexcept { return free_.empty(); }
  [[nodiscard]] bool empty() const noexcept { return idle_.empty(); }

  // REQUIRES: not full.
  uint32_t Open(int fd, const ClientAddress& client, uint64_t now) noexcept {
    const uint32_t i = free_.front();
    free_.Remove(i);
    TcpConnection& connection = places_[i];
    connection.fd = fd;
    connection.client = client;
    connection.at_end = false;
    connection.leaves_for = TcpClose::kCount;
    connection.input.Clear();
    sources_[i] = SourceOf(client);
    Touch(i, now);
    return i;
  }
  void Close(uint32_t i) noexcept {
    places_[i].fd = -1;
    ++places_[i].generation;
    sources_[i] = {};
    idle_.Remove(i);
    free_.PushBack(i);
  }

  // It has done something that a client does.
  void Touch(uint32_t i, uint64_t now) noexcept {
    places_[i].active_at = now;
    idle_.PushBack(i);
  }
  // REQUIRES: not empty.
  [[nodiscard]] uint32_t longest_idle() const noexcept { return idle_.front(); }

  // How many have the source of this client.
  [[nodiscard]] size_t CountOf(const ClientAddress& client) const noexcept {
    return static_cast<size_t>(std::count(sources_.begin(), sources_.end(), SourceOf(client)));
  }

 private:
  // An IPv6 client has the rest of its /64 for itself. Never all zeros, as the /64 of ::1 would be.
  [[nodiscard]] static ClientAddress SourceOf(ClientAddress client) noexcept {
    const ClientAddress mapped = MappedClient(&client[12]);
    if (client != mapped) std::fill(client.begin() + 8, client.end(), uint8_t{0xff});
    return client;
  }

  std::unique_ptr<TcpConnection[]> places_;
  std::unique_ptr<uint8_t[]> inputs_;
  std::vector<ClientAddress> sources_;  // of the place at the same index; all zeros: free
  size_t most_;
  IndexList idle_;  // all that are open, the one that has been idle longest first
  IndexList free_;
};

}  // namespace rblitz::io
