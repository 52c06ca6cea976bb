// One row of the greylist, and the pure rules about it: when it is expired, how a clock that jumped is corrected, and
// how two copies of it become one. No clock, no table: both the table of a running server and stores on disk join by
// these.
//
// Join is commutative, associative and idempotent over rows of one key that are Clamped and not Expired at the same
// moment, so that journals, snapshots and whole stores can be joined in any order, any number of times.
//
// Thread-safety: pure. Errors: none; a row whose key differs from the other's is the caller's bug.
// Units: times are seconds since 1970; last_minutes counts from kMinutesFrom, which is fine enough for lifetimes of
// days and fits 24 bits until November 2055.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace rblitz {

enum class TripletKind : uint8_t {
  kNetwork,       // sender and recipient, asked from a network
  kDomain,        // sender and recipient, of a sender's domain that is aligned; no network
  kClient,        // an address that earns credits
  kSenderDomain,  // a sender's domain, seen from a network
};

struct TripletKey {
  // The client's masked network: the upper 64 bits of an IPv6 address, or kIp4Network | the IPv4 address; of kDomain,
  // 64 bits of the domain's hash.
  uint64_t network = 0;
  // Of sender and recipient; of kClient the lower 64 bits of the address; of kSenderDomain 64 bits of the domain's
  // hash.
  uint64_t fingerprint = 0;
  TripletKind kind = TripletKind::kNetwork;

  auto operator<=>(const TripletKey&) const = default;
};

// In ::/8, which is reserved (RFC 4291 section 2.4), so that no client of IPv6 has this network.
inline constexpr uint64_t kIp4Network = uint64_t{1} << 32;

inline constexpr uint32_t kMinutesFrom = 1704067200;  // 2024-01-01 00:00 UTC
inline constexpr uint32_t kMaxLastMinutes = (1 << 24) - 1;

[[nodiscard]] constexpr uint32_t MinutesOf(uint32_t seconds) {
  return seconds < kMinutesFrom ? 0 : std::min((seconds - kMinutesFrom) / 60, kMaxLastMinutes);
}

struct TripletRow {
  TripletKey key;
  uint32_t first = 0;         // first seen; of kClient, the first credit
  uint32_t last_minutes = 0;  // last seen; of kNetwork and kDomain that have not passed: first seen
  uint16_t epoch = 0;         // raised by forgetting alone
  bool passed = false;
  bool forgotten = false;  // a marker: what was here was forgotten on purpose
  uint64_t payload = 0;    // 48 bits: Hours of kClient, Senders of kSenderDomain

  auto operator<=>(const TripletRow&) const = default;
};

struct TripletRules {
  uint32_t delay_seconds = 300;
  uint32_t window_seconds = 24 * 3600;
  uint32_t lifetime_seconds = 35 * 24 * 3600;
  // Credits that pass an address: at most kMaxCredits; 0: no auto-whitelist.
  uint32_t credits = 5;
  // New rows a network may make in RecentSeconds; at most kMaxNewRows.
  uint32_t new_rows = 256;

  // For as long a pending row is protected: time to mature, and a quarter of an hour to come back.
  [[nodiscard]] uint32_t RecentSeconds() const { return delay_seconds + 15 * 60; }
};

inline constexpr uint32_t kMaxCredits = 5;
inline constexpr uint32_t kMaxNewRows = 1023;
inline constexpr uint16_t kMaxEpoch = (1 << 14) - 1;

[[nodiscard]] constexpr uint16_t EpochAfter(uint16_t epoch) {
  return epoch < kMaxEpoch ? static_cast<uint16_t>(epoch + 1) : kMaxEpoch;
}

// Seconds from `then` to `now`; 0 for a time of the future.
[[nodiscard]] constexpr uint32_t Since(uint32_t then, uint32_t now) { return now > then ? now - then : 0; }

// A triplet that has not passed yet.
[[nodiscard]] inline bool IsPending(const TripletRow& row) noexcept {
  return !row.passed && !row.forgotten &&
         (row.key.kind == TripletKind::kNetwork || row.key.kind == TripletKind::kDomain);
}

// The rules at one moment, for who asks of many rows then: all divisions are done.
class RulesAt {
 public:
  RulesAt(const TripletRules& rules, uint32_t now)
      : rules_(rules),
        now_(now),
        minutes_(MinutesOf(now)),
        lifetime_minutes_(rules.lifetime_seconds / 60),
        window_of_recent_(now / rules.RecentSeconds()) {}

  [[nodiscard]] const TripletRules& rules() const { return rules_; }
  [[nodiscard]] uint32_t now() const { return now_; }
  [[nodiscard]] uint32_t minutes() const { return minutes_; }
  [[nodiscard]] uint32_t lifetime_minutes() const { return lifetime_minutes_; }
  // Windows of RecentSeconds are numbered; they do not slide.
  [[nodiscard]] uint32_t window_of_recent() const { return window_of_recent_; }

  // Whether a row is expired that was first seen then and is pending, or was last seen then and is not.
  [[nodiscard]] bool EndsPending(uint32_t first) const { return Since(first, now_) > rules_.window_seconds; }
  [[nodiscard]] bool EndsOthers(uint32_t last_minutes) const {
    return Since(last_minutes, minutes_) > lifetime_minutes_;
  }
  [[nodiscard]] bool IsRecent(uint32_t first) const { return Since(first, now_) <= rules_.RecentSeconds(); }

 private:
  TripletRules rules_;
  uint32_t now_;
  uint32_t minutes_;
  uint32_t lifetime_minutes_;
  uint32_t window_of_recent_;
};

// A pending row that nobody came back to in the window, or a row that was not seen for its lifetime.
[[nodiscard]] inline bool IsExpired(const TripletRow& row, const RulesAt& at) noexcept {
  return IsPending(row) ? at.EndsPending(row.first) : at.EndsOthers(row.last_minutes);
}
[[nodiscard]] inline bool IsExpired(const TripletRow& row, const TripletRules& rules, uint32_t now) noexcept {
  return IsExpired(row, RulesAt(rules, now));
}

// Times of the future become now: a clock was wrong, then or now.
[[nodiscard]] TripletRow Clamped(TripletRow row, uint32_t now) noexcept;

// Of a larger epoch the row stands alone. At equal epochs a marker wins; else first is the earlier, last the later, who
// passed once has passed, credits and senders are joined. REQUIRES: rows of one key.
[[nodiscard]] TripletRow Join(const TripletRow& a, const TripletRow& b) noexcept;

// Credits of a kClient row: different hours in which a triplet of the address matured, the earliest kMaxCredits of
// them.
[[nodiscard]] uint32_t Credits(const TripletRow& row) noexcept;
// The payload with a credit of `now`.
[[nodiscard]] uint64_t WithCredit(const TripletRow& row, uint32_t now) noexcept;

// Senders of a kSenderDomain row: the two smallest of all that were seen, 24 bits each.
[[nodiscard]] uint32_t Senders(uint64_t payload) noexcept;
[[nodiscard]] uint64_t WithSender(uint64_t payload, uint64_t sender_hash) noexcept;

}  // namespace rblitz
