#include "cli/blast/socket_link.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rblitz::blast {

namespace {

constexpr int kReceiveBuffer = 4 << 20;
constexpr uint64_t kSpin = 30'000;  // ns: what is nearer than a sleep is exact is waited for by looking

tl::unexpected<Error> FailErrno(const char* step) { return Fail(std::string(step) + ": " + std::strerror(errno)); }

void WantRoom(int fd) {
  if (io::SetOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) return;
  static_cast<void>(io::SetOption(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer));
}

}  // namespace

SocketLink::SocketLink() : buffers_(kBatch * kMostAnswer) {
  for (size_t i = 0; i < kBatch; ++i) {
    messages_[i] = {};
    messages_[i].msg_hdr.msg_iov = &parts_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

Result<std::unique_ptr<SocketLink>> SocketLink::Open(const SocketLinkConfig& config) {
  std::unique_ptr<SocketLink> link(new SocketLink());
  link->epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  if (!link->epoll_) return FailErrno("epoll");
  const size_t addresses = config.sources ? config.sources->count : 1;
  for (size_t i = 0; i < addresses * config.ports; ++i) {
    std::optional<io::SocketAddress> source;
    if (config.sources) source = config.sources->Socket(i % addresses, 0);
    if (Status opened = link->OpenFlow(config, source ? &*source : nullptr); !opened) {
      const std::string from = config.sources ? "source " + config.sources->Text(i % addresses) : "socket";
      return Fail(from + ": " + opened.error().message);
    }
  }
  return link;
}

Status SocketLink::OpenFlow(const SocketLinkConfig& config, const io::SocketAddress* source) {
  const int family = config.server.storage.ss_family;
  UniqueFd fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return FailErrno("cannot make it");
  WantRoom(fd.get());
  if (source != nullptr) {
    // The addresses of a whole prefix may be local by a route alone.
    static_cast<void>(family == AF_INET ? io::SetOption(fd.get(), IPPROTO_IP, IP_FREEBIND, 1)
                                        : io::SetOption(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, 1));
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&source->storage), source->size) != 0) {
      return FailErrno("cannot bind it");
    }
  }
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&config.server.storage), config.server.size) != 0) {
    return FailErrno("cannot reach the server from it");
  }
  epoll_event event = {.events = EPOLLIN, .data = {.u32 = static_cast<uint32_t>(sockets_.size())}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) return FailErrno("epoll");
  sockets_.push_back(std::move(fd));
  return {};
}

uint64_t SocketLink::Now() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

size_t SocketLink::Send(std::span<const Outgoing> questions) noexcept {
  size_t sent = 0;
  while (sent < questions.size()) {
    size_t same = 1;
    while (sent + same < questions.size() && questions[sent + same].flow == questions[sent].flow) ++same;
    const size_t taken = SendOnFlow(questions.subspan(sent, same));
    sent += taken;
    if (taken < same) break;
  }
  return sent;
}

size_t SocketLink::SendOnFlow(std::span<const Outgoing> questions) noexcept {
  for (size_t i = 0; i < questions.size(); ++i) {
    // The kernel only reads what it sends.
    parts_[i] = {.iov_base = const_cast<uint8_t*>(questions[i].bytes.data()), .iov_len = questions[i].size};
  }
  const int fd = sockets_[questions.front().flow].get();
  // An error that is told first is that of an earlier question, and this one has not been sent.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const int taken = sendmmsg(fd, messages_.data(), static_cast<unsigned>(questions.size()), 0);
    if (taken >= 0) return static_cast<size_t>(taken);
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return 0;
    ++refused_;
  }
  return 0;
}

size_t SocketLink::Receive(std::span<Arrived, kBatch> arrived) noexcept {
  if (ready_.empty()) {
    epoll_event events[kBatch];
    const int ready = epoll_wait(epoll_.get(), events, kBatch, 0);
    for (int i = ready - 1; i >= 0; --i) ready_.push_back(events[i].data.u32);
  }
  size_t n = 0;
  while (!ready_.empty() && n < kBatch) {
    const size_t room = kBatch - n;
    const size_t got = ReceiveOn(ready_.back(), arrived, n);
    n += got;
    if (got < room) ready_.pop_back();
  }
  return n;
}

size_t SocketLink::ReceiveOn(uint32_t flow, std::span<Arrived> arrived, size_t first) noexcept {
  const size_t room = kBatch - first;
  for (size_t i = 0; i < room; ++i) {
    parts_[i] = {.iov_base = buffers_.data() + (first + i) * kMostAnswer, .iov_len = kMostAnswer};
  }
  int got = recvmmsg(sockets_[flow].get(), messages_.data(), static_cast<unsigned>(room), 0, nullptr);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) ++refused_;
    got = 0;
  }
  for (int i = 0; i < got; ++i) {
    const auto at = first + static_cast<size_t>(i);
    arrived[at] = {.flow = flow,
                   .message = {buffers_.data() + at * kMostAnswer, messages_[static_cast<size_t>(i)].msg_len}};
  }
  return static_cast<size_t>(got);
}

void SocketLink::Wait(uint64_t until) noexcept {
  const uint64_t now = Now();
  if (!ready_.empty() || until <= now + kSpin) return;
  const uint64_t time = until - now - kSpin;
  const timespec timeout = {.tv_sec = static_cast<time_t>(time / 1'000'000'000),
                            .tv_nsec = static_cast<long>(time % 1'000'000'000)};
  pollfd wanted = {.fd = epoll_.get(), .events = POLLIN, .revents = 0};
  ppoll(&wanted, 1, &timeout, nullptr);
}

}  // namespace rblitz::blast
