// Questions over sockets of the kernel: one connected socket a flow, several questions a system call.
//
// Thread-safety: one thread. Units: ns of CLOCK_MONOTONIC. Errors: Open says which step failed; afterwards what the
// kernel says of the destination (ICMP) is counted. Cost: sendmmsg and recvmmsg, and one epoll_wait a look.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "cli/blast/link.h"
#include "cli/blast/source_addresses.h"
#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz::blast {

struct SocketLinkConfig {
  io::SocketAddress server;
  std::optional<SourceAddresses> sources;  // none: the one that the kernel chooses
  size_t ports = 1;                        // of each source
};

class SocketLink final : public Link {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SocketLink>> Open(const SocketLinkConfig& config);

  [[nodiscard]] size_t flows() const noexcept override { return sockets_.size(); }
  [[nodiscard]] size_t run() const noexcept override { return kRun; }
  [[nodiscard]] uint64_t Now() noexcept override;
  [[nodiscard]] size_t Send(std::span<const Outgoing> questions) noexcept override;
  [[nodiscard]] size_t Receive(std::span<Arrived, kBatch> arrived) noexcept override;
  void Wait(uint64_t until) noexcept override;
  [[nodiscard]] uint64_t refused() const noexcept override { return refused_; }

 private:
  static constexpr size_t kRun = 32;
  static constexpr size_t kMostAnswer = 4096;
  SocketLink();

  [[nodiscard]] Status OpenFlow(const SocketLinkConfig& config, const io::SocketAddress* source);
  [[nodiscard]] size_t SendOnFlow(std::span<const Outgoing> questions) noexcept;
  // Takes from one flow what there is room for.
  [[nodiscard]] size_t ReceiveOn(uint32_t flow, std::span<Arrived> arrived, size_t first) noexcept;

  std::vector<UniqueFd> sockets_;
  UniqueFd epoll_;
  uint64_t refused_ = 0;
  std::vector<uint32_t> ready_;  // flows that have something, to be looked at from the last
  std::array<iovec, kBatch> parts_;
  std::array<mmsghdr, kBatch> messages_;
  std::vector<uint8_t> buffers_;
};

}  // namespace rblitz::blast
