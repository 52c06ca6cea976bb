#include "dataplane/io/socket_io.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <span>

namespace rblitz::io {

namespace {

// Times that a full send buffer is waited for, a millisecond each, before the rest of a burst is given up.
constexpr int kSendWaits = 3;

struct alignas(64) Slot {
  uint8_t data[SocketIo::kMaxQuestion + kSlack];
  SocketAddress peer;
  iovec part;
  alignas(cmsghdr) uint8_t control[CMSG_SPACE(sizeof(in6_pktinfo))];
};
static_assert(sizeof(in6_pktinfo) >= sizeof(in_pktinfo));
static_assert(offsetof(Slot, data) == 0);  // a message leads to its slot
static_assert(SocketIo::kMaxAnswer <= SocketIo::kMaxQuestion);

// What no question could be answered without fails; what only makes it better does not.
bool SetOptions(int fd, const SocketAddress& address, const SocketConfig& config) {
  const bool is_ip6 = address.is_ip6();
  if (!SetOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, config.receive_buffer)) {
    static_cast<void>(SetOption(fd, SOL_SOCKET, SO_RCVBUF, config.receive_buffer));
  }
  // An ICMP error that anybody can forge must not make the kernel cut answers into fragments (RFC 9715 section 3.1).
  static_cast<void>(is_ip6 ? SetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
                           : SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT));
  if (!address.is_wildcard()) return true;
  return is_ip6 ? SetOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : SetOption(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

Status Bind(int fd, const SocketAddress& address, const SocketConfig& config) {
  const bool joins = config.sharing == Sharing::kJoins;
  if ((address.is_ip6() && !SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
      (joins && !SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1))) {
    return FailErrno(config, "cannot set the socket's options");
  }
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    return FailErrno(config, "cannot bind");
  }
  if (config.sharing == Sharing::kFirst && !SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) {
    return FailErrno(config, "cannot share the address");
  }
  return {};
}

// Makes what the kernel told about the question's arrival the wish for the answer's departure: from the address that
// was asked, over the interface that routing says; a link-local address has no meaning without its interface.
void AnswerFromAskedAddress(msghdr& header) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      reinterpret_cast<in_pktinfo*>(CMSG_DATA(c))->ipi_ifindex = 0;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c));
      if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
    }
  }
}

}  // namespace

struct SocketIo::Rep {
  Rep(int socket, bool is_wildcard, WorkerStats* counters) : fd(socket), with_control(is_wildcard), stats(counters) {
    for (size_t i = 0; i < kBurst; ++i) SetUp(i);
  }
  ~Rep() { close(fd); }
  Rep(const Rep&) = delete;
  Rep& operator=(const Rep&) = delete;

  // Where the kernel shall write, once and for all.
  void SetUp(size_t i) noexcept {
    Slot& slot = slots[i];
    slot.part.iov_base = slot.data;
    received[i] = {};
    msghdr& header = received[i].msg_hdr;
    header.msg_name = &slot.peer.storage;
    header.msg_iov = &slot.part;
    header.msg_iovlen = 1;
    if (with_control) header.msg_control = slot.control;
    Prepare(i);
  }

  // How much room there is: the kernel writes over it what it used, and so does who sends the answer.
  void Prepare(size_t i) noexcept {
    slots[i].part.iov_len = kMaxQuestion;
    received[i].msg_hdr.msg_namelen = sizeof slots[i].peer.storage;
    if (with_control) received[i].msg_hdr.msg_controllen = sizeof slots[i].control;
  }

  void Take(size_t i, Burst& burst) noexcept;
  [[nodiscard]] size_t SlotOf(const Message& message) const noexcept {
    return static_cast<size_t>(reinterpret_cast<const Slot*>(message.payload) - slots.data());
  }
  // Makes what came with a question the header of its answer.
  void Turn(mmsghdr& answer, size_t size) const noexcept {
    answer.msg_hdr.msg_iov->iov_len = size;
    answer.msg_hdr.msg_flags = 0;
    answer.msg_len = 0;
    if (with_control) AnswerFromAskedAddress(answer.msg_hdr);
  }
  size_t SendAll(mmsghdr* headers, size_t n) noexcept;

  const int fd;
  uint16_t port = 0;  // bound
  const bool with_control;
  WorkerStats* const stats;
  size_t used = 0;  // slots to prepare before the next receive
  std::array<mmsghdr, kBurst> received;
  std::array<mmsghdr, kBurst> answers;  // where not every question has one
  std::array<Slot, kBurst> slots;
};

// One received datagram becomes the burst's next message, or is dropped and counted.
void SocketIo::Rep::Take(size_t i, Burst& burst) noexcept {
  const msghdr& header = received[i].msg_hdr;
  if ((header.msg_flags & MSG_TRUNC) != 0) [[unlikely]] {
    stats->Drop(DropReason::kOversize);
    return;
  }
  if (slots[i].peer.port() == 0) [[unlikely]] {
    stats->Drop(DropReason::kSourcePortZero);
    return;
  }
  burst.messages[burst.count++] = {.payload = slots[i].data,
                                   .size = static_cast<uint16_t>(received[i].msg_len),
                                   .capacity = static_cast<uint16_t>(kMaxAnswer),
                                   .sum_change = 0};
}

// Returns how many the kernel took.
size_t SocketIo::Rep::SendAll(mmsghdr* headers, size_t n) noexcept {
  size_t taken = 0;
  int refusals = 0;
  for (size_t next = 0; next < n;) {
    const int sent = sendmmsg(fd, &headers[next], static_cast<unsigned>(n - next), MSG_DONTWAIT);
    if (sent > 0) {
      taken += static_cast<size_t>(sent);
      next += static_cast<size_t>(sent);
      refusals = 0;
      continue;
    }
    ++refusals;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR) {
      if (refusals > kSendWaits) break;
      pollfd ready = {.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, 1);
    } else if (refusals > 1) {
      // The first time it may have been an earlier datagram's error (ECONNREFUSED); now it is this one that cannot be
      // sent.
      ++next;
      refusals = 0;
    }
  }
  return taken;
}

SocketIo::SocketIo(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}

SocketIo::~SocketIo() = default;

Result<std::unique_ptr<SocketIo>> SocketIo::Open(const SocketConfig& config, WorkerStats* stats) {
  const bool is_taken_over = config.fd >= 0;
  Result<SocketAddress> address = ResolveListen(config);
  if (!address) return tl::unexpected(address.error());
  const int fd = is_taken_over ? config.fd : socket(address->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return FailErrno(config, "cannot make a socket");
  // From here on `rep` closes it.
  auto rep = std::make_unique<Rep>(fd, address->is_wildcard(), stats);
  if (!SetOptions(fd, *address, config)) return FailErrno(config, "cannot set the socket's options");
  if (!is_taken_over) {
    if (Status bound = Bind(fd, *address, config); !bound) return tl::unexpected(bound.error());
  }
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address->storage), &address->size) != 0) {
    return FailErrno(config, "cannot read the bound port");
  }
  rep->port = address->port();
  return std::unique_ptr<SocketIo>(new SocketIo(std::move(rep)));
}

uint16_t SocketIo::port() const noexcept { return rep_->port; }

int SocketIo::fd() const noexcept { return rep_->fd; }

void SocketIo::Receive(Burst& burst) noexcept {
  Rep& rep = *rep_;
  burst.count = 0;
  burst.clients = this;
  for (size_t i = 0; i < rep.used; ++i) rep.Prepare(i);
  rep.used = 0;
  // An error here is nothing waiting, or that of an answer sent before, which is over with being told.
  const int n = recvmmsg(rep.fd, rep.received.data(), kBurst, MSG_DONTWAIT, nullptr);
  if (n <= 0) return;
  rep.used = static_cast<size_t>(n);
  size_t bytes = 0;
  for (size_t i = 0; i < rep.used; ++i) {
    bytes += rep.received[i].msg_len;
    rep.Take(i, burst);
  }
  rep.stats->received.Add(rep.used);
  rep.stats->bytes_received.Add(bytes);
  rep.stats->bursts.Add(1);
}

void SocketIo::Send(Burst& burst) noexcept {
  Rep& rep = *rep_;
  const std::span<const Message> messages(burst.messages, burst.count);
  size_t n = 0;
  size_t bytes = 0;
  for (const Message& message : messages) {
    n += message.size != 0;
    bytes += message.size;
  }
  // Nearly always each that came is answered, and its header stays where it is.
  mmsghdr* answers = rep.received.data();
  if (n == rep.used) [[likely]] {
    for (size_t i = 0; i < n; ++i) {
      assert(rep.SlotOf(messages[i]) == i);
      rep.Turn(answers[i], messages[i].size);
    }
  } else {
    answers = rep.answers.data();
    mmsghdr* answer = answers;
    for (const Message& message : messages) {
      if (message.size == 0) continue;
      *answer = rep.received[rep.SlotOf(message)];
      rep.Turn(*answer++, message.size);
    }
  }
  const size_t taken = rep.SendAll(answers, n);
  if (taken != n) [[unlikely]] {  // the kernel noted a length for each that it took
    bytes = 0;
    for (size_t i = 0; i < n; ++i) bytes += answers[i].msg_len;
  }
  rep.stats->answered.Add(taken);
  rep.stats->bytes_answered.Add(bytes);
  rep.stats->Drop(DropReason::kTxFull, n - taken);
}

ClientAddress SocketIo::ClientOf(const Message& message) const noexcept {
  return reinterpret_cast<const Slot*>(message.payload)->peer.client();
}

uint64_t SocketIo::losses() const noexcept {
  std::array<uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (getsockopt(rep_->fd, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

void SocketIo::Wait(int milliseconds) noexcept {
  pollfd ready = {.fd = rep_->fd, .events = POLLIN, .revents = 0};
  poll(&ready, 1, milliseconds);
}

}  // namespace rblitz::io
