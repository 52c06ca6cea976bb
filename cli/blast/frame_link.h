// Questions over a port's frames: everything that goes between an asker and a FrameIo.
//
// Thread-safety: one thread. Lifetime: `io` outlives it. Units: ns of CLOCK_MONOTONIC.
// Errors: Resolve says whose MAC is not to be had. Cost: a copy and a checksum a question.
#pragma once

#include "cli/blast/frames.h"
#include "cli/blast/link.h"
#include "dataplane/io/frame_io.h"
#include "tables/result.h"

namespace rblitz::blast {

class FrameLink final : public Link {
 public:
  FrameLink(const FrameConfig& config, io::FrameIo& io) : frames_(config), io_(io) {}

  // Finds the MAC of this address, which is the server's or the gateway's before it, within `patience`.
  [[nodiscard]] Status Resolve(const net::Ip6& address, uint64_t patience);

  [[nodiscard]] size_t flows() const noexcept override { return frames_.flows(); }
  [[nodiscard]] size_t run() const noexcept override { return 1; }
  [[nodiscard]] uint64_t Now() noexcept override;
  [[nodiscard]] size_t Send(std::span<const Outgoing> questions) noexcept override;
  [[nodiscard]] size_t Receive(std::span<Arrived, kBatch> arrived) noexcept override;
  void Wait(uint64_t until) noexcept override;

 private:
  template <class Write>
  void SendOne(const Write& write) noexcept;

  Frames frames_;
  io::FrameIo& io_;
};

}  // namespace rblitz::blast
