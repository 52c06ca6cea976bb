#include "dataplane/heat_zone.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <ctime>

#include "dataplane/asked_name.h"
#include "dataplane/zone_names.h"
#include "dataplane/zone_rep.h"
#include "tables/verdict.h"

namespace rblitz {

namespace {

constexpr uint8_t kPlainAnswer = 2;
constexpr HeatHit kTestHit = {.length = 24, .score = 2};
constexpr std::string_view kTestText = "heat=2 level=24 prefix=127.0.0.0/24 src=test";
constexpr HeatHit kTestHit6 = {.length = 64, .score = 2};
constexpr std::string_view kTestText6 = "heat=2 level=64 prefix=::/64 src=test";

bool IsTestPoint6(const Ip6Address& address) noexcept {
  return address == kIp6TestListed || address == kIp6TestUnlisted;
}

// Of texts that may be longer than there is room for.
class TextWriter {
 public:
  explicit TextWriter(char* out) : begin_(out), at_(out) {}

  TextWriter& operator<<(std::string_view text) noexcept {
    const size_t size = std::min(text.size(), room());
    at_ = std::copy_n(text.begin(), size, at_);
    return *this;
  }
  TextWriter& operator<<(uint32_t number) noexcept {
    std::array<char, 10> digits;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<size_t>(end - digits.data()));
  }
  [[nodiscard]] size_t size() const noexcept { return static_cast<size_t>(at_ - begin_); }

 private:
  [[nodiscard]] size_t room() const noexcept { return kMaxTextBytes - size(); }

  char* const begin_;
  char* at_;
};

// To the minute.
std::string TimeText(int64_t time) {
  const std::time_t seconds = time;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%MZ", &utc)};
}

}  // namespace

template <class Source, class Table>
std::shared_ptr<const Table> HeatTables::Joined<Source, Table>::Join(
    const std::vector<std::shared_ptr<const Source>>& sources, HeatJoin join) {
  std::erase_if(all_, [](const One& one) { return one.table.expired(); });
  const auto found = std::ranges::find_if(all_, [&](const One& one) {
    return one.join == join &&
           std::ranges::equal(one.sources, sources, {}, [](const auto& weak) { return weak.lock(); });
  });
  if (found != all_.end()) {
    if (auto table = found->table.lock()) return table;
  }
  std::vector<const Source*> pointers;
  pointers.reserve(sources.size());
  for (const auto& source : sources) pointers.push_back(source.get());
  auto table = std::make_shared<const Table>(Table::Build(pointers, join));
  all_.push_back({.sources = {sources.begin(), sources.end()}, .join = join, .table = table});
  return table;
}

std::shared_ptr<const HeatTable> HeatTables::Join(const Sources& sources, HeatJoin join) {
  return ip4_.Join(sources, join);
}
std::shared_ptr<const Heat6Table> HeatTables::Join(const Sources6& sources, HeatJoin join) {
  return ip6_.Join(sources, join);
}

HeatZone::HeatZone(const HeatZoneConfig& config, std::span<const FeedData* const> feeds, uint32_t ttl_seconds)
    : levels_(config.levels),
      levels6_(config.levels6),
      min_score_(config.min_score),
      asked_(levels_, min_score_),
      all_(config.all),
      length_mask_(config.plain ? 0 : 0xff),
      has_ip6_(false),
      ttl_seconds_(ttl_seconds) {
  assert(!levels_.empty() && levels_.size() <= kMaxHeatLevels && min_score_ > 0 && config.round > 0);
  assert(std::ranges::all_of(levels_, IsHeatLength));
  assert(levels6_.size() <= kMaxHeatLevels && std::ranges::all_of(levels6_, IsHeat6Length));
  // Down, so that who asks for 128 or more misses nothing and gets nothing more.
  for (unsigned score = 0; score < rounded_.size(); ++score) {
    rounded_[score] = static_cast<uint8_t>(std::max(1u, score / config.round * config.round));
  }
  if (config.plain) rounded_.fill(kPlainAnswer);
  HeatTables::Sources sources;
  HeatTables::Sources6 sources6;
  int64_t newest = 0;
  for (const FeedData* feed : feeds) {
    sources.push_back(feed->heat);
    if (feed->heat6 != nullptr) sources6.push_back(feed->heat6);
    newest = std::max(newest, feed->data_time);
    feeds_ += (feeds_.empty() ? "" : ",") + feed->name;
  }
  if (config.live != nullptr) {
    sources.push_back(config.live);
    newest = std::max(newest, config.live_time);
    feeds_ += feeds_.empty() ? "traffic" : ",traffic";
  }
  const auto tables = config.tables != nullptr ? config.tables : std::make_shared<HeatTables>();
  table_ = tables->Join(sources, config.join);
  table6_ = tables->Join(sources6, config.join);
  has_ip6_ = !table6_->empty();
  origin_ = "asof=" + TimeText(newest) + " src=" + feeds_;
}

HeatHit HeatZone::HitOf(uint32_t address, HeatHit found) const noexcept {
  if (IsTestPoint(address)) return address == kTestListed ? kTestHit : HeatHit{};
  return found;
}

HeatHit HeatZone::LookUpOne(uint32_t address) const noexcept { return HitOf(address, table_->Lookup(address, asked_)); }

HeatHit HeatZone::Lookup(const Ip6Address& address) const noexcept {
  if (IsTestPoint6(address)) return address == kIp6TestListed ? kTestHit6 : HeatHit{};
  return table6_->Lookup(address, levels6_, min_score_);
}

bool HeatZone::MeansIp4(const Ip6Address& address) const noexcept {
  return IsV4Mapped(address) && !(has_ip6_ && IsTestPoint6(address));
}

std::optional<uint32_t> HeatZone::Ip4Before(const Ip6Address& address) noexcept {
  AskedName asked;
  asked.SetIp6(address);
  if (asked.ip4_within != Ip4Within::k6to4 || IsTestPoint(asked.ip4)) return std::nullopt;
  return asked.ip4;
}

// Test points are not rounded.
size_t HeatZone::Values(uint32_t address, HeatHit hit, uint32_t* a_be) const noexcept {
  if (all_ && !IsTestPoint(address)) {
    return AllValues(
        levels_, [&](unsigned length) { return table_->Score(address, length); }, a_be);
  }
  a_be[0] = IsTestPoint(address) ? TestValue(hit) : ValueOf(hit);
  return 1;
}

size_t HeatZone::Values(const Ip6Address& address, HeatHit hit, uint32_t* a_be) const noexcept {
  if (all_ && !IsTestPoint6(address)) {
    return AllValues(
        levels6_, [&](unsigned length) { return table6_->Score(address, length); }, a_be);
  }
  a_be[0] = IsTestPoint6(address) ? TestValue(hit) : ValueOf(hit);
  return 1;
}

uint32_t HeatZone::TestValue(HeatHit hit) const noexcept {
  return __builtin_bswap32(kAnswers | uint32_t{static_cast<uint8_t>(hit.length & length_mask_)} << 8 | hit.score);
}

template <class ScoreAt>
size_t HeatZone::AllValues(std::span<const uint8_t> levels, ScoreAt&& score_at, uint32_t* a_be) const noexcept {
  size_t count = 0;
  for (const uint8_t length : levels) {
    const uint8_t score = score_at(length);
    if (score >= min_score_) a_be[count++] = ValueOf({.length = length, .score = score});
  }
  return count;
}

size_t HeatZone::Text(uint32_t address, HeatHit hit, char* out) const noexcept {
  TextWriter text(out);
  if (IsTestPoint(address)) {
    text << kTestText;
    return text.size();
  }
  std::array<char, 16> prefix;  // NOLINT(cppcoreguidelines-pro-type-member-init): written first
  const uint32_t network = address & ~(~uint32_t{0} >> hit.length);
  const size_t size = AddressToText(network, prefix.data());
  text << "heat=" << uint32_t{hit.score} << " level=" << uint32_t{hit.length}
       << " prefix=" << std::string_view(prefix.data(), size) << "/" << uint32_t{hit.length};
  for (const unsigned length : {22u, 20u, 16u}) {
    text << " n" << length << "=" << uint32_t{table_->Score(address, length)};
  }
  text << " active16=" << table_->Node(address, 16).active << "/256 " << origin_;
  return text.size();
}

size_t HeatZone::Text(const Ip6Address& address, HeatHit hit, char* out) const noexcept {
  TextWriter text(out);
  if (IsTestPoint6(address)) {
    text << kTestText6;
    return text.size();
  }
  SubjectText prefix;
  const Ip6Address network{.high = address.high & ~HostBits64(hit.length), .low = 0};
  text << "heat=" << uint32_t{hit.score} << " level=" << uint32_t{hit.length}
       << " prefix=" << AddressText(network, prefix) << "/" << uint32_t{hit.length};
  for (const unsigned length : {56u, 48u, 40u, 32u}) {
    text << " n" << length << "=" << uint32_t{table6_->Score(address, length)};
  }
  text << " " << origin_;
  return text.size();
}

std::vector<Listing> HeatZone::Explain(uint32_t address) const {
  return ExplainHit(address, LookUpOne(address), IsTestPoint(address));
}

std::vector<Listing> HeatZone::Explain(const Ip6Address& address) const {
  if (MeansIp4(address)) return Explain(static_cast<uint32_t>(address.low));
  std::vector<Listing> listings;
  if (has_ip6_) listings = ExplainHit(address, Lookup(address), IsTestPoint6(address));
  const auto before = Ip4Before(address);
  return listings.empty() && before ? Explain(*before) : listings;
}

template <class Address>
std::vector<Listing> HeatZone::ExplainHit(const Address& address, HeatHit hit, bool is_test) const {
  std::vector<Listing> listings;
  if (hit.length == 0) return listings;
  std::array<uint32_t, kMaxHeatLevels> a_be{};
  std::array<char, kMaxTextBytes> text{};
  const size_t count = Values(address, hit, a_be.data());
  const size_t size = Text(address, hit, text.data());
  for (size_t i = 0; i < count; ++i) {
    listings.push_back({.a_be = a_be[i],
                        .text = std::string(text.data(), i == 0 ? size : 0),
                        .ttl_seconds = ttl_seconds_,
                        .feed = is_test ? "" : feeds_});
  }
  return listings;
}

std::unique_ptr<const HeatZone> MakeHeatZone(const HeatZoneConfig& config, std::span<const FeedData* const> feeds,
                                             uint32_t ttl_seconds) {
  return std::make_unique<const HeatZone>(config, feeds, ttl_seconds);
}

}  // namespace rblitz
