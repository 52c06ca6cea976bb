#include "tables/ip4_common.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <utility>

namespace rblitz {

namespace {

using Rep = Ip4Table::Rep;
constexpr auto kRelaxed = std::memory_order_relaxed;

bool AreAlike(const Rep& a, const Rep& b) {
  return !b.small && a.permute.first() == b.permute.first() && a.permute.second() == b.permute.second();
}

std::vector<Ip4KeyCursor> CursorsByOctet(const std::vector<Ip4Bounds>& keys) {
  std::vector<Ip4KeyCursor> cursors;
  Ip4KeyCursor cursor(keys);
  for (uint32_t octet = 0; octet < Ip4Stream::kOctets; ++octet) {
    if (octet > 0) cursor.MoveTo((octet << 24) - 1);
    cursors.push_back(cursor);
  }
  return cursors;
}

uint64_t CountListed(std::span<const ValueId> values) {
  return static_cast<uint64_t>(std::ranges::count_if(values, [](ValueId value) { return value != kNotListed; }));
}

// How many of these stand alone in a table. REQUIRES: 1 to kMaxBatch.
uint64_t CountIn(const Ip4Singles& singles, std::span<const uint32_t> permuted) {
  const uint8_t* lines[kMaxBatch] = {};
  ValueId values[kMaxBatch];
  for (size_t i = 0; i < permuted.size(); ++i) {
    lines[i] = singles.LineOf(permuted[i]);
    __builtin_prefetch(lines[i], 0, 3);
  }
  singles.Find(permuted.data(), lines, permuted.size(), ~uint64_t{0} >> (kMaxBatch - permuted.size()), values);
  return CountListed(std::span(values).first(permuted.size()));
}
static_assert(kMaxBatch == 64);

// Gathers addresses, and counts them a batch at a time.
class Batched {
 public:
  using CountBatch = std::function<uint64_t(std::span<const uint32_t>)>;
  explicit Batched(CountBatch count_batch) : count_batch_(std::move(count_batch)) {}
  void Add(uint32_t address) {
    batch_[size_++] = address;
    if (size_ == kMaxBatch) Flush();
  }
  [[nodiscard]] uint64_t Finish() {
    Flush();
    return count_;
  }

 private:
  void Flush() {
    if (size_ > 0) count_ += count_batch_(std::span(batch_).first(size_));
    size_ = 0;
  }

  CountBatch count_batch_;
  std::array<uint32_t, kMaxBatch> batch_ = {};
  size_t size_ = 0;
  uint64_t count_ = 0;
};

}  // namespace

Ip4CommonKeys::Ip4CommonKeys(const Ip4Stream& stream, const Rep& now, const Ip4Table& table, const Rep& before)
    : stream_(stream),
      now_(now),
      table_(table),
      before_(before),
      are_alike_(AreAlike(now, before)),
      keys_now_(CursorsByOctet(now.hidden_keys)),
      keys_before_(CursorsByOctet(before.hidden_keys)) {}

void Ip4CommonKeys::Inserted(std::span<const uint32_t> permuted) {
  if (!are_alike_) return;
  uint64_t common = 0;
  for (; !permuted.empty(); permuted = permuted.subspan(std::min(kMaxBatch, permuted.size()))) {
    common += CountIn(before_.singles, permuted.first(std::min(kMaxBatch, permuted.size())));
  }
  common_.fetch_add(common, kRelaxed);
}

// One /8: what Inserted counts right is passed by.
class Ip4CommonKeys::OctetCount {
 public:
  OctetCount(const Ip4CommonKeys& keys, unsigned octet)
      : keys_(keys),
        octet_(octet),
        begin_(uint64_t{octet} << 24),
        end_(begin_ + (uint64_t{1} << 24)),
        are_alike_(keys.are_alike_ && !keys.now_.small),
        before_(keys.keys_before_[octet]),
        now_(keys.keys_now_[octet]),
        segments_(keys.stream_.Segments(octet)),
        alone_(std::bind_front(CountIn, std::cref(keys.before_.singles))),
        given_back_(std::bind_front(CountIn, std::cref(keys.before_.singles))),
        asked_([&table = keys.table_](std::span<const uint32_t> addresses) {
          ValueId values[kMaxBatch];
          table.LookupBatch(addresses, values);
          return CountListed(std::span(values).first(addresses.size()));
        }) {}

  uint64_t Count() {
    const std::vector<Ip4Bounds>& hidden = keys_.now_.hidden_keys;
    auto key = std::ranges::lower_bound(hidden, begin_, {}, &Ip4Bounds::first);
    Ip4SinglesCursor singles = keys_.stream_.Singles(octet_);
    const auto visit_below = [&](uint64_t stop) {
      while (singles.more() && singles.address() < stop) {
        Visit(singles.address());
        VisitSingle(singles.address(), singles.value());
        singles.Next();
        PassByAlike(singles);
      }
    };
    for (; key != hidden.end() && key->first < end_; ++key) {
      const auto [first, last] = *key;
      visit_below(first);
      const bool is_single = singles.more() && singles.address() == first;
      if (first == last) Visit(first);
      if (!is_single) continue;
      VisitSingle(first, singles.value());
      singles.Next();
    }
    visit_below(end_);
    if (are_alike_) TakeOffSegments();
    return common_ + asked_.Finish() + given_back_.Finish() - alone_.Finish();
  }

 private:
  // A single address, given or hidden.
  void Visit(uint32_t at) {
    before_.MoveTo(at);
    now_.MoveTo(at);
    if (before_.exact()) {
      common_ += !now_.exact();
    } else if (!before_.covered()) {
      asked_.Add(at);
    }
  }

  // Inserted has counted it, if it is listed, and TakeOffSegments takes it off, if a listed segment covers it.
  void VisitSingle(uint32_t at, ValueId value) {
    if (!are_alike_ || keys_.now_.KindOf(at) != kSingles) return;
    while (!segments_.empty() && segments_.front().last < at) segments_ = segments_.subspan(1);
    const bool is_taken_off =
        !segments_.empty() && segments_.front().first <= at && segments_.front().value != kNotListed;
    if (value != kNotListed && !is_taken_off) alone_.Add(keys_.now_.permute(at));
    if (value == kNotListed && is_taken_off) given_back_.Add(keys_.now_.permute(at));
  }

  // Addresses that no key of either list is about but themselves, and that stand alone in the new table and, if they
  // are in it, in the one before.
  void PassByAlike(Ip4SinglesCursor& singles) {
    if (!are_alike_ || before_.covered() || now_.covered()) return;
    const uint64_t stop = std::min({before_.next(), now_.next(), end_});
    while (singles.more() && singles.value() != kNotListed) {
      const uint32_t at = singles.address();
      if (at >= stop || keys_.now_.KindOf(at) != kSingles || keys_.before_.KindOf(at) == kBlock) return;
      singles.Next();
    }
  }

  // Addresses of ranges that stand alone in the new table are no keys. Exclusions may have left few of any /24.
  void TakeOffSegments() {
    for (const Ip4Segment& segment : keys_.stream_.Segments(octet_)) {
      if (segment.value == kNotListed) continue;
      const uint64_t end = std::min(uint64_t{segment.last} + 1, end_);
      for (uint64_t at = std::max<uint64_t>(segment.first, begin_); at < end;) {
        const uint64_t next = std::min(end, (at | 255) + 1);
        const bool stand_alone = keys_.now_.KindOf(static_cast<uint32_t>(at)) == kSingles;
        for (; stand_alone && at < next; ++at) alone_.Add(keys_.now_.permute(static_cast<uint32_t>(at)));
        at = next;
      }
    }
  }

  const Ip4CommonKeys& keys_;
  const unsigned octet_;
  const uint64_t begin_;
  const uint64_t end_;
  const bool are_alike_;
  Ip4KeyCursor before_;
  Ip4KeyCursor now_;
  std::span<const Ip4Segment> segments_;
  uint64_t common_ = 0;
  Batched alone_;
  Batched given_back_;
  Batched asked_;
};

void Ip4CommonKeys::Mapped(unsigned octet) { common_.fetch_add(OctetCount(*this, octet).Count(), kRelaxed); }

uint64_t Ip4CommonKeys::Count() {
  if (now_.small) {
    for (unsigned octet = 0; octet < Ip4Stream::kOctets; ++octet) Mapped(octet);
  }
  std::vector<Ip4Bounds> both;
  std::ranges::set_intersection(now_.hidden_keys, before_.hidden_keys, std::back_inserter(both));
  return common_.load(kRelaxed) + both.size();
}

}  // namespace rblitz
