// The command line of tests/check_client.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/check_oracle.h"

namespace rblitz::check {

inline constexpr uint64_t kSecond = 1'000'000'000;  // ns
inline constexpr size_t kIds = 65536;

struct Options {
  sockaddr_in server{};
  std::string zone;
  std::string expected_a = "127.0.0.2";
  std::vector<std::pair<Kind, std::string>> files;
  double rate = 1000;
  double seconds = 5;
  double listed_share = 0.5;
  uint64_t timeout = kSecond;  // ns
  unsigned sockets = 8;
  uint64_t seed = 1;
  bool no_loss = false;
  bool json = false;
};

// Exits with 2 on wrong usage, with 0 after --help.
[[nodiscard]] Options ParseOptions(int argc, char** argv);

}  // namespace rblitz::check
