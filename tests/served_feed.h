// A responder that serves one zone, zone.test, of feeds that are loaded from files or from literal text; and addresses
// as they stand in questions.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"
#include "tests/responder_fixture.h"

namespace rblitz {

// "24.100.51.198" for 198.51.100.24, and nibbles for an IPv6 address.
inline std::string ReversedName(std::string_view address) {
  std::string name;
  if (address.find(':') == std::string_view::npos) {
    const uint32_t ip4 = HostOrder(address);
    for (const unsigned shift : {0u, 8u, 16u, 24u}) name += "." + std::to_string(ip4 >> shift & 255);
    return name.substr(1);
  }
  const Ip6Address ip6 = Ip6Of(address);
  for (const uint64_t half : {ip6.low, ip6.high}) {
    for (unsigned shift = 0; shift < 64; shift += 4) name += {'.', "0123456789abcdef"[half >> shift & 15]};
  }
  return name.substr(1);
}

class ServedFeed : public ResponderTest {
 protected:
  void SetUp() override {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
  }

  void Serve(const std::vector<FeedConfig>& configs) {
    Snapshot snapshot;
    ZoneConfig zone{.name = "zone.test", .feeds = {}};
    for (const FeedConfig& config : configs) {
      const Loaded loaded = Load(config);
      ASSERT_NE(loaded.feed, nullptr) << loaded.error;
      zone.feeds.push_back(static_cast<uint32_t>(snapshot.feeds.size()));
      snapshot.feeds.push_back(loaded.feed);
    }
    auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }

  Answer AskFor(const std::string& name, uint16_t type) { return Ask(Question(name + ".zone.test", type)); }
  // What is answered to a name, joined by " | ": "127.0.0.2" to A, the text to TXT; else "NODATA" or "NXDOMAIN".
  std::string Told(const std::string& name, uint16_t type) {
    const Answer answer = AskFor(name, type);
    std::string joined;
    for (const std::string& data : Data(answer.answer)) joined.append(joined.empty() ? "" : " | ").append(data);
    if (!joined.empty()) return joined;
    return answer.rcode() == dns::kNoError ? "NODATA" : answer.rcode() == dns::kNxDomain ? "NXDOMAIN" : "broken";
  }
  std::string A(const std::string& address) { return Told(ReversedName(address), dns::kA); }
  std::string Txt(const std::string& address) { return Told(ReversedName(address), dns::kTxt); }
};

}  // namespace rblitz
