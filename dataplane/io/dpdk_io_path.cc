// The packet path of one worker: bursts from and to ports.
#include <rte_prefetch.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "dataplane/io/dpdk_io_port.h"

namespace rblitz::io {

namespace {

// Headers and the start of the question are in the first line, a question's end in the second.
void PrefetchFrame(const rte_mbuf* mbuf) noexcept {
  const char* data = rte_pktmbuf_mtod(mbuf, const char*);
  rte_prefetch0(data);
  rte_prefetch0(data + RTE_CACHE_LINE_SIZE);
}

UdpChecksum VerdictOf(const rte_mbuf* mbuf) noexcept {
  switch (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
    case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
      return UdpChecksum::kGood;
    case RTE_MBUF_F_RX_L4_CKSUM_BAD:
      return UdpChecksum::kBad;
    case RTE_MBUF_F_RX_L4_CKSUM_NONE:
      return UdpChecksum::kPartial;
    default:
      return UdpChecksum::kUnknown;
  }
}

// The mbuf as received, made ready to go out: what the receiving driver noted must not be read as a wish to the sending
// one.
void Resize(rte_mbuf* mbuf, size_t size) noexcept {
  mbuf->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
  mbuf->data_len = static_cast<uint16_t>(size);
  mbuf->pkt_len = static_cast<uint32_t>(size);
}

}  // namespace

DpdkPacketIo::DpdkPacketIo(const std::vector<std::unique_ptr<DpdkPort>>& ports, uint32_t worker, uint32_t workers,
                           IdleMode idle, WorkerStats* stats) {
  std::vector<DpdkQueue> queues;
  bool all_interrupt = true;
  for (const std::unique_ptr<DpdkPort>& port : ports) {
    KernelPort* const kernel = port->kernel.get();
    const uint32_t first_queue = (worker + workers - port->first_worker) % workers;
    for (uint32_t queue = first_queue; queue < port->queues; queue += workers) {
      queues.push_back({port->id, static_cast<uint16_t>(queue)});
      all_interrupt &= port->has_interrupts;
      ports_.push_back({port->id, static_cast<uint16_t>(queue), port->may_be_partial,
                        kernel != nullptr ? kernel->to_kernel(worker) : nullptr,
                        FramePath(&port->own, FramePath::MaxAnswer(port->mtu), stats, kernel != nullptr)});
    }
    // What the kernel sends leaves by queue 0.
    if (kernel != nullptr && worker == port->first_worker) kernel_sides_.push_back({port->id, 0, port->pool, kernel});
  }
  // Nobody wakes a worker for what the kernel sends, whose thread sleeps as long itself.
  const auto with_kernel = std::chrono::microseconds(KernelPort::kIdleWait).count();
  const uint32_t longest = kernel_sides_.empty() ? DpdkIdle::kLongestWait : static_cast<uint32_t>(with_kernel);
  const bool lacks_interrupts = idle == IdleMode::kInterrupt && !all_interrupt;
  idle_ = std::make_unique<DpdkIdle>(lacks_interrupts ? IdleMode::kAdaptive : idle, queues, longest);
}

// One port a burst, in turn, so that a busy one does not keep the others waiting and an answer knows its port.
void DpdkPacketIo::Receive(Burst& burst) noexcept {
  burst.count = 0;
  burst.clients = this;
  for (const KernelSide& side : kernel_sides_) [[unlikely]] SendFromKernel(side);
  std::array<rte_mbuf*, kBurst> mbufs;
  for (size_t tried = 0; tried < ports_.size(); ++tried) {
    if (++current_ >= ports_.size()) current_ = 0;
    Port& port = ports_[current_];
    const size_t n = rte_eth_rx_burst(port.id, port.queue, mbufs.data(), kBurst);
    if (n == 0) continue;
    idle_->Came();
    Take(port, mbufs.data(), n, burst);
    return;
  }
  idle_->CameNothing();
}

// For as long as its idle mode says, which is less.
void DpdkPacketIo::Wait(int /*milliseconds*/) noexcept { idle_->Sleep(); }

// Frames in more than one buffer are nothing that we answer.
size_t DpdkPacketIo::DropSegmented(Port& port, rte_mbuf** mbufs, size_t n) noexcept {
  rte_mbuf** const end = std::partition(mbufs, mbufs + n, [](const rte_mbuf* mbuf) { return mbuf->nb_segs == 1; });
  for (rte_mbuf** mbuf = end; mbuf != mbufs + n; ++mbuf) {
    port.path.CountOversize();
    rte_pktmbuf_free(*mbuf);
  }
  return static_cast<size_t>(end - mbufs);
}

void DpdkPacketIo::Take(Port& port, rte_mbuf** mbufs, size_t n, Burst& burst) noexcept {
  size_t bytes = 0;
  bool is_segmented = false;
  for (size_t i = 0; i < n; ++i) {
    PrefetchFrame(mbufs[i]);
    bytes += mbufs[i]->pkt_len;
    is_segmented |= mbufs[i]->nb_segs > 1;
  }
  port.path.CountReceived(n, bytes);
  if (is_segmented) [[unlikely]]
    n = DropSegmented(port, mbufs, n);

  ReceivedFrames received;
  for (size_t i = 0; i < n; ++i) {
    const rte_mbuf* const mbuf = mbufs[i];
    UdpChecksum checksum = VerdictOf(mbuf);
    if (port.may_be_partial && checksum == UdpChecksum::kUnknown) checksum = UdpChecksum::kMaybePartial;
    received.Add(rte_pktmbuf_mtod(mbuf, uint8_t*), mbuf->data_len,
                 static_cast<uint16_t>(mbuf->buf_len - mbuf->data_off), checksum);
  }

  std::array<rte_mbuf*, kBurst> replies;
  std::array<Fate, kBurst> fates;
  size_t replies_size = 0;
  rte_mbuf** message = mbufs_.data() + burst.count;
  port.path.Take(received, burst, [&](size_t i, TakenFrame taken) {
    rte_mbuf* const mbuf = mbufs[i];
    if (taken.fate == Fate::kMessage) [[likely]] {
      *message++ = mbuf;
    } else if (taken.fate == Fate::kDropped) {
      rte_pktmbuf_free(mbuf);
    } else if (taken.fate == Fate::kToKernel) {
      GiveToKernel(port, mbuf);
    } else {
      Resize(mbuf, taken.reply_size);
      replies[replies_size] = mbuf;
      fates[replies_size++] = taken.fate;
    }
  });
  if (replies_size > 0) [[unlikely]]
    SendReplies(port, replies.data(), fates.data(), replies_size);
}

// By copy: buffers stay with the workers, whose pool may not wait for a thread that was interrupted.
void DpdkPacketIo::GiveToKernel(Port& port, rte_mbuf* mbuf) noexcept {
  port.path.CountToKernel(port.to_kernel->Push({rte_pktmbuf_mtod(mbuf, const uint8_t*), mbuf->data_len}));
  rte_pktmbuf_free(mbuf);
}

// A quarter of a burst each time, so that questions are not kept waiting.
void DpdkPacketIo::SendFromKernel(const KernelSide& side) noexcept {
  constexpr size_t kMost = kBurst / 4;
  FrameRing& ring = *side.kernel->from_kernel();
  std::array<rte_mbuf*, kMost> mbufs;
  size_t n = 0;
  for (size_t taken = 0; taken < kMost; ++taken) {
    const std::span<const uint8_t> frame = ring.Front();
    if (frame.empty()) break;
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(side.pool);
    if (mbuf == nullptr) [[unlikely]] {
      side.kernel->CountUnsent(1);
    } else {
      std::memcpy(rte_pktmbuf_mtod(mbuf, void*), frame.data(), frame.size());
      Resize(mbuf, frame.size());
      mbufs[n++] = mbuf;
    }
    ring.Pop();
  }
  if (n == 0) return;
  const size_t sent = rte_eth_tx_burst(side.id, side.queue, mbufs.data(), static_cast<uint16_t>(n));
  rte_pktmbuf_free_bulk(mbufs.data() + sent, static_cast<unsigned>(n - sent));
  side.kernel->CountSent(sent);
  side.kernel->CountUnsent(n - sent);
}

void DpdkPacketIo::SendReplies(Port& port, rte_mbuf** mbufs, const Fate* fates, size_t n) noexcept {
  const size_t sent = rte_eth_tx_burst(port.id, port.queue, mbufs, static_cast<uint16_t>(n));
  for (size_t i = 0; i < sent; ++i) port.path.CountReply(fates[i]);
  port.path.CountTxFull(n - sent);
  rte_pktmbuf_free_bulk(mbufs + sent, static_cast<unsigned>(n - sent));
}

ClientAddress DpdkPacketIo::ClientOf(const Message& message) const noexcept {
  return ports_[current_].path.ClientOf(message);
}

void DpdkPacketIo::Send(Burst& burst) noexcept {
  Port& port = ports_[current_];
  uint16_t sizes[kBurst];
  port.path.TurnRound({burst.messages, burst.count}, sizes);
  std::array<rte_mbuf*, kBurst> out;
  size_t n = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < burst.count; ++i) {
    if (sizes[i] == 0) [[unlikely]] {
      rte_pktmbuf_free(mbufs_[i]);
      continue;
    }
    Resize(mbufs_[i], sizes[i]);
    bytes += sizes[i];
    out[n++] = mbufs_[i];
  }
  const size_t sent = rte_eth_tx_burst(port.id, port.queue, out.data(), static_cast<uint16_t>(n));
  if (sent < n) [[unlikely]] {
    for (size_t i = sent; i < n; ++i) bytes -= out[i]->pkt_len;
    rte_pktmbuf_free_bulk(out.data() + sent, static_cast<unsigned>(n - sent));
    port.path.CountTxFull(n - sent);
  }
  port.path.CountAnswered(sent, bytes);
}

}  // namespace rblitz::io
