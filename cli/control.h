// The control socket: a Unix stream socket that takes one request a line and gives one answer a line. What the lines
// mean is the handler's business.
//
// Thread-safety: belongs to the loop's thread. Lifetime: the loop must outlive the server, and not run after it.
// Errors: Open says which path and why. A client that is slow, dead or sends garbage is closed and disturbs nobody:
// requests are at most kMaxRequest bytes, clients at most kMaxClients, and each step of a client has kPatience.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/event_loop.h"
#include "loaders/unique_fd.h"
#include "tables/result.h"

namespace rblitz {

class ControlServer {
 public:
  using ClientId = uint64_t;
  // Called with a request line, without its end; Reply is called for it now or later, on the loop's thread.
  using Handler = std::function<void(ClientId client, std::string_view request)>;

  static constexpr size_t kMaxRequest = 64 * 1024;
  static constexpr size_t kMaxClients = 64;
  static constexpr std::chrono::seconds kPatience{10};

  // Makes the socket (mode 0600) and its folder (0755). A socket that nobody listens on is replaced.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> Open(const std::string& path, EventLoop* loop,
                                                                   Handler handler);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // `answer` has no line end. A client that has gone meanwhile is no error.
  void Reply(ClientId client, std::string_view answer);

  // Whose process the client is: a user's name, or the number of one that has none. REQUIRES: its request is waiting.
  [[nodiscard]] std::string UserOf(ClientId client) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Client {
    UniqueFd fd;
    std::string in;
    std::string out;
    bool waiting = false;  // for the handler's answer: no further request is read meanwhile
    Clock::time_point deadline;
  };

  ControlServer(std::string path, UniqueFd listener, EventLoop* loop, Handler handler);
  void Accept();
  void Ready(ClientId id, short events);
  [[nodiscard]] bool Read(Client& client);
  [[nodiscard]] bool Write(Client& client);
  void Advance(ClientId id);
  void Close(ClientId id);
  void CloseLate();
  void WatchListener();

  std::string path_;
  UniqueFd listener_;
  EventLoop* loop_;
  Handler handler_;
  std::map<ClientId, Client> clients_;
  ClientId next_ = 1;
  ClientId advancing_ = 0;  // whose request the handler is looking at
};

}  // namespace rblitz
