#include "dataplane/io/tcp_io.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>

#include "dataplane/io/tcp_connections.h"

namespace rblitz::io {

namespace {

constexpr int kAccepts = 64;                       // that are accepted before others get their turn
constexpr size_t kEvents = 64;                     // that are taken from epoll at a time
constexpr size_t kMaxAnswer = 65535;               // RFC 1035 section 4.2.2
constexpr uint64_t kListener = uint64_t{1} << 63;  // in the data of an event

// Room for one question and its answer, with the answer's length in front of it.
struct alignas(64) Slot {
  uint8_t unused[62];
  uint8_t length[TcpInput::kLength];
  uint8_t payload[kMaxAnswer + kSlack];
};
static_assert(offsetof(Slot, payload) == offsetof(Slot, length) + TcpInput::kLength);
static_assert(TcpInput::kMaxMessage <= kMaxAnswer);

uint64_t NowMs() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

bool IsTemporary(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// Whether nothing can be accepted until somebody gives something back.
bool IsExhausted(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

ssize_t SendParts(int fd, iovec* parts, size_t n) noexcept {
  msghdr header{};
  header.msg_iov = parts;
  header.msg_iovlen = n;
  return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// One that nobody will read from again: what the kernel holds for it is not kept until it gives up, too.
void CloseAtOnce(int fd) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

}  // namespace

struct TcpIo::Rep {
  Rep(const TcpConfig& configured, WorkerStats* worker_stats, TcpStats* tcp_stats)
      : config(configured),
        stats(worker_stats),
        tcp(tcp_stats),
        pool(configured.output_bytes),
        connections(configured.connections),
        ready(configured.connections),
        slots(std::make_unique_for_overwrite<Slot[]>(kBurst)) {}
  ~Rep() {
    while (!connections.empty()) Close(connections.longest_idle(), TcpClose::kClient);
    for (const int listener : listeners) close(listener);
    if (epoll >= 0) close(epoll);
  }
  Rep(const Rep&) = delete;
  Rep& operator=(const Rep&) = delete;

  void Look(int milliseconds) noexcept;
  void HandleEvents() noexcept;
  void HandleConnection(uint32_t i, uint32_t events) noexcept;
  bool SetAccepting(bool accepts) noexcept;
  void Accept(int listener) noexcept;
  void Admit(int fd, const ClientAddress& client) noexcept;
  void Read(uint32_t i) noexcept;
  void Flush(uint32_t i) noexcept;
  void Settle(uint32_t i) noexcept;
  void TakeQuestions(Burst& burst) noexcept;
  void TakeFrom(uint32_t i, Burst& burst) noexcept;
  void SendTo(uint32_t i, std::span<Message> answers) noexcept;
  void CloseIdle() noexcept;
  void Close(uint32_t i, TcpClose reason) noexcept;
  [[nodiscard]] bool is_open(uint32_t i) const noexcept { return connections[i].fd >= 0; }

  const TcpConfig config;
  WorkerStats* const stats;
  TcpStats* const tcp;
  int epoll = -1;
  std::vector<int> listeners;
  std::vector<uint16_t> ports;  // of the listeners
  uint64_t now = 0;             // of the current Receive
  uint64_t accepts_at = 0;      // not 0: when accepting goes on
  size_t event_count = 0;       // in `events`, that nobody has handled
  std::array<epoll_event, kEvents> events{};
  BlockPool pool;
  TcpConnections connections;
  IndexList ready;  // connections with questions, or with something that is none, to be taken
  std::array<uint32_t, kBurst> connection_of{};  // by message
  std::unique_ptr<Slot[]> slots;                 // by message
};

// Starts or stops watching the listening sockets.
bool TcpIo::Rep::SetAccepting(bool accepts) noexcept {
  bool done = true;
  for (size_t i = 0; i < listeners.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = kListener | i}};
    done &= epoll_ctl(epoll, accepts ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listeners[i], &event) == 0;
  }
  return done;
}

void TcpIo::Rep::Look(int milliseconds) noexcept {
  event_count = static_cast<size_t>(std::max(0, epoll_wait(epoll, events.data(), kEvents, milliseconds)));
}

void TcpIo::Rep::HandleEvents() noexcept {
  if (accepts_at != 0 && now >= accepts_at) {
    accepts_at = 0;
    static_cast<void>(SetAccepting(true));
  }
  for (const epoll_event& event : std::span(events).first(std::exchange(event_count, 0))) {
    if ((event.data.u64 & kListener) != 0) {
      if (accepts_at == 0) Accept(listeners[event.data.u64 & ~kListener]);
      continue;
    }
    const auto i = static_cast<uint32_t>(event.data.u64);
    // One that was closed since had the same number of its place, not the same generation.
    if (is_open(i) && connections[i].generation == event.data.u64 >> 32) HandleConnection(i, event.events);
  }
}

void TcpIo::Rep::HandleConnection(uint32_t i, uint32_t what) noexcept {
  if ((what & (EPOLLERR | EPOLLHUP)) != 0) return Close(i, TcpClose::kReset);
  if ((what & EPOLLOUT) != 0) Flush(i);
  if ((what & EPOLLIN) != 0 && is_open(i)) Read(i);
  if (is_open(i)) Settle(i);
}

void TcpIo::Rep::Accept(int listener) noexcept {
  for (int n = 0; n < kAccepts; ++n) {
    SocketAddress peer;
    const int fd =
        accept4(listener, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Admit(fd, peer.client());
    } else if (IsExhausted(errno)) {
      tcp->accept_failed.Add(1);
      accepts_at = now + kPauseMs;
      static_cast<void>(SetAccepting(false));
      return;
    } else if (IsTemporary(errno)) {
      return;
    }
    // Any other error is that of a connection which ended before it was accepted (accept(2)).
  }
}

void TcpIo::Rep::Admit(int fd, const ClientAddress& client) noexcept {
  tcp->accepted.Add(1);
  if (connections.CountOf(client) >= config.per_source) {
    tcp->Close(TcpClose::kSourceLimit);
    CloseAtOnce(fd);
    return;
  }
  if (connections.full()) Close(connections.longest_idle(), TcpClose::kEvicted);
  const uint32_t i = connections.Open(fd, client, now);
  TcpConnection& connection = connections[i];
  connection.events = EPOLLIN;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = uint64_t{connection.generation} << 32 | i}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) Close(i, TcpClose::kNoMemory);
}

void TcpIo::Rep::Close(uint32_t i, TcpClose reason) noexcept {
  TcpConnection& connection = connections[i];
  connection.output.empty() ? static_cast<void>(close(connection.fd)) : CloseAtOnce(connection.fd);
  connection.output.Clear(pool);
  ready.Remove(i);
  connections.Close(i);
  tcp->Close(reason);
}

void TcpIo::Rep::Read(uint32_t i) noexcept {
  TcpConnection& connection = connections[i];
  const std::span<uint8_t> room = connection.input.Room();
  if (room.empty()) return;  // until its questions have had their turn
  const ssize_t n = recv(connection.fd, room.data(), room.size(), MSG_DONTWAIT);
  if (n > 0) {
    connection.input.Added(static_cast<size_t>(n));
  } else if (n == 0) {
    connection.at_end = true;
  } else if (!IsTemporary(errno)) {
    Close(i, TcpClose::kReset);
  }
}

void TcpIo::Rep::Flush(uint32_t i) noexcept {
  TcpConnection& connection = connections[i];
  iovec parts[TcpOutput::kMaxParts];
  const ssize_t n = SendParts(connection.fd, parts, connection.output.Parts(parts, pool));
  if (n < 0) {
    if (!IsTemporary(errno)) Close(i, TcpClose::kReset);
    return;
  }
  // A client that takes a byte now and then is as good as one that takes none.
  if (connection.output.Sent(static_cast<size_t>(n), pool) > 0) connections.Touch(i, now);
}

// What is to be waited for next, after anything has happened to a connection.
void TcpIo::Rep::Settle(uint32_t i) noexcept {
  TcpConnection& connection = connections[i];
  const bool waits_to_send = !connection.output.empty();
  if (!waits_to_send) {
    if (connection.leaves()) return Close(i, connection.leaves_for);
    if (connection.input.state() != TcpInput::State::kPartial) {
      if (!ready.Has(i)) ready.PushBack(i);
    } else if (connection.at_end) {
      return Close(i, TcpClose::kClient);
    }
  }
  const bool reads = !waits_to_send && !connection.at_end;
  const uint32_t wanted = (reads ? uint32_t{EPOLLIN} : 0) | (waits_to_send ? uint32_t{EPOLLOUT} : 0);
  if (wanted == connection.events) return;
  connection.events = wanted;
  epoll_event event{.events = wanted, .data = {.u64 = uint64_t{connection.generation} << 32 | i}};
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, connection.fd, &event) != 0) Close(i, TcpClose::kNoMemory);
}

// One turn for each connection that has questions, as far as the burst goes.
void TcpIo::Rep::TakeQuestions(Burst& burst) noexcept {
  size_t bytes = 0;
  for (size_t turns = ready.size(); turns > 0 && burst.count < kBurst; --turns) {
    const uint32_t i = ready.front();
    ready.Remove(i);
    const size_t before = burst.count;
    TakeFrom(i, burst);
    for (size_t at = before; at < burst.count; ++at) bytes += burst.messages[at].size;
    burst.count > before ? connections.Touch(i, now) : Settle(i);
  }
  if (burst.count == 0) return;
  stats->received.Add(burst.count);
  stats->bytes_received.Add(bytes);
  stats->bursts.Add(1);
}

void TcpIo::Rep::TakeFrom(uint32_t i, Burst& burst) noexcept {
  TcpConnection& connection = connections[i];
  TcpInput& input = connection.input;
  const size_t end = std::min(kBurst, burst.count + kTurn);
  for (; burst.count < end && input.state() == TcpInput::State::kMessage; ++burst.count) {
    const std::span<const uint8_t> question = input.Take();
    uint8_t* const payload = slots[burst.count].payload;
    std::memcpy(payload, question.data(), question.size());
    connection_of[burst.count] = i;
    burst.messages[burst.count] = {.payload = payload,
                                   .size = static_cast<uint16_t>(question.size()),
                                   .capacity = static_cast<uint16_t>(kMaxAnswer),
                                   .sum_change = 0};
  }
  if (input.state() == TcpInput::State::kEmpty) connection.leaves_for = TcpClose::kEmpty;
  if (input.state() == TcpInput::State::kTooLong) connection.leaves_for = TcpClose::kTooLong;
}

// The answers to one connection, of one turn.
void TcpIo::Rep::SendTo(uint32_t i, std::span<Message> answers) noexcept {
  TcpConnection& connection = connections[i];
  iovec parts[kTurn];
  size_t n = 0;
  size_t bytes = 0;
  for (const Message& answer : answers) {
    if (answer.size == 0) {
      connection.leaves_for = TcpClose::kUnanswered;
      continue;
    }
    uint8_t* const length = answer.payload - TcpInput::kLength;
    length[0] = static_cast<uint8_t>(answer.size >> 8);
    length[1] = static_cast<uint8_t>(answer.size);
    parts[n++] = {length, TcpInput::kLength + answer.size};
    bytes += answer.size;
  }
  const ssize_t sent = n == 0 ? 0 : SendParts(connection.fd, parts, n);
  bool is_taken = sent >= 0 || IsTemporary(errno);
  const TcpClose reason = is_taken ? TcpClose::kNoMemory : TcpClose::kReset;
  auto rest = static_cast<size_t>(std::max<ssize_t>(sent, 0));  // of what was sent
  for (const iovec& part : std::span(parts, n)) {
    const size_t gone = std::min(rest, part.iov_len);
    rest -= gone;
    is_taken =
        is_taken && connection.output.Append({static_cast<uint8_t*>(part.iov_base) + gone, part.iov_len - gone}, pool);
  }
  if (!is_taken) {
    stats->Drop(DropReason::kTxFull, n);
    return Close(i, reason);
  }
  stats->answered.Add(n);
  stats->bytes_answered.Add(bytes);
  Settle(i);
}

void TcpIo::Rep::CloseIdle() noexcept {
  while (!connections.empty()) {
    const uint32_t i = connections.longest_idle();
    if (ready.Has(i)) connections.Touch(i, now);  // it waits for the server, not the server for it
    if (now < connections[i].active_at + config.idle_ms) return;
    Close(i, connections[i].output.empty() ? TcpClose::kIdle : TcpClose::kSlow);
  }
}

TcpIo::TcpIo(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}

TcpIo::~TcpIo() = default;

Result<std::unique_ptr<TcpIo>> TcpIo::Open(const TcpConfig& config, WorkerStats* stats, TcpStats* tcp) {
  auto rep = std::make_unique<Rep>(config, stats, tcp);
  for (const SocketConfig& wanted : config.listen) {
    const Result<Listener> listener = ListenTcp(wanted);
    if (!listener) return tl::unexpected(listener.error());
    rep->listeners.push_back(listener->fd);
    rep->ports.push_back(listener->port);
  }
  rep->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (rep->epoll < 0 || !rep->SetAccepting(true)) return Fail(std::string("epoll: ") + std::strerror(errno));
  return std::unique_ptr<TcpIo>(new TcpIo(std::move(rep)));
}

const std::vector<uint16_t>& TcpIo::ports() const noexcept { return rep_->ports; }

void TcpIo::Receive(Burst& burst) noexcept {
  Rep& rep = *rep_;
  burst.count = 0;
  burst.clients = this;
  burst.over_tcp = true;
  if (rep.event_count == 0) rep.Look(0);
  rep.now = NowMs();
  rep.HandleEvents();
  rep.TakeQuestions(burst);
  rep.CloseIdle();
}

void TcpIo::Send(Burst& burst) noexcept {
  for (size_t begin = 0; begin < burst.count;) {
    const uint32_t i = rep_->connection_of[begin];
    size_t end = begin + 1;
    while (end < burst.count && rep_->connection_of[end] == i) ++end;
    rep_->SendTo(i, {burst.messages + begin, end - begin});
    begin = end;
  }
}

ClientAddress TcpIo::ClientOf(const Message& message) const noexcept {
  const auto slot = static_cast<size_t>(message.payload - rep_->slots[0].payload) / sizeof(Slot);
  return rep_->connections[rep_->connection_of[slot]].client;
}

void TcpIo::Wait(int milliseconds) noexcept {
  Rep& rep = *rep_;
  if (rep.ready.empty() && rep.event_count == 0) rep.Look(milliseconds);
}

}  // namespace rblitz::io
