// grey_flood: asks a greylist over UDP about triplets that nobody has heard of, each from a random network, as fast as
// they are answered; and counts the answers by code.
//
//   grey_flood --server 127.0.0.1:5300 --zone grey.test --count 200000 [--seed 1]
//
// Prints JSON: {"sent":..,"lost":..,"answers":{"127.0.0.4":..},"seconds":..}; "other" are answers that are no A record.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

namespace {

constexpr size_t kWindow = 64;
constexpr size_t kCodes = 256;
constexpr int kSeconds = 2;  // of silence, and what is under way is lost

struct Options {
  sockaddr_in server{};
  std::string zone;  // in wire form
  uint64_t count = 0;
  uint64_t seed = 1;
};

struct Counts {
  uint64_t sent = 0;
  uint64_t lost = 0;
  uint64_t other = 0;
  std::array<uint64_t, kCodes> codes{};  // by the last octet
};

void PutLabel(std::string_view label, std::string* wire) {
  *wire += static_cast<char>(label.size());
  *wire += label;
}

void PutHex(uint64_t high, uint64_t low, std::string* wire) {
  char text[33];
  std::snprintf(text, sizeof text, "%016lx%016lx", high, low);
  PutLabel(text, wire);
}

// A question of type A for random hashes and a random address of 24.0.0.0 to 223.255.255.255.
std::string Question(uint16_t id, const std::string& zone, std::mt19937_64& random) {
  std::string wire = {static_cast<char>(id >> 8), static_cast<char>(id), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (int i = 0; i < 2; ++i) PutHex(random(), random(), &wire);
  const uint64_t address = random();
  for (int i = 0; i < 3; ++i) PutLabel(std::to_string(address >> (8 * i) & 255), &wire);
  PutLabel(std::to_string(24 + (address >> 24) % 200), &wire);
  return wire + zone + std::string("\0\0\1\0\1", 5);
}

class Flood {
 public:
  Flood(const Options& options, int socket) : options_(options), socket_(socket), random_(options.seed) {}

  Counts Run() {
    while (counts_.sent < options_.count) {
      const size_t asked = std::min<uint64_t>(kWindow, options_.count - counts_.sent);
      Ask(asked);
      Collect(asked);
    }
    return counts_;
  }

 private:
  void Ask(size_t count) {
    mmsghdr messages[kWindow] = {};
    iovec parts[kWindow];
    for (size_t i = 0; i < count; ++i) {
      questions_[i] = Question(static_cast<uint16_t>(counts_.sent + i), options_.zone, random_);
      parts[i] = {.iov_base = questions_[i].data(), .iov_len = questions_[i].size()};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (size_t sent = 0; sent < count;) {
      const int taken = sendmmsg(socket_, messages + sent, static_cast<unsigned>(count - sent), 0);
      if (taken <= 0) break;  // counted as lost
      sent += static_cast<size_t>(taken);
    }
  }

  void Collect(size_t count) {
    const auto first = static_cast<uint16_t>(counts_.sent);
    counts_.sent += count;
    size_t left = count;
    for (uint8_t answer[512]; left > 0;) {
      const ssize_t size = recv(socket_, answer, sizeof answer, 0);
      if (size < 0) break;
      const auto index = static_cast<uint16_t>((answer[0] << 8 | answer[1]) - first);
      if (size < 12 || index >= count) continue;  // too late
      --left;
      // The address ends the answer: there is one record, and no OPT was asked for.
      const bool is_a = (answer[3] & 15) == 0 && answer[7] == 1 && answer[size - 4] == 127;
      if (is_a) {
        ++counts_.codes[answer[size - 1]];
      } else {
        ++counts_.other;
      }
    }
    counts_.lost += left;
  }

  const Options& options_;
  const int socket_;
  std::mt19937_64 random_;
  std::array<std::string, kWindow> questions_;
  Counts counts_;
};

std::string WireOf(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    PutLabel(label, &wire);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire;
}

bool ReadServer(const std::string& text, sockaddr_in* server) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  server->sin_family = AF_INET;
  server->sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return inet_pton(AF_INET, text.substr(0, colon).c_str(), &server->sin_addr) == 1;
}

bool ReadOptions(int argc, char** argv, Options* options) {
  bool good = argc % 2 == 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    if (key == "--server") {
      good = good && ReadServer(argv[i + 1], &options->server);
    } else if (key == "--zone") {
      options->zone = WireOf(argv[i + 1]);
    } else if (key == "--count") {
      options->count = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (key == "--seed") {
      options->seed = std::strtoull(argv[i + 1], nullptr, 10);
    } else {
      good = false;
    }
  }
  return good && options->server.sin_port != 0 && !options->zone.empty() && options->count > 0;
}

double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void Print(const Counts& counts, double seconds) {
  std::printf("{\"sent\":%lu,\"lost\":%lu,\"other\":%lu,\"seconds\":%.3f,\"answers\":{", counts.sent, counts.lost,
              counts.other, seconds);
  const char* comma = "";
  for (size_t code = 0; code < kCodes; ++code) {
    if (counts.codes[code] == 0) continue;
    std::printf("%s\"127.0.0.%zu\":%lu", comma, code, counts.codes[code]);
    comma = ",";
  }
  std::puts("}}");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!ReadOptions(argc, argv, &options)) {
    std::fputs("usage: grey_flood --server ADDRESS:PORT --zone ZONE --count N [--seed N]\n", stderr);
    return 2;
  }
  const int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = kSeconds, .tv_usec = 0};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(client, reinterpret_cast<const sockaddr*>(&options.server), sizeof options.server) != 0) {
    std::perror("grey_flood: connect");
    return 1;
  }
  const double start = Now();
  const Counts counts = Flood(options, client).Run();
  Print(counts, Now() - start);
  close(client);
  return 0;
}
