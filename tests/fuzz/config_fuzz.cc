// Any bytes as a configuration: it is read or refused, with file and line; what is read is sound.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/config.h"
#include "tests/fuzz/require.h"

namespace {

using namespace rblitz;

// "fuzz.toml:LINE: what", one a line.
void RequirePlaces(std::string_view message) {
  Require(!message.empty());
  while (!message.empty()) {
    const std::string_view line = message.substr(0, message.find('\n'));
    constexpr std::string_view kFile = "fuzz.toml:";
    Require(line.starts_with(kFile));
    Require(line.size() > kFile.size() && line[kFile.size()] >= '0' && line[kFile.size()] <= '9');
    message.remove_prefix(std::min(message.size(), line.size() + 1));
  }
}

void RequireSound(const Config& config) {
  Require(!config.feeds.empty() && !config.zones.empty());
  for (const ZoneConfig& zone : config.zones) {
    Require(!zone.feeds.empty());
    for (const uint32_t feed : zone.feeds) Require(feed < config.feeds.size());
  }
  Require((config.server.io == IoKind::kDpdk) == !config.dpdk.ports.empty());
  Require(config.server.io == IoKind::kDpdk || !config.server.sockets.empty());
  Require(config.server.listen.size() == config.server.sockets.size());
  Require(NeedsRestart(config, config).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Config> config = ParseConfig({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (config) {
    RequireSound(*config);
  } else {
    RequirePlaces(config.error().message);
  }
  return 0;
}
