// Asks a policy service as fast as it answers, over many connections, and says how fast that is.
//
//   policy_rate --connect ADDRESS:PORT|unix:PATH [--connections N] [--depth N] [--requests N] [--triplets N]
//
// `depth` requests are outstanding on each connection: Postfix has 1. `triplets`: so many different ones, over and
// over; without it no two requests have the same. Prints one line of key=value: requests a second, latencies, and how
// many were deferred, prepended to, and passed.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string connect;
  size_t connections = 64;
  size_t depth = 1;
  size_t requests = 200000;
  size_t triplets = 0;
  size_t first = 0;  // number of the first triplet
};

struct Connection {
  int fd = -1;
  std::string in;
  std::deque<Clock::time_point> sent;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "policy_rate: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

// What Postfix 3.7 sends at RCPT TO.
void AddRequest(size_t number, std::string* out) {
  const std::string n = std::to_string(number);
  *out += "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=10.";
  out->append(std::to_string(number >> 16 & 255)).append(".").append(std::to_string(number >> 8 & 255)).append(".");
  out->append(std::to_string(number & 255));
  *out +=
      "\nclient_name=unknown\nclient_port=40000\nreverse_client_name=unknown\nserver_address=192.0.2.1\nserver_port="
      "25\n"
      "helo_name=mx.example.org\nsender=s";
  out->append(n).append("x@example.org\nrecipient=r").append(n).append("x@example.net\nrecipient_count=0\nqueue_id=\n");
  out->append("instance=1.2.").append(n);
  *out +=
      ".0\nsize=4711\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\nccert_subject=\nccert_issuer="
      "\n"
      "ccert_fingerprint=\nccert_pubkey_fingerprint=\nencryption_protocol=\nencryption_cipher=\nencryption_keysize=0\n"
      "policy_context=\n\n";
}

class Load {
 public:
  explicit Load(Options options) : options_(std::move(options)), connections_(options_.connections) {}

  void Run() {
    Connect();
    latencies_.reserve(options_.requests);
    const auto begin = Clock::now();
    for (Connection& one : connections_) Send(one, options_.depth, begin);
    while (answered_ < options_.requests) Round();
    Print(std::chrono::duration<double>(Clock::now() - begin).count());
  }

 private:
  [[nodiscard]] std::pair<sockaddr_storage, socklen_t> Address() const {
    sockaddr_storage storage{};
    if (options_.connect.starts_with("unix:")) {
      auto& path = reinterpret_cast<sockaddr_un&>(storage);
      path.sun_family = AF_UNIX;
      options_.connect.copy(path.sun_path, sizeof path.sun_path - 1, 5);
      return {storage, sizeof path};
    }
    const size_t colon = options_.connect.rfind(':');
    auto& address = reinterpret_cast<sockaddr_in&>(storage);
    address.sin_family = AF_INET;
    const std::string host = options_.connect.substr(0, colon);
    if (colon == std::string::npos || inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
      Die("bad address " + host);
    address.sin_port = htons(static_cast<uint16_t>(std::atoi(options_.connect.c_str() + colon + 1)));
    return {storage, sizeof address};
  }

  void Connect() {
    const auto [address, address_size] = Address();
    epoll_ = epoll_create1(0);
    for (size_t i = 0; i < connections_.size(); ++i) {
      Connection& one = connections_[i];
      one.fd = socket(address.ss_family, SOCK_STREAM, 0);
      if (connect(one.fd, reinterpret_cast<const sockaddr*>(&address), address_size) != 0) Die("connect");
      const int on = 1;
      setsockopt(one.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLET;  // each read takes all that is there
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event);
    }
  }

  void Send(Connection& one, size_t count, Clock::time_point now) {
    out_.clear();
    for (; count > 0 && asked_ < options_.requests; --count, ++asked_) {
      AddRequest(options_.first + (options_.triplets == 0 ? asked_ : asked_ % options_.triplets), &out_);
      one.sent.push_back(now);
    }
    for (size_t at = 0; at < out_.size();) {
      const ssize_t size = send(one.fd, out_.data() + at, out_.size() - at, MSG_NOSIGNAL);
      if (size < 0) Die("send");
      at += static_cast<size_t>(size);
    }
  }

  void Round() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 60000);
    if (count <= 0) Die("no answer for a minute");
    for (int i = 0; i < count; ++i) Receive(connections_[events[static_cast<size_t>(i)].data.u64]);
  }

  void Receive(Connection& one) {
    const ssize_t size = recv(one.fd, bytes_.data(), bytes_.size(), 0);
    if (size <= 0 || static_cast<size_t>(size) == bytes_.size())
      Die("the connection ended, or more came than was asked");
    one.in.append(bytes_.data(), static_cast<size_t>(size));
    size_t at = 0;
    size_t answers = 0;
    const auto now = Clock::now();
    for (size_t end = 0; (end = one.in.find("\n\n", at)) != std::string::npos; at = end + 2, ++answers) {
      Count(std::string_view(one.in).substr(at, end - at));
      latencies_.push_back(std::chrono::duration<float, std::micro>(now - one.sent.front()).count());
      one.sent.pop_front();
    }
    one.in.erase(0, at);
    answered_ += answers;
    Send(one, answers, now);
  }

  void Count(std::string_view answer) {
    answer.remove_prefix(std::min<size_t>(answer.size(), 7));  // action=
    const std::string_view word = answer.substr(0, answer.find(' '));
    ++(word == "DEFER_IF_PERMIT" ? deferred_ : word == "PREPEND" ? prepended_ : passed_);
  }

  void Print(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double share) {
      return latencies_[static_cast<size_t>(share * static_cast<double>(latencies_.size() - 1))];
    };
    std::printf(
        "requests=%zu seconds=%.3f rate=%.0f p50_us=%.0f p99_us=%.0f max_us=%.0f deferred=%zu prepended=%zu "
        "passed=%zu\n",
        answered_, seconds, static_cast<double>(answered_) / seconds, static_cast<double>(at(0.5)),
        static_cast<double>(at(0.99)), static_cast<double>(at(1)), deferred_, prepended_, passed_);
  }

  Options options_;
  std::vector<Connection> connections_;
  int epoll_ = -1;
  std::array<char, 65536> bytes_;  // that were read
  std::string out_;                // that are to be sent
  size_t asked_ = 0;
  size_t answered_ = 0;
  size_t deferred_ = 0;
  size_t prepended_ = 0;
  size_t passed_ = 0;
  std::vector<float> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::map<std::string_view, size_t*> numbers = {{"--connections", &options.connections},
                                                       {"--depth", &options.depth},
                                                       {"--requests", &options.requests},
                                                       {"--first", &options.first},
                                                       {"--triplets", &options.triplets}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const auto found = numbers.find(argv[i]);
    if (found != numbers.end()) *found->second = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::string_view(argv[i]) == "--connect") options.connect = argv[i + 1];
  }
  Load(std::move(options)).Run();
}
