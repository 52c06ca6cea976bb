#include "cli/policy/clients.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace rblitz::policy {

namespace {

constexpr size_t kMaxOut = 65536;  // unsent, from which on no more is read
constexpr int kAcceptsAtOnce = 64;

}  // namespace

Clients::Clients(std::vector<UniqueFd> listeners, ClientLimits limits, const Poller* poller, Counters* counters,
                 Handler handler)
    : listeners_(std::move(listeners)),
      limits_(limits),
      poller_(poller),
      counters_(counters),
      handler_(std::move(handler)),
      buffer_(std::make_unique<std::array<char, kReadSize>>()) {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    [[maybe_unused]] const bool added =
        poller_->Add(listeners_[i].get(), EPOLLIN, Kind::kListener, static_cast<uint32_t>(i));
  }
}

void Clients::OnReady(const Poller::Ready& ready, Clock::time_point now) {
  if (ready.kind == Kind::kListener) {
    if (ready.number < listeners_.size()) Accept(ready.number, now);  // Drain closes them
    return;
  }
  if (!places_[ready.number].fd) return;  // closed earlier in this round
  const bool is_gone = (ready.events & (EPOLLERR | EPOLLHUP)) != 0;
  if ((ready.events & EPOLLIN) != 0) return Read(ready.number, now);
  if (is_gone) return Close(ready.number);
  if ((ready.events & EPOLLOUT) != 0) MarkDirty(ready.number);
}

void Clients::Accept(uint32_t listener, Clock::time_point now) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    UniqueFd fd(accept4(listeners_[listener].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) {
      Open(std::move(fd), now);
      continue;
    }
    const bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    if (is_short && !listeners_rest_) {
      // The queue stays ready, and looking at it would spin.
      listeners_rest_ = true;
      for (uint32_t each = 0; each < listeners_.size(); ++each) {
        poller_->Change(listeners_[each].get(), 0, Kind::kListener, each);
      }
      MakeRoom();
    }
    return;
  }
}

void Clients::Open(UniqueFd fd, Clock::time_point now) {
  if (count() >= limits_.most) MakeRoom();
  if (count() >= limits_.most) return;
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const uint32_t index = free_.back();
  Client& client = places_[index];
  client.events = EPOLLIN;
  if (!poller_->Add(fd.get(), client.events, Kind::kClient, index)) return;
  free_.pop_back();
  client.fd = std::move(fd);
  client.active = now;
  ++counters_->connections;
}

// One that has been idle longest; one that waits for an answer is none.
void Clients::MakeRoom() {
  const Client* oldest = nullptr;
  for (const Client& client : places_) {
    if (!client.fd || !client.waiting.empty()) continue;
    if (oldest == nullptr || client.active < oldest->active) oldest = &client;
  }
  if (oldest == nullptr) return;
  ++counters_->evicted;
  const auto index = std::find_if(places_.begin(), places_.end(), [&](const Client& one) { return &one == oldest; });
  Close(static_cast<uint32_t>(index - places_.begin()));
}

void Clients::Read(uint32_t index, Clock::time_point now) {
  Client& client = places_[index];
  const ssize_t size = recv(client.fd.get(), buffer_->data(), buffer_->size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) return Close(index);
  if (size == 0) {
    // Exim's readsocket ends its side before it reads the answer.
    client.is_last = true;
    client.in.clear();
    Watch(index);
    return MarkDirty(index);
  }
  std::string_view bytes(buffer_->data(), static_cast<size_t>(size));
  if (client.in.empty()) {
    if (!TakeRequests(index, &bytes, now)) return Break(index);
    client.in = bytes;
  } else {
    client.in += bytes;
    Resume(index, now);
  }
}

// What was read and not taken yet.
void Clients::Resume(uint32_t index, Clock::time_point now) {
  Client& client = places_[index];
  std::string_view bytes = client.in;
  if (!TakeRequests(index, &bytes, now)) return Break(index);
  client.in.erase(0, client.in.size() - bytes.size());
}

// Takes whole requests off the front, as many as may wait. False: the client is broken.
bool Clients::TakeRequests(uint32_t index, std::string_view* bytes, Clock::time_point now) {
  Client& client = places_[index];
  bool is_whole = true;
  while (!client.is_last && client.waiting.size() < kMaxWaiting && client.out.size() <= kMaxOut) {
    const auto size = RequestSize(*bytes, &client.searched);
    is_whole = size.has_value();
    if (!is_whole) break;
    const auto request = ReadRequest(bytes->substr(0, *size));
    if (!request || *size > kMaxRequest) return false;
    bytes->remove_prefix(*size);
    client.searched = 0;
    client.active = client.begun = now;
    client.is_last = limits_.closes;
    ++counters_->requests;
    const uint32_t number = client.first + static_cast<uint32_t>(client.waiting.size());
    client.waiting.emplace_back();
    handler_({.client = index, .life = client.life, .number = number}, *request);
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
  if (client.is_last && client.out.empty() && client.waiting.empty()) {
    Close(index);
    return false;
  }
  Watch(index);
  return true;
}

void Clients::Watch(uint32_t index) {
  Client& client = places_[index];
  const bool reads = !client.is_paused && !client.is_last;
  const uint32_t events = (reads ? uint32_t{EPOLLIN} : 0u) | (client.out.empty() ? 0u : uint32_t{EPOLLOUT});
  // What is in `out` before its first send is no reason to wait for the socket.
  if (client.is_dirty || events == client.events) return;
  client.events = events;
  poller_->Change(client.fd.get(), events, Kind::kClient, index);
}

void Clients::Close(uint32_t index) {
  Client& client = places_[index];
  client.fd = UniqueFd();
  ++client.life;
  client.first = 0;
  client.waiting.clear();
  client.in = std::string();
  client.out = std::string();
  client.searched = 0;
  client.is_paused = client.is_last = false;
  free_.push_back(index);
}

void Clients::Drain() {
  listeners_.clear();
  for (uint32_t index = 0; index < places_.size(); ++index) {
    Client& client = places_[index];
    if (!client.fd) continue;
    client.is_last = true;
    client.is_paused = false;
    Watch(index);
    MarkDirty(index);
  }
}

bool Clients::is_answering() const {
  return std::ranges::any_of(
      places_, [](const Client& client) { return client.fd && (!client.waiting.empty() || !client.out.empty()); });
}

bool Clients::IsLate(const Client& client, Clock::time_point now) const {
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
