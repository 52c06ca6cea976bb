// `rblitz grey` against a control server that a test makes up.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "cli/grey_commands.h"
#include "tests/grey_fake.h"

namespace rblitz {

struct GreyOutcome {
  int code = -1;
  std::string out;
  std::string err;
};

inline std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline uint32_t Now() { return static_cast<uint32_t>(std::time(nullptr)); }

class GreyFixture : public testing::Test {
 protected:
  GreyFixture() {
    char name[] = "/tmp/rblitz-grey-XXXXXX";
    folder_ = mkdtemp(name);
    std::ofstream(Path("key")) << "s3cret\n";
    chmod(Path("key").c_str(), 0600);
    server_ = std::make_unique<FakeGreyServer>(Path("control"), Path("key"));
  }
  ~GreyFixture() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  GreyOutcome Run(const std::vector<const char*>& line, const std::string& in = "") {
    const std::string control = Path("control");
    std::vector<const char*> arguments = {"rblitz", "--control", control.c_str(), "grey"};
    arguments.insert(arguments.end(), line.begin(), line.end());
    std::istringstream input(in);
    std::ostringstream out;
    std::ostringstream err;
    const auto options = ParseCommandOptions(static_cast<int>(arguments.size()), arguments.data(), out, err);
    const int code = options ? RunGrey(*options, {.in = input, .out = out, .err = err}) : options.error();
    return {.code = code, .out = out.str(), .err = err.str()};
  }

  // What the server was asked last.
  [[nodiscard]] std::string Asked() const {
    return server_->requests.empty() ? "" : DumpJson(server_->requests.back());
  }

  // Of different networks and kinds; of 192.0.N.0/24, N below 256, one in 256.
  void FillServer(size_t count) {
    std::mt19937_64 random(7);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t ip4 = 0xc0000000 | static_cast<uint32_t>(i % 256) << 8;
      TripletRow row{.key = {.network = kIp4Network | ip4, .fingerprint = random()}, .first = Now() - 100};
      if (i % 5 == 1)
        row.key = {.network = row.key.network, .fingerprint = ip4 | (i & 255), .kind = TripletKind::kClient};
      if (i % 5 == 2) row.key.kind = TripletKind::kDomain;
      if (i % 5 == 3) row.key.network = 0x20010db800000000 + i;
      row.last_minutes = MinutesOf(row.first);
      row.passed = row.key.kind == TripletKind::kNetwork && i % 2 == 0;
      server_->rows[row.key] = row;
    }
  }

  std::string folder_;
  std::unique_ptr<FakeGreyServer> server_;
};

}  // namespace rblitz
