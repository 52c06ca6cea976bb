#include "cli/policy/servers.h"

#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace rblitz::policy {

namespace {

constexpr size_t kBatch = 64;
constexpr size_t kMaxMessage = 1500;
constexpr size_t kMaxTcpOut = 1 << 20;
constexpr int kReceiveBuffer = 4 << 20;
constexpr std::chrono::seconds kBetweenTries{1};

struct Batch {
  std::array<iovec, kBatch> parts{};
  std::array<mmsghdr, kBatch> headers{};

  void Point(size_t i, void* data, size_t size) {
    parts[i] = {.iov_base = data, .iov_len = size};
    headers[i] = {};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
};

// RFC 1035 section 4.2.2. REQUIRES: two bytes at `at`.
size_t LengthAt(std::string_view bytes, size_t at) {
  return static_cast<size_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
}

// The end of the last message that is there to its end.
size_t WholeMessages(std::string_view bytes) {
  size_t at = 0;
  while (bytes.size() - at >= 2 && bytes.size() - at - 2 >= LengthAt(bytes, at)) at += 2 + LengthAt(bytes, at);
  return at;
}

}  // namespace

struct ServerSockets::Buffers {
  Batch sent;
  // Points to `bytes` for good: the kernel writes sizes and flags alone, and reads neither.
  Batch received;
  std::array<std::array<uint8_t, kMaxMessage>, kBatch> bytes;

  Buffers() {
    for (size_t i = 0; i < kBatch; ++i) received.Point(i, bytes[i].data(), kMaxMessage);
  }
};

ServerSockets::ServerSockets(std::vector<io::SocketAddress> servers, std::chrono::milliseconds timeout,
                             const Poller* poller, OnMessage on_message, OnRefused on_refused)
    : servers_(std::move(servers)),
      timeout_(timeout),
      poller_(poller),
      on_message_(std::move(on_message)),
      on_refused_(std::move(on_refused)),
      udp_(servers_.size() * kSocketsEach),
      tcp_(servers_.size()),
      refusals_(servers_.size()),
      buffers_(std::make_unique<Buffers>()) {
  for (size_t number = 0; number < udp_.size(); ++number) OpenUdp(number);
}

ServerSockets::~ServerSockets() = default;

void ServerSockets::OpenUdp(size_t number) {
  const io::SocketAddress& server = servers_[number / kSocketsEach];
  Udp& udp = udp_[number];
  udp.opened = Clock::now();
  udp.fd = UniqueFd();
  UniqueFd fd(socket(server.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  io::SetOption(fd.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&server.storage), server.size) != 0) return;
  if (poller_->Add(fd.get(), EPOLLIN, Kind::kServerUdp, static_cast<uint32_t>(number))) udp.fd = std::move(fd);
}

void ServerSockets::SendUdp(size_t server, const Question& question) {
  const size_t number = server * kSocketsEach + turn_ % kSocketsEach;
  Udp& udp = udp_[number];
  if (!udp.fd && Clock::now() - udp.opened >= kBetweenTries) OpenUdp(number);
  if (udp.fd) udp.queue.push_back(question);
}

void ServerSockets::Renew(size_t server, std::chrono::seconds age) {
  const auto made_before = Clock::now() - age;
  for (size_t i = 0; i < kSocketsEach; ++i) {
    const size_t number = server * kSocketsEach + i;
    if (udp_[number].opened <= made_before) OpenUdp(number);
  }
  if (tcp_[server].fd && tcp_[server].opened <= made_before) tcp_[server] = Tcp{};
}

// What was refused may be asked of another server, which may refuse as well.
void ServerSockets::Flush() {
  while (FlushAll()) {
    for (size_t server = 0; server < refusals_.size(); ++server) {
      const Refusal refusal = std::exchange(refusals_[server], {});
      if (refusal.over_udp) on_refused_(server, false);
      if (refusal.over_tcp) on_refused_(server, true);
    }
  }
}

// True: somebody refuses.
bool ServerSockets::FlushAll() {
  bool is_any = false;
  for (size_t number = 0; number < udp_.size(); ++number) {
    if (udp_[number].queue.empty()) continue;
    is_any = true;
    FlushUdp(number);
  }
  if (is_any) ++turn_;  // what goes out together goes through one socket, what is asked again probably through another
  for (size_t server = 0; server < tcp_.size(); ++server) {
    if (tcp_[server].is_connected && !tcp_[server].out.empty()) WriteTcp(server);
  }
  return std::ranges::any_of(refusals_, [](const Refusal& one) { return one.over_udp || one.over_tcp; });
}

void ServerSockets::FlushUdp(size_t number) {
  Udp& udp = udp_[number];
  unsigned errors = 0;
  for (size_t sent = 0; udp.fd && sent < udp.queue.size();) {
    const size_t count = std::min(kBatch, udp.queue.size() - sent);
    for (size_t i = 0; i < count; ++i) {
      Question& question = udp.queue[sent + i];
      buffers_->sent.Point(i, question.bytes.data(), question.size);
    }
    const int done = sendmmsg(udp.fd.get(), buffers_->sent.headers.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
    if (done > 0) sent += static_cast<size_t>(done);
    if (done > 0 || errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS || ++errors > 2 * kBatch) break;  // a full buffer: lost
    NoteUdpError(number, errno);
  }
  udp.queue.clear();
}

// What an earlier datagram met (ICMP) is told once, and nothing is sent then. Everything else is the socket's: most
// often this machine has another address now.
void ServerSockets::NoteUdpError(size_t number, int error) {
  if (error == ECONNREFUSED) {
    refusals_[number / kSocketsEach].over_udp = true;
  } else if (Clock::now() - udp_[number].opened >= kBetweenTries) {
    OpenUdp(number);
  } else {
    udp_[number].fd = UniqueFd();
  }
}

void ServerSockets::OnReady(const Poller::Ready& ready) {
  if (ready.kind == Kind::kServerUdp) return ReceiveUdp(ready.number);
  Tcp& tcp = tcp_[ready.number];
  if (!tcp.fd) return;
  if (!tcp.is_connected && (ready.events & (EPOLLERR | EPOLLHUP)) != 0) return CloseTcp(ready.number);
  if ((ready.events & EPOLLOUT) != 0) {
    tcp.is_connected = true;
    WriteTcp(ready.number);
  }
  if (tcp.fd && (ready.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) ReadTcp(ready.number);
}

void ServerSockets::ReceiveUdp(size_t number) {
  const Udp& udp = udp_[number];
  if (!udp.fd) return;
  const int count = recvmmsg(udp.fd.get(), buffers_->received.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count < 0 && errno != EAGAIN && errno != EINTR) NoteUdpError(number, errno);
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<size_t>(i);
    const mmsghdr& header = buffers_->received.headers[at];
    if ((header.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    on_message_(number / kSocketsEach, std::span<const uint8_t>(buffers_->bytes[at]).first(header.msg_len));
  }
}

void ServerSockets::OpenTcp(size_t server) {
  const io::SocketAddress& address = servers_[server];
  Tcp& tcp = tcp_[server];
  UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  io::SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  io::SetOption(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout_.count()));
  const bool is_done = connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0;
  if (!is_done && errno != EINPROGRESS) return;
  tcp.events = EPOLLIN | EPOLLOUT;
  if (!poller_->Add(fd.get(), tcp.events, Kind::kServerTcp, static_cast<uint32_t>(server))) return;
  tcp.fd = std::move(fd);
  tcp.opened = tcp.moved = Clock::now();
}

// With what was to be sent, whose time is over when there is another connection.
void ServerSockets::CloseTcp(size_t server) {
  tcp_[server] = Tcp{};
  refusals_[server].over_tcp = true;
}

void ServerSockets::SendTcp(size_t server, const Question& question) {
  Tcp& tcp = tcp_[server];
  if (tcp.out.empty()) tcp.moved = Clock::now();
  const bool waits = (tcp.events & EPOLLOUT) != 0;                          // for more than the end of this round
  if (tcp.fd && waits && Clock::now() - tcp.moved > timeout_) tcp = Tcp{};  // who asked has gone on
  if (!tcp.fd && !refusals_[server].over_tcp) OpenTcp(server);  // not while that of the last one is to be told
  if (!tcp.fd) refusals_[server].over_tcp = true;               // this machine's: as if nobody were there
  if (!tcp.fd || tcp.out.size() > kMaxTcpOut) return;
  tcp.out += static_cast<char>(question.size >> 8);
  tcp.out += static_cast<char>(question.size & 0xff);
  tcp.out.append(reinterpret_cast<const char*>(question.bytes.data()), question.size);
}

void ServerSockets::WriteTcp(size_t server) {
  Tcp& tcp = tcp_[server];
  while (!tcp.out.empty()) {
    const ssize_t size = send(tcp.fd.get(), tcp.out.data(), tcp.out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return CloseTcp(server);
    if (size < 0) break;
    tcp.out.erase(0, static_cast<size_t>(size));
    tcp.moved = Clock::now();
  }
  WatchTcp(server);
}

void ServerSockets::WatchTcp(size_t server) {
  Tcp& tcp = tcp_[server];
  const uint32_t events = tcp.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  if (std::exchange(tcp.events, events) == events) return;
  poller_->Change(tcp.fd.get(), events, Kind::kServerTcp, static_cast<uint32_t>(server));
}

void ServerSockets::ReadTcp(size_t server) {
  Tcp& tcp = tcp_[server];
  std::array<char, 16384> bytes;
  const ssize_t size = recv(tcp.fd.get(), bytes.data(), bytes.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return CloseTcp(server);
  std::string in = std::exchange(tcp.in, {});
  in.append(bytes.data(), static_cast<size_t>(size));
  const size_t end = WholeMessages(in);
  tcp.in = in.substr(end);  // first: who is told may ask over a connection that is made anew
  for (size_t at = 0; at < end;) {
    const auto* const data = reinterpret_cast<const uint8_t*>(in.data()) + at;
    const size_t length = LengthAt(in, at);
    on_message_(server, {data + 2, length});
    at += 2 + length;
  }
}

std::function<uint16_t()> RandomIds() {
  struct Pool {
    std::array<uint16_t, 128> words{};  // getrandom gives up to 256 bytes at once, whatever comes
    size_t left = 0;
  };
  return [pool = Pool()]() mutable {
    while (pool.left == 0) {
      const ssize_t size = getrandom(pool.words.data(), sizeof pool.words, 0);
      pool.left = size > 0 ? static_cast<size_t>(size) / sizeof(uint16_t) : 0;
    }
    return pool.words[--pool.left];
  };
}

}  // namespace rblitz::policy
