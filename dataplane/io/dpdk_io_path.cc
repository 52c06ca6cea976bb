// The packet path of one worker: bursts from and to ports.
#include <rte_prefetch.h>

#include "dataplane/io/dpdk_io_port.h"

namespace rblitz::io {

namespace {

// Frames looked at between the prefetch of one and its turn: about the latency of the last-level cache.
constexpr size_t kAhead = 8;

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

DpdkPacketIo::DpdkPacketIo(const std::vector<std::unique_ptr<DpdkPort>>& ports, uint16_t queue, WorkerStats* stats)
    : queue_(queue) {
  for (const std::unique_ptr<DpdkPort>& port : ports) {
    ports_.push_back({port->id, port->may_be_partial, FramePath(&port->own, FramePath::MaxAnswer(port->mtu), stats)});
  }
}

ReceivedFrame DpdkPacketIo::FrameIn(rte_mbuf* mbuf, const Port& port) noexcept {
  auto* data = rte_pktmbuf_mtod(mbuf, uint8_t*);
  const auto room = static_cast<uint16_t>(mbuf->buf_len - mbuf->data_off);
  UdpChecksum checksum = VerdictOf(mbuf);
  if (port.may_be_partial && checksum == UdpChecksum::kUnknown) checksum = UdpChecksum::kMaybePartial;
  return {.data = data, .size = mbuf->data_len, .room = room, .checksum = checksum};
}

// One port a burst, in turn, so that a busy one does not keep the others waiting and an answer knows its port.
void DpdkPacketIo::Receive(Burst& burst) noexcept {
  burst.count = 0;
  std::array<rte_mbuf*, kBurst> mbufs;
  for (size_t tried = 0; tried < ports_.size(); ++tried) {
    if (++current_ >= ports_.size()) current_ = 0;
    Port& port = ports_[current_];
    const size_t n = rte_eth_rx_burst(port.id, queue_, mbufs.data(), kBurst);
    if (n == 0) continue;
    Take(port, mbufs.data(), n, burst);
    return;
  }
}

void DpdkPacketIo::Take(Port& port, rte_mbuf** mbufs, size_t n, Burst& burst) noexcept {
  std::array<rte_mbuf*, kBurst> replies;
  std::array<Fate, kBurst> fates;
  size_t replies_size = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < std::min(kAhead, n); ++i) PrefetchFrame(mbufs[i]);
  for (size_t i = 0; i < n; ++i) {
    if (i + kAhead < n) PrefetchFrame(mbufs[i + kAhead]);
    rte_mbuf* mbuf = mbufs[i];
    bytes += mbuf->pkt_len;
    if (mbuf->nb_segs > 1) [[unlikely]] {
      port.path.CountOversize();
      rte_pktmbuf_free(mbuf);
      continue;
    }
    const TakenFrame taken = port.path.Take(FrameIn(mbuf, port), burst);
    if (taken.fate == Fate::kMessage) [[likely]] {
      mbufs_[burst.count - 1] = mbuf;
    } else if (taken.fate == Fate::kDropped) {
      rte_pktmbuf_free(mbuf);
    } else {
      Resize(mbuf, taken.reply_size);
      replies[replies_size] = mbuf;
      fates[replies_size++] = taken.fate;
    }
  }
  port.path.CountReceived(n, bytes);
  if (replies_size > 0) [[unlikely]]
    SendReplies(port, replies.data(), fates.data(), replies_size);
}

void DpdkPacketIo::SendReplies(Port& port, rte_mbuf** mbufs, const Fate* fates, size_t n) noexcept {
  const size_t sent = rte_eth_tx_burst(port.id, queue_, mbufs, static_cast<uint16_t>(n));
  for (size_t i = 0; i < sent; ++i) port.path.CountReply(fates[i]);
  port.path.CountTxFull(n - sent);
  rte_pktmbuf_free_bulk(mbufs + sent, static_cast<unsigned>(n - sent));
}

void DpdkPacketIo::Send(Burst& burst) noexcept {
  Port& port = ports_[current_];
  std::array<rte_mbuf*, kBurst> out;
  size_t n = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < burst.count; ++i) {
    const Message& message = burst.messages[i];
    if (message.size == 0) [[unlikely]] {
      rte_pktmbuf_free(mbufs_[i]);
      continue;
    }
    const size_t size = FramePath::TurnRound(message);
    Resize(mbufs_[i], size);
    bytes += size;
    out[n++] = mbufs_[i];
  }
  const size_t sent = rte_eth_tx_burst(port.id, queue_, out.data(), static_cast<uint16_t>(n));
  if (sent < n) [[unlikely]] {
    for (size_t i = sent; i < n; ++i) bytes -= out[i]->pkt_len;
    rte_pktmbuf_free_bulk(out.data() + sent, static_cast<unsigned>(n - sent));
    port.path.CountTxFull(n - sent);
  }
  port.path.CountAnswered(sent, bytes);
}

}  // namespace rblitz::io
