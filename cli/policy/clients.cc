#include "cli/policy/clients.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace rblitz::policy {

namespace {

constexpr size_t kMaxOut = 65536;  // unsent, from which on no more is read
constexpr int kAcceptsAtOnce = 64;
constexpr int kLastAccepts = 65536;  // more than a queue of connections holds
constexpr int kLastReads = 16;

// The kernel tells that something has come when it comes, and not again while it is there, which would cost a look at
// each client in each round.
constexpr uint32_t kNothing = EPOLLET;
constexpr uint32_t kReads = kNothing | EPOLLIN | EPOLLRDHUP;

}  // namespace

Clients::Clients(std::vector<UniqueFd> listeners, ClientLimits limits, const Poller* poller, Counters* counters,
                 Handler handler)
    : listeners_(std::move(listeners)),
      limits_(limits),
      poller_(poller),
      counters_(counters),
      handler_(std::move(handler)),
      buffer_(std::make_unique<std::array<char, kReadSize>>()) {}

Status Clients::Listen() {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (poller_->Add(listeners_[i].get(), EPOLLIN, Kind::kListener, static_cast<uint32_t>(i))) continue;
    return Fail(std::string("listen: epoll_ctl: ") + std::strerror(errno));
  }
  return {};
}

void Clients::OnReady(const Poller::Ready& ready, Clock::time_point now) {
  if (ready.kind == Kind::kListener) {
    if (ready.number < listeners_.size()) Accept(ready.number, kAcceptsAtOnce, now);  // Drain closes them
    return;
  }
  const Client& client = places_[ready.number];
  // Closed earlier in this round, and perhaps another's by now.
  if (!client.fd || (client.life & Poller::kLives) != ready.life) return;
  const bool is_gone = (ready.events & (EPOLLERR | EPOLLHUP)) != 0;
  // Told once: what waits to be written is looked at even if there is something to be read.
  if ((ready.events & EPOLLOUT) != 0) MarkDirty(ready.number);
  if ((ready.events & EPOLLIN) != 0) return ReadNews(ready.number, (ready.events & EPOLLRDHUP) != 0, now);
  if (is_gone) return Close(ready.number);
}

void Clients::Accept(uint32_t listener, int most, Clock::time_point now) {
  for (int i = 0; i < most; ++i) {
    UniqueFd fd(accept4(listeners_[listener].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      Open(std::move(fd), now);
      continue;
    }
    const bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    if (is_short && !listeners_rest_) RestListeners();
    return;
  }
}

// Their queues stay ready, and looking at them would spin.
void Clients::RestListeners() {
  listeners_rest_ = true;
  for (uint32_t each = 0; each < listeners_.size(); ++each) {
    poller_->Change(listeners_[each].get(), 0, Kind::kListener, each);
  }
  MakeRoom();
}

void Clients::Open(UniqueFd fd, Clock::time_point now) {
  if (count() >= limits_.most) MakeRoom();
  if (count() >= limits_.most) {
    ++counters_->refused;
    return;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(places_.size()));
    places_.emplace_back();
    places_.back().at = busy_.insert(busy_.end(), free_.back());
  }
  const uint32_t index = free_.back();
  Client& client = places_[index];
  client.events = kReads;
  if (!poller_->Add(fd.get(), client.events, Kind::kClient, index, client.life)) {
    ++counters_->refused;
    return;
  }
  free_.pop_back();
  client.fd = std::move(fd);
  client.active = now;
  SetIdle(client, true);
  ++counters_->connections;
}

void Clients::MakeRoom() {
  if (idle_.empty()) return;
  ++counters_->evicted;
  Close(idle_.front());
}

// Between lists that are there already: nothing is allocated.
void Clients::SetIdle(Client& client, bool is_idle) {
  if (std::exchange(client.is_idle, is_idle) == is_idle) return;
  std::list<uint32_t>& to = is_idle ? idle_ : busy_;
  to.splice(to.end(), is_idle ? busy_ : idle_, client.at);
}

// What has come is told once: all of it is taken, unless nothing may be taken now, whose end the poller is told. A read
// that leaves room has taken all but the other side's end.
void Clients::ReadNews(uint32_t index, bool has_ended, Clock::time_point now) {
  const Client& client = places_[index];
  const uint32_t life = client.life;
  bool may_be_more = true;
  while (may_be_more && client.life == life && !client.is_paused && !client.is_ended) {
    const size_t size = Read(index, now);
    may_be_more = size == kReadSize || (has_ended && size > 0);
  }
}

// Returns how many bytes it took.
size_t Clients::Read(uint32_t index, Clock::time_point now) {
  Client& client = places_[index];
  ssize_t size = 0;
  do {
    size = recv(client.fd.get(), buffer_->data(), buffer_->size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    TakeBytes(index, {buffer_->data(), static_cast<size_t>(size)}, now);
    return static_cast<size_t>(size);
  }
  if (size == 0) {
    // Exim's readsocket ends its side before it reads the answer.
    client.is_ended = true;
    Watch(index);
    MarkDirty(index);
  } else if (errno != EAGAIN) {
    Close(index);
  }
  return 0;
}

void Clients::TakeBytes(uint32_t index, std::string_view bytes, Clock::time_point now) {
  Client& client = places_[index];
  if (client.in.empty()) {
    if (!TakeRequests(index, &bytes, now)) return Break(index);
    client.in = bytes;
  } else {
    client.in += bytes;
    Resume(index, now);
  }
}

// All that has come, or as much as may wait; then nothing more is read.
void Clients::ReadOut(uint32_t index, Clock::time_point now) {
  Client& client = places_[index];
  const uint32_t life = client.life;
  while (client.life == life && !client.is_paused && !client.is_ended) {
    pollfd poll_fd{.fd = client.fd.get(), .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, 0) == 1) {
      Read(index, now);
    } else {
      client.is_ended = true;
    }
  }
  if (client.life != life || !client.is_ended) return;
  Watch(index);
  MarkDirty(index);
}

// What was read and not taken yet.
void Clients::Resume(uint32_t index, Clock::time_point now) {
  Client& client = places_[index];
  std::string_view bytes = client.in;
  if (!TakeRequests(index, &bytes, now)) return Break(index);
  client.in.erase(0, client.in.size() - bytes.size());
  if (client.is_ended && !client.is_paused) MarkDirty(index);
}

// Takes whole requests off the front, as many as may wait. False: the client is broken.
bool Clients::TakeRequests(uint32_t index, std::string_view* bytes, Clock::time_point now) {
  Client& client = places_[index];
  bool is_whole = true;
  while (client.waiting.size() < kMaxWaiting && client.out.size() <= kMaxOut) {
    const auto size = RequestSize(*bytes, &client.searched);
    is_whole = size.has_value();
    if (!is_whole) break;
    const auto request = ReadRequest(bytes->substr(0, *size));
    if (!request || *size > kMaxRequest) return false;
    bytes->remove_prefix(*size);
    client.searched = 0;
    client.active = client.begun = now;
    SetIdle(client, false);
    ++counters_->requests;
    const uint32_t number = client.first + static_cast<uint32_t>(client.waiting.size());
    client.waiting.emplace_back();
    handler_({.client = index, .life = client.life, .number = number}, *request);
    if (!limits_.closes) continue;
    client.is_ended = true;
    *bytes = {};
  }
  if (client.in.empty()) client.begun = now;
  client.is_paused = is_whole && !bytes->empty();
  Watch(index);
  return is_whole || bytes->size() <= kMaxRequest;
}

void Clients::Break(uint32_t index) {
  ++counters_->broken;
  Close(index);
}

void Clients::Reply(Ticket ticket, std::string_view action) {
  Client& client = places_[ticket.client];
  if (client.life != ticket.life || !client.fd) return;
  Waiting& waiting = client.waiting[ticket.number - client.first];
  waiting.is_there = true;
  if (ticket.number != client.first) {
    waiting.answer = action;
    return;
  }
  client.out.append("action=").append(action).append("\n\n");
  client.waiting.pop_front();
  ++client.first;
  for (; !client.waiting.empty() && client.waiting.front().is_there; ++client.first) {
    client.out.append("action=").append(client.waiting.front().answer).append("\n\n");
    client.waiting.pop_front();
  }
  MarkDirty(ticket.client);
}

void Clients::MarkDirty(uint32_t index) {
  if (!std::exchange(places_[index].is_dirty, true)) dirty_.push_back(index);
}

// Requests that were kept back may be answered at once, and make their client dirty again.
void Clients::Flush(Clock::time_point now) {
  for (size_t i = 0; i < dirty_.size(); ++i) {
    const uint32_t index = dirty_[i];
    Client& client = places_[index];
    client.is_dirty = false;
    if (!client.fd) continue;
    if (!Write(index, now)) continue;
    if (client.is_paused) Resume(index, now);
    if (drains_ && client.fd && !client.is_paused && !client.is_ended) ReadOut(index, now);
  }
  dirty_.clear();
}

// False: the client is closed.
bool Clients::Write(uint32_t index, Clock::time_point now) {
  Client& client = places_[index];
  while (!client.out.empty()) {
    const ssize_t size = send(client.fd.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) {
      Close(index);
      return false;
    }
    if (size < 0) break;
    client.out.erase(0, static_cast<size_t>(size));
    client.active = now;
  }
  if (client.is_answered() && !client.is_paused && client.is_ended) {
    End(index);
    return false;
  }
  SetIdle(client, client.is_answered());
  Watch(index);
  return true;
}

// What was not read makes the kernel reset the connection, and then the other side may lose its answers.
void Clients::End(uint32_t index) {
  const int fd = places_[index].fd.get();
  shutdown(fd, SHUT_WR);
  for (int i = 0; i < kLastReads && recv(fd, buffer_->data(), buffer_->size(), 0) > 0;) ++i;
  Close(index);
}

void Clients::Watch(uint32_t index) {
  Client& client = places_[index];
  const bool reads = !client.is_paused && !client.is_ended;
  const uint32_t events = (reads ? kReads : kNothing) | (client.out.empty() ? 0u : uint32_t{EPOLLOUT});
  // What is in `out` before its first send is no reason to wait for the socket.
  if (client.is_dirty || events == client.events) return;
  client.events = events;
  poller_->Change(client.fd.get(), events, Kind::kClient, index, client.life);
}

void Clients::Close(uint32_t index) {
  Client& client = places_[index];
  SetIdle(client, false);
  client.fd = UniqueFd();
  ++client.life;
  client.first = 0;
  client.waiting.clear();
  client.in = std::string();
  client.out = std::string();
  client.searched = 0;
  client.is_paused = client.is_ended = false;
  free_.push_back(index);
}

void Clients::Drain(Clock::time_point now) {
  drains_ = true;
  ReadAllOut(now);  // first: whoever has asked does not go for a new one
  for (uint32_t each = 0; each < listeners_.size(); ++each) Accept(each, kLastAccepts, now);
  listeners_.clear();
  ReadAllOut(now);
}

void Clients::ReadAllOut(Clock::time_point now) {
  for (uint32_t index = 0; index < places_.size(); ++index) {
    if (places_[index].fd) ReadOut(index, now);
  }
}

bool Clients::is_answering() const {
  return std::ranges::any_of(
      places_, [](const Client& client) { return client.fd && (client.is_paused || !client.is_answered()); });
}

bool Clients::IsLate(const Client& client, Clock::time_point now) const {
  if (client.is_dirty) return false;  // has answers that were not tried to be sent yet, however late they came
  if (!client.out.empty()) return now - client.active > kPatience;
  if (!client.waiting.empty()) return false;
  if (!client.in.empty()) return now - client.begun > kPatience;
  return now - client.active > limits_.idle;
}

void Clients::Sweep(Clock::time_point now) {
  for (uint32_t index = 0; index < places_.size(); ++index) {
    if (!places_[index].fd || !IsLate(places_[index], now)) continue;
    ++counters_->timed_out;
    Close(index);
  }
  if (!std::exchange(listeners_rest_, false)) return;
  for (uint32_t each = 0; each < listeners_.size(); ++each) {
    poller_->Change(listeners_[each].get(), EPOLLIN, Kind::kListener, each);
  }
}

}  // namespace rblitz::policy
