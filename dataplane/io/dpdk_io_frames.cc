#include "dataplane/io/dpdk_io_frames.h"

#include <algorithm>
#include <cassert>

namespace rblitz::io {

namespace {

void Free(rte_mbuf** mbufs, size_t n) noexcept { rte_pktmbuf_free_bulk(mbufs, static_cast<unsigned>(n)); }

}  // namespace

DpdkFrameIo::~DpdkFrameIo() {
  Free(received_.data(), received_size_);
  Free(allocated_.data(), allocated_size_);
}

size_t DpdkFrameIo::Receive(std::span<std::span<const uint8_t>, kBurst> frames) noexcept {
  Free(received_.data(), received_size_);
  received_size_ = 0;
  for (uint16_t tried = 0; tried < port_->queues && received_size_ == 0; ++tried) {
    queue_ = static_cast<uint16_t>(queue_ + 1 < port_->queues ? queue_ + 1 : 0);
    received_size_ = rte_eth_rx_burst(port_->id, queue_, received_.data(), kBurst);
  }
  size_t n = 0;
  for (size_t i = 0; i < received_size_; ++i) {
    const rte_mbuf* const mbuf = received_[i];
    if (mbuf->nb_segs == 1) frames[n++] = {rte_pktmbuf_mtod(mbuf, const uint8_t*), mbuf->data_len};
  }
  return n;
}

size_t DpdkFrameIo::Allocate(std::span<uint8_t*> frames) noexcept {
  assert(allocated_size_ == 0);
  const size_t wanted = std::min(frames.size(), kBurst);
  for (; allocated_size_ < wanted; ++allocated_size_) {
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(port_->pool);
    if (mbuf == nullptr) break;
    allocated_[allocated_size_] = mbuf;
    frames[allocated_size_] = rte_pktmbuf_mtod(mbuf, uint8_t*);
  }
  return allocated_size_;
}

size_t DpdkFrameIo::Send(std::span<const uint16_t> sizes) noexcept {
  assert(sizes.size() <= allocated_size_);
  for (size_t i = 0; i < sizes.size(); ++i) {
    allocated_[i]->data_len = sizes[i];
    allocated_[i]->pkt_len = sizes[i];
  }
  const size_t sent = rte_eth_tx_burst(port_->id, 0, allocated_.data(), static_cast<uint16_t>(sizes.size()));
  Free(allocated_.data() + sent, allocated_size_ - sent);
  allocated_size_ = 0;
  return sent;
}

}  // namespace rblitz::io
