#include "cli/control.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "cli/control_client.h"
#include "cli/privileges.h"
#include "cli/unix_listener.h"

namespace rblitz {

namespace {

Status MakeFolder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty() || std::filesystem::exists(folder)) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(path + ": its folder cannot be made: " + error.message());
  if (chmod(folder.c_str(), 0755) != 0) return FailErrno(folder, "chmod");
  return {};
}

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::Open(const std::string& path, EventLoop* loop, Handler handler) {
  if (const auto address = ControlAddress(path); !address) return tl::unexpected<Error>(address.error());
  if (auto made = MakeFolder(path); !made) return tl::unexpected<Error>(made.error());
  Result<UniqueFd> listener = ListenUnix(path, 0600, static_cast<int>(kMaxClients));
  if (!listener) return tl::unexpected<Error>(listener.error());
  return std::unique_ptr<ControlServer>(new ControlServer(path, *std::move(listener), loop, std::move(handler)));
}

ControlServer::ControlServer(std::string path, UniqueFd listener, EventLoop* loop, Handler handler)
    : path_(std::move(path)), listener_(std::move(listener)), loop_(loop), handler_(std::move(handler)) {
  WatchListener();
  loop_->Every(std::chrono::seconds(1), [this] {
    CloseLate();
    WatchListener();
  });
}

ControlServer::~ControlServer() {
  loop_->Unwatch(listener_.get());
  for (const auto& [id, client] : clients_) loop_->Unwatch(client.fd.get());
  unlink(path_.c_str());
}

void ControlServer::WatchListener() {
  loop_->Watch(listener_.get(), POLLIN, [this](short) { Accept(); });
}

void ControlServer::Accept() {
  UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    // Out of descriptors: the queue stays readable, and polling it would spin. The next tick tries again.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) loop_->Unwatch(listener_.get());
    return;
  }
  if (clients_.size() == kMaxClients) return;
  const ClientId id = next_++;
  Client& client = clients_[id];
  client.fd = std::move(fd);
  client.deadline = Clock::now() + kPatience;
  Advance(id);
}

void ControlServer::Ready(ClientId id, short events) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = found->second;
  bool good = (events & POLLERR) == 0;
  if (good && (events & POLLOUT) != 0) good = Write(client);
  if (good && (events & POLLIN) != 0) good = Read(client);
  // A hang-up while an answer is due: nobody is left to take it.
  if (good && (events & POLLHUP) != 0 && (events & POLLIN) == 0) good = false;
  if (!good) return Close(id);
  Advance(id);
}

bool ControlServer::Read(Client& client) {
  char buffer[4096];
  const ssize_t size = recv(client.fd.get(), buffer, sizeof(buffer), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  client.in.append(buffer, static_cast<size_t>(size));
  return client.in.size() <= kMaxRequest;
}

bool ControlServer::Write(Client& client) {
  const ssize_t size = send(client.fd.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  client.out.erase(0, static_cast<size_t>(size));
  client.deadline = Clock::now() + kPatience;
  return true;
}

// Hands complete requests over, one at a time, and watches for what the client must do next. A loop, not a recursion
// through Reply: a client may send thousands of requests at once.
void ControlServer::Advance(ClientId id) {
  for (auto found = clients_.find(id); found != clients_.end(); found = clients_.find(id)) {
    Client& client = found->second;
    const size_t end = client.in.find('\n');
    if (client.waiting || !client.out.empty() || end == std::string::npos) {
      const int events = client.waiting ? 0 : client.out.empty() ? POLLIN : POLLOUT;
      loop_->Watch(client.fd.get(), static_cast<short>(events), [this, id](short ready) { Ready(id, ready); });
      return;
    }
    const std::string request = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    client.waiting = true;
    advancing_ = id;
    handler_(id, request);
    advancing_ = 0;
  }
}

void ControlServer::Reply(ClientId id, std::string_view answer) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = found->second;
  client.waiting = false;
  client.out.append(answer).append("\n");
  client.deadline = Clock::now() + kPatience;
  if (!Write(client)) return Close(id);
  if (id != advancing_) Advance(id);
}

std::string ControlServer::UserOf(ClientId id) const {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (getsockopt(clients_.at(id).fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return "?";
  return UserName(credentials.uid);
}

void ControlServer::Close(ClientId id) {
  loop_->Unwatch(clients_.at(id).fd.get());
  clients_.erase(id);
}

void ControlServer::CloseLate() {
  std::vector<ClientId> late;
  const auto now = Clock::now();
  for (const auto& [id, client] : clients_) {
    if (!client.waiting && now > client.deadline) late.push_back(id);
  }
  for (const ClientId id : late) Close(id);
}

}  // namespace rblitz
