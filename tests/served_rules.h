// What tests of zones with rules share: feeds from text, zones over them, and questions that come from some client.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/feed.h"
#include "tests/feed_fixture.h"
#include "tests/responder_fixture.h"

namespace rblitz {

// Everybody comes from one address.
class OneClient final : public io::Clients {
 public:
  explicit OneClient(std::string_view address) {
    const bool is_ip4 = address.find(':') == std::string_view::npos;
    const Ip6Address client = Ip6Of((is_ip4 ? "::ffff:" : "") + std::string(address));
    const uint64_t halves_be[2] = {htobe64(client.high), htobe64(client.low)};
    std::memcpy(client_.data(), halves_be, sizeof halves_be);
  }
  [[nodiscard]] io::ClientAddress ClientOf(const io::Message&) const noexcept override { return client_; }

 private:
  io::ClientAddress client_;
};

struct NamedFeed {
  const char* name;
  const char* format;  // null: it has never loaded
  const char* text;
};

class ServedRules : public ResponderTest {
 protected:
  void SetUp() override {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
  }

  void Serve(const std::vector<NamedFeed>& feeds, const std::vector<ZoneConfig>& zones) {
    const TempFolder folder;
    Snapshot snapshot;
    for (const NamedFeed& feed : feeds) {
      snapshot.feeds.emplace_back();
      if (feed.format == nullptr) continue;
      const Loaded loaded =
          Load({.name = feed.name, .paths = {folder.Write(feed.name, feed.text)}, .format = feed.format});
      ASSERT_NE(loaded.feed, nullptr) << loaded.error;
      ASSERT_EQ(loaded.report.errors, std::vector<std::string>());
      snapshot.feeds.back() = loaded.feed;
    }
    auto serving = BuildServing(std::move(snapshot), zones, {});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }

  // "127.0.0.2,127.0.0.3", "nodata", "NXDOMAIN" and so on; "-" for no answer at all.
  std::string Says(const std::string& name, uint16_t type = dns::kA, const char* client = "192.0.2.1") {
    const OneClient clients(client);
    clients_ = &clients;
    const Bytes bytes = AskAll({Question(name, type)}).front();
    clients_ = nullptr;
    if (bytes.empty()) return "-";
    const Answer answer = AnswerReader(bytes).Read();
    static const std::map<unsigned, std::string> kRcodes = {
        {dns::kServFail, "SERVFAIL"}, {dns::kNxDomain, "NXDOMAIN"}, {dns::kRefused, "REFUSED"}};
    if (answer.rcode() != dns::kNoError) return kRcodes.at(answer.rcode());
    std::string joined;
    for (const std::string& data : Data(answer.answer)) joined.append(joined.empty() ? "" : ",").append(data);
    return joined.empty() ? "nodata" : joined;
  }
  uint64_t dropped(DropReason reason) const { return stats_->dropped[static_cast<size_t>(reason)].value(); }
  uint64_t counted(Outcome outcome) const { return stats_->zones[0].outcomes[static_cast<size_t>(outcome)].value(); }
};

inline constexpr const char* kAcl =
    "$TTL 7\n10.1.0.0/16 :ignore\n10.2.0.0/16 :refuse\n10.3.0.0/16 :empty\n10.3.3.0/24 :pass\n"
    "10.4.0.0/16 :127.255.255.254:no more for $\n2001:db8::/32 :refuse\n2001:db8:4::/48 :9:you are $\n";

}  // namespace rblitz
