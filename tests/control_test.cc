#include "cli/control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "cli/control_client.h"
#include "cli/event_loop.h"

namespace rblitz {
namespace {

using namespace std::chrono_literals;

// A folder of its own for each test, gone afterwards.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/rblitz-control-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A control server that echoes "hello" as "<hello>", answers "slow" when told to, and never answers "never".
class Echo {
 public:
  explicit Echo(const std::string& path) : loop_(EventLoop::Create().value()) {
    auto server = ControlServer::Open(path, loop_.get(), [this](ControlServer::ClientId client, std::string_view line) {
      if (line == "never") return;
      if (line == "slow") {
        slow_.store(client);
        return;
      }
      server_->Reply(client, line == "big" ? std::string(kBig, 'x') : "<" + std::string(line) + ">");
    });
    EXPECT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~Echo() {
    loop_->Post([this] { loop_->Stop(); });
    thread_.join();
  }

  void AnswerSlow() {
    while (slow_.load() == 0) std::this_thread::sleep_for(1ms);
    loop_->Post([this] { server_->Reply(slow_.load(), "at last"); });
  }

  static constexpr size_t kBig = 16 << 20;

 private:
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ControlServer> server_;
  std::atomic<ControlServer::ClientId> slow_{0};
  std::thread thread_;
};

// A raw connection that can misbehave.
class Raw {
 public:
  explicit Raw(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    const sockaddr_un address = ControlAddress(path).value();
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{20, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ssize_t Send(std::string_view bytes) { return send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void HalfClose() { shutdown(fd_.get(), SHUT_WR); }
  // Up to `size` bytes; fewer when the server closes.
  std::string Receive(size_t size) {
    std::string bytes(size, '\0');
    size_t got = 0;
    while (got < size) {
      const ssize_t n = recv(fd_.get(), bytes.data() + got, size - got, 0);
      if (n <= 0) break;
      got += static_cast<size_t>(n);
    }
    bytes.resize(got);
    return bytes;
  }

 private:
  UniqueFd fd_;
};

TEST(ControlServer, AnswersRequests) {
  const Folder folder;
  const Echo echo(folder.Path("s"));
  EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");
  EXPECT_EQ(AskServer(folder.Path("s"), "").value(), "<>");
}

TEST(ControlServer, MakesItsFolderForAllAndItsSocketForTheOwner) {
  const Folder folder;
  const mode_t before = umask(0);
  const Echo echo(folder.Path("a/b/s"));
  umask(before);
  struct stat info {};
  ASSERT_EQ(stat(folder.Path("a/b/s").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(stat(folder.Path("a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755u);
}

TEST(ControlServer, RemovesItsSocketWhenItGoes) {
  const Folder folder;
  { const Echo echo(folder.Path("s")); }
  EXPECT_FALSE(std::filesystem::exists(folder.Path("s")));
  const auto answer = AskServer(folder.Path("s"), "hello");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, folder.Path("s") + ": no server answers there: No such file or directory");
}

TEST(ControlServer, ReplacesASocketThatNobodyListensOn) {
  const Folder folder;
  const std::string path = folder.Path("s");
  const sockaddr_un address = ControlAddress(path).value();
  {
    const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  const Echo echo(path);
  EXPECT_EQ(AskServer(path, "hello").value(), "<hello>");
}

TEST(ControlServer, LeavesTheSocketOfARunningServerAndOtherFilesAlone) {
  const Folder folder;
  const Echo echo(folder.Path("s"));
  const auto loop = EventLoop::Create().value();
  const auto second = ControlServer::Open(folder.Path("s"), loop.get(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, folder.Path("s") + ": another server listens there");
  EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");

  std::ofstream(folder.Path("file")) << "precious";
  const auto file = ControlServer::Open(folder.Path("file"), loop.get(), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message, folder.Path("file") + ": is there already and is no socket");
  EXPECT_EQ(std::filesystem::file_size(folder.Path("file")), 8u);
}

TEST(ControlServer, RefusesAPathThatNoSocketCanHave) {
  const auto loop = EventLoop::Create().value();
  EXPECT_FALSE(ControlServer::Open("/tmp/" + std::string(200, 'x'), loop.get(), {}));
  EXPECT_FALSE(ControlServer::Open("", loop.get(), {}));
  const auto no_folder = ControlServer::Open("/proc/no/such/folder/s", loop.get(), {});
  ASSERT_FALSE(no_folder);
  EXPECT_EQ(no_folder.error().message, "/proc/no/such/folder/s: its folder cannot be made: No such file or directory");
}

TEST(ControlServer, AnswersOthersWhileOneWaits) {
  const Folder folder;
  Echo echo(folder.Path("s"));
  auto slow = std::async(std::launch::async, [&] { return AskServer(folder.Path("s"), "slow").value(); });
  for (int i = 0; i < 100; ++i) EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");
  EXPECT_EQ(slow.wait_for(0s), std::future_status::timeout);
  echo.AnswerSlow();
  EXPECT_EQ(slow.get(), "at last");
}

TEST(ControlServer, ForgetsAClientThatGoesBeforeItsAnswer) {
  const Folder folder;
  Echo echo(folder.Path("s"));
  {
    Raw raw(folder.Path("s"));
    raw.Send("slow\n");
    EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");
  }
  echo.AnswerSlow();
  EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");
}

TEST(ControlServer, AnswersAClientThatHasClosedItsSide) {
  const Folder folder;
  Echo echo(folder.Path("s"));
  Raw raw(folder.Path("s"));
  raw.Send("slow\n");
  raw.HalfClose();
  echo.AnswerSlow();
  EXPECT_EQ(raw.Receive(100), "at last\n");
}

TEST(ControlServer, AnswersManyRequestsOfOneConnectionInOrder) {
  const Folder folder;
  const Echo echo(folder.Path("s"));
  Raw raw(folder.Path("s"));
  EXPECT_EQ(raw.Send("a\nb\nc"), 5);
  EXPECT_EQ(raw.Receive(8), "<a>\n<b>\n");
  EXPECT_EQ(raw.Send("d\n"), 2);
  EXPECT_EQ(raw.Receive(5), "<cd>\n");
  const size_t many = 60000;
  auto answers = std::async(std::launch::async, [&] { return raw.Receive(many * 3); });
  EXPECT_EQ(raw.Send(std::string(many, '\n')), static_cast<ssize_t>(many));
  EXPECT_EQ(answers.get().size(), many * 3);
}

TEST(ControlServer, ClosesAClientWhoseRequestHasNoEnd) {
  const Folder folder;
  const Echo echo(folder.Path("s"));
  Raw raw(folder.Path("s"));
  ssize_t sent = 0;
  for (int i = 0; i < 1000 && sent >= 0; ++i) sent = raw.Send(std::string(4096, 'x'));
  EXPECT_LT(sent, 0);
  EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");
}

TEST(ControlServer, IsNotHeldUpByAClientThatDoesNotRead) {
  const Folder folder;
  const Echo echo(folder.Path("s"));
  Raw raw(folder.Path("s"));
  raw.Send("big\n");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(AskServer(folder.Path("s"), "hello").value(), "<hello>");
  EXPECT_EQ(raw.Receive(Echo::kBig + 1), std::string(Echo::kBig, 'x') + "\n");
}

TEST(ControlServer, ClosesClientsThatSayNothingAndKeepsThoseThatWait) {
  const Folder folder;
  Echo echo(folder.Path("s"));
  Raw silent(folder.Path("s"));
  Raw half(folder.Path("s"));
  half.Send("hel");
  auto slow = std::async(std::launch::async, [&] { return AskServer(folder.Path("s"), "slow").value(); });
  EXPECT_EQ(silent.Receive(1), "");  // after kPatience
  EXPECT_EQ(half.Receive(1), "");
  echo.AnswerSlow();
  EXPECT_EQ(slow.get(), "at last");
}

TEST(ControlServer, RefusesClientsPastTheMost) {
  const Folder folder;
  const Echo echo(folder.Path("s"));
  std::vector<std::unique_ptr<Raw>> clients;
  for (size_t i = 0; i < ControlServer::kMaxClients; ++i) {
    clients.push_back(std::make_unique<Raw>(folder.Path("s")));
    clients.back()->Send("x\n");
    EXPECT_EQ(clients.back()->Receive(4), "<x>\n");
  }
  EXPECT_FALSE(AskServer(folder.Path("s"), "hello"));
  clients.pop_back();
  std::string answer;
  for (int i = 0; i < 200 && answer.empty(); ++i) answer = AskServer(folder.Path("s"), "hello").value_or("");
  EXPECT_EQ(answer, "<hello>");
}

TEST(EventLoop, RunsPostedTasksInOrderAndTicks) {
  const auto loop = EventLoop::Create().value();
  std::vector<int> order;
  int ticks = 0;
  loop->Every(1ms, [&] {
    if (++ticks == 3) loop->Stop();
  });
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop->Post([&order, i] { order.push_back(i); });
  });
  other.join();
  loop->Run();
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(ticks, 3);
}

TEST(EventLoop, DoesNotCallWhatAnEarlierCallbackOfTheRoundUnwatched) {
  const auto loop = EventLoop::Create().value();
  int first[2];
  int second[2];
  ASSERT_EQ(pipe(first), 0);
  ASSERT_EQ(pipe(second), 0);
  int calls = 0;
  loop->Watch(first[0], POLLIN, [&](short) {
    ++calls;
    loop->Unwatch(first[0]);
    loop->Unwatch(second[0]);
  });
  loop->Watch(second[0], POLLIN, [&](short) {
    ++calls;
    loop->Unwatch(first[0]);
    loop->Unwatch(second[0]);
  });
  ASSERT_EQ(write(first[1], "x", 1), 1);
  ASSERT_EQ(write(second[1], "x", 1), 1);
  loop->Every(20ms, [&] { loop->Stop(); });
  loop->Run();
  EXPECT_EQ(calls, 1);
  for (const int fd : {first[0], first[1], second[0], second[1]}) close(fd);
}

}  // namespace
}  // namespace rblitz
