#include "tables/triplet_row.h"

#include <array>

namespace rblitz {

namespace {

constexpr uint32_t kMaxHoursLater = (1 << 12) - 1;
constexpr uint32_t kHoursInPayload = kMaxCredits - 1;
constexpr uint64_t kSenderMask = (1 << 24) - 1;

bool HasCredits(const TripletRow& row) { return row.key.kind == TripletKind::kClient && !row.forgotten; }

// Different hour numbers, ascending. The first is that of `first`; the payload has how many hours later the others are,
// in 12 bits each, 0 for none. What is later than kMaxHoursLater (170 days) is as late as that.
class Hours {
 public:
  explicit Hours(const TripletRow& row) {
    const uint32_t base = row.first / 3600;
    Add(base);
    for (uint32_t i = 0; i < kHoursInPayload; ++i) {
      const auto later = static_cast<uint32_t>(row.payload >> (12 * i) & kMaxHoursLater);
      if (later != 0) Add(base + later);
    }
  }

  void Add(uint32_t hour) {
    const auto end = hours_.begin() + size_;
    const auto at = std::lower_bound(hours_.begin(), end, hour);
    if (at != end && *at == hour) return;
    if (size_ == kMaxCredits && at == end) return;  // only the earliest are kept
    if (size_ < kMaxCredits) ++size_;
    std::copy_backward(at, hours_.begin() + size_ - 1, hours_.begin() + size_);
    *at = hour;
  }

  void Add(const Hours& others) {
    for (uint32_t i = 0; i < others.size_; ++i) Add(others.hours_[i]);
  }

  [[nodiscard]] Hours ClampedTo(uint32_t hour) const {
    Hours clamped(*this);
    clamped.size_ = 0;
    for (uint32_t i = 0; i < size_; ++i) clamped.Add(std::min(hours_[i], hour));
    return clamped;
  }

  [[nodiscard]] uint32_t size() const { return size_; }

  // As it stands in a row whose `first` is in the first hour.
  [[nodiscard]] uint64_t Payload() const {
    uint64_t payload = 0;
    for (uint32_t i = 1; i < size_; ++i) {
      const uint32_t later = std::min(hours_[i] - hours_[0], kMaxHoursLater);
      payload |= uint64_t{later} << (12 * (i - 1));
      if (later == kMaxHoursLater) break;  // the others are as late as that, too
    }
    return payload;
  }

 private:
  std::array<uint32_t, kMaxCredits> hours_{};
  uint32_t size_ = 0;
};

uint64_t JoinedPayload(const TripletRow& a, const TripletRow& b) {
  switch (a.key.kind) {
    case TripletKind::kClient: {
      Hours hours(a);
      hours.Add(Hours(b));
      return hours.Payload();
    }
    case TripletKind::kSenderDomain: {
      uint64_t payload = a.payload;
      for (const uint64_t sender : {b.payload & kSenderMask, b.payload >> 24}) {
        if (sender != 0) payload = WithSender(payload, sender);
      }
      return payload;
    }
    case TripletKind::kNetwork:
    case TripletKind::kDomain:
      break;
  }
  return 0;
}

}  // namespace

TripletRow Clamped(TripletRow row, uint32_t now) noexcept {
  if (HasCredits(row) && row.first / 3600 + kMaxHoursLater > now / 3600) {
    row.payload = Hours(row).ClampedTo(now / 3600).Payload();
  }
  row.first = std::min(row.first, now);
  row.last_minutes = std::min(row.last_minutes, MinutesOf(now));
  return row;
}

TripletRow Join(const TripletRow& a, const TripletRow& b) noexcept {
  if (a.epoch != b.epoch) return a.epoch > b.epoch ? a : b;
  if (a.forgotten != b.forgotten) return a.forgotten ? a : b;
  TripletRow joined = a;
  joined.first = std::min(a.first, b.first);
  joined.last_minutes = std::max(a.last_minutes, b.last_minutes);
  joined.passed = a.passed || b.passed;
  joined.payload = a.forgotten ? 0 : JoinedPayload(a, b);
  return joined;
}

uint32_t Credits(const TripletRow& row) noexcept { return HasCredits(row) ? Hours(row).size() : 0; }

uint64_t WithCredit(const TripletRow& row, uint32_t now) noexcept {
  Hours hours(row);
  hours.Add(std::max(row.first, now) / 3600);
  return hours.Payload();
}

uint32_t Senders(uint64_t payload) noexcept { return (payload & kSenderMask ? 1 : 0) + (payload >> 24 != 0 ? 1 : 0); }

uint64_t WithSender(uint64_t payload, uint64_t sender_hash) noexcept {
  const uint64_t sender = std::max<uint64_t>(sender_hash & kSenderMask, 1);
  const uint64_t smaller = payload & kSenderMask;
  const uint64_t larger = payload >> 24;
  if (sender == smaller || sender == larger) return payload;
  if (smaller == 0) return sender;
  if (sender < smaller) return smaller << 24 | sender;
  if (larger == 0 || sender < larger) return sender << 24 | smaller;
  return payload;
}

}  // namespace rblitz
