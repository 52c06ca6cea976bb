// Whole frames of one port: all of its queues are received from, the first one sends. Private to dpdk_io.
//
// Thread-safety: one thread. Lifetime: the port must outlive it.
#pragma once

#include <array>

#include "dataplane/io/dpdk_io_port.h"
#include "dataplane/io/frame_io.h"

namespace rblitz::io {

class DpdkFrameIo final : public FrameIo {
 public:
  explicit DpdkFrameIo(const DpdkPort* port) noexcept : port_(port) {}
  ~DpdkFrameIo() override;
  DpdkFrameIo(const DpdkFrameIo&) = delete;
  DpdkFrameIo& operator=(const DpdkFrameIo&) = delete;

  [[nodiscard]] net::Mac mac() const noexcept override { return port_->own.mac; }
  [[nodiscard]] bool may_be_partial() const noexcept override { return port_->may_be_partial; }
  [[nodiscard]] size_t Receive(std::span<std::span<const uint8_t>, kBurst> frames) noexcept override;
  [[nodiscard]] size_t Allocate(std::span<uint8_t*> frames) noexcept override;
  [[nodiscard]] size_t Send(std::span<const uint16_t> sizes) noexcept override;

 private:
  const DpdkPort* port_;
  uint16_t queue_ = 0;  // that was received from last
  std::array<rte_mbuf*, kBurst> received_;
  size_t received_size_ = 0;
  std::array<rte_mbuf*, kBurst> allocated_;
  size_t allocated_size_ = 0;
};

}  // namespace rblitz::io
