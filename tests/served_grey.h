// A greylist as the responder serves it, with lists of each kind, whose clock the test moves.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dataplane/greylist.h"
#include "tests/served_rules.h"

namespace rblitz {

inline constexpr uint32_t kNow = 1780000000;
inline constexpr const char* kHr = "cac03031d808b1e889167915256e0703";
inline constexpr const char* kHs = "5190f9ee3f5ecffd1ae44410eba1d525";
inline constexpr const char* kOtherHs = "0f71d2c43b9a86e71ae44410eba1d526";
inline constexpr const char* kGreyZone = ".grey.test.example";
inline constexpr const char* kGreyDomain = "o-d0123456789abcdef.";

inline std::string GreyName(const std::string& client, const std::string& hs = kHs, const std::string& hr = kHr) {
  return hr + "." + hs + "." + client + kGreyZone;
}

class ServedGrey : public ServedRules {
 protected:
  void SetUp() override {
    ServedRules::SetUp();
    SetTime(kNow);
  }

  void SetTime(uint32_t now) {
    now_ = now;
    responder_->set_time(now);
  }

  void ServeGrey(TripletRules rules = {}, bool observe = false, bool is_ready = true, GreyMasks masks = {}) {
    state_ = std::make_shared<Greylist>(
        Greylist::Setup{.max_triplets = 10000, .seed = 7, .masks = masks, .workers = 1, .keeps_journal = true});
    if (is_ready) state_->SetReady();
    Soa soa = test::ShortSoa(1);
    soa.ttl_seconds = soa.minimum_seconds = 0;
    Serve({{"known-good", "cidr", "198.51.100.0/24\n2001:db8:1::/48\n203.0.113.7\n"},
           {"drop", "cidr", "203.0.113.0/24\n"},
           {"optout", "hash", "00112233445566778899aabbccddeeff\n"},
           {"not-loaded", nullptr, ""},
           {"delisted", "cidr", "203.0.113.9\n198.51.100.9\n"}},
          {{.name = "grey.test.example",
            .feeds = {0, 3},
            .ttl_seconds = 0,
            .soa = soa,
            .except = {4},
            .allow = {{.address = {.high = 0, .low = kV4MappedLow | 0xc0000200}, .length = 120}},
            .grey = GreyZoneConfig{
                .state = state_, .rules = rules, .observe = observe, .block = {1, 3}, .opted_out = {2, 3}}}});
  }

  std::string After(uint32_t seconds, const std::string& name, uint16_t type = dns::kA) {
    SetTime(now_ + seconds);
    return Says(name, type);
  }

  std::vector<TripletRow> Changes() {
    std::vector<TripletRow> rows;
    TripletRing& ring = *state_->worker(0).changes;
    for (const TripletRow* row = ring.Front(); row != nullptr; row = ring.Front()) {
      rows.push_back(*row);
      ring.Pop();
    }
    return rows;
  }
  uint64_t answers(GreyAnswer answer) const { return state_->worker(0).answers[static_cast<size_t>(answer)].value(); }

  uint32_t now_ = 0;
  std::shared_ptr<Greylist> state_;
};

}  // namespace rblitz
