#include "loaders/heat_draft.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>
#include <utility>

namespace rblitz {

namespace {

constexpr unsigned kBlockLength = 16;
constexpr unsigned kCellLength = 24;
constexpr unsigned kMappedBits = 96;
constexpr double kMostScore = 255;
constexpr double kPercentile = 0.999;
// Ten half-lives: what is left then would keep a /24 known for ever.
constexpr double kFaded = 1.0 / 1024;

uint64_t WideKey(uint32_t prefix, unsigned length) { return uint64_t{length} << 32 | prefix; }

uint8_t Clamped(double score) { return static_cast<uint8_t>(std::lround(std::clamp(score, 1.0, kMostScore))); }

// Ranges that overlap or touch become one.
void Merge(std::vector<AddressRange>* ranges) {
  std::ranges::sort(*ranges, {}, &AddressRange::first);
  size_t kept = 0;
  for (const AddressRange& range : *ranges) {
    AddressRange* const before = kept > 0 ? &(*ranges)[kept - 1] : nullptr;
    if (before != nullptr && range.first <= before->last) {
      before->last = std::max(before->last, range.last);
    } else {
      (*ranges)[kept++] = range;
    }
  }
  ranges->resize(kept);
}

}  // namespace

HeatDraft::HeatDraft(const HeatOptions& options, HeatKind kind, int64_t now)
    : options_(options), kind_(kind), now_(now), ip6_(kind != HeatKind::kScores) {}

void HeatDraft::List::Saw(AddressRange range, WatchedValue value) {
  if (value == nullptr) {
    ++others;
  } else if (range.first == range.last) {
    addresses.push_back(range.first);
  } else {
    ranges.push_back(range);
  }
}

void HeatDraft::List::Saw(const Ip6Prefix& prefix, WatchedValue value) {
  // Some grammars leave an IPv4 address that is written as IPv6 what it is; here it is one of IPv4 (heat_text.cc).
  if (IsV4Mapped(prefix.address) && prefix.length > kMappedBits) {
    const auto first = static_cast<uint32_t>(prefix.address.low);
    return Saw(AddressRange{first, first | static_cast<uint32_t>(HostBits(prefix.length).low)}, value);
  }
  // All of IPv4 tells nothing of any part of it.
  const bool is_all_ip4 = IsV4Mapped(prefix.address) && prefix.length <= kMappedBits;
  if (value == nullptr || is_all_ip4 || prefix.length < Heat6Draft::kLeastLength) {
    ++others;
  } else {
    ip6.push_back(prefix);
  }
}

void HeatDraft::Join(float value, float* into) const noexcept {
  *into = kind_ == HeatKind::kScores ? std::max(*into, value) : *into + value;
}

// What is left of it by now.
double HeatDraft::Faded(double value, int64_t time) {
  ++given_;
  if (options_.half_life_seconds == 0 || time == 0 || time >= now_) return value;
  const double factor = std::exp2(static_cast<double>(time - now_) / options_.half_life_seconds);
  faded_ += factor < kFaded;
  return factor < kFaded ? 0 : value * factor;
}

void HeatDraft::Add(const Ip6Prefix& network, double value, int64_t time) {
  // What is too small for a float is nothing.
  const auto joined = static_cast<float>(Faded(value, time));
  if (joined > 0) ip6_.Add(network, joined);
}

void HeatDraft::Add(uint32_t prefix, unsigned length, double value, int64_t time) {
  assert(length >= 1 && length <= 32);
  const auto joined = static_cast<float>(Faded(value, time));
  if (joined <= 0) return;
  if (length < kBlockLength) return Join(joined, &wide_[WideKey(prefix, length)]);
  const uint32_t cells = length >= kCellLength ? 1 : 1u << (kCellLength - length);
  CellBlocks<float>::Block& block = values_.MutableBlock(prefix >> kBlockLength);
  const uint32_t first = prefix >> (32 - kCellLength) & (kCellsInBlock - 1);
  for (uint32_t i = first; i < first + cells; ++i) Join(joined, &block[i]);
}

void HeatDraft::Add(HeatCells&& cells, uint64_t pixels) {
  given_ += pixels;
  if (!std::exchange(has_picture_, true)) {
    picture_ = std::move(cells);
    return;
  }
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    const HeatCells::Block* const given = cells.block(block);
    if (given == nullptr) continue;
    HeatCells::Block& into = picture_.MutableBlock(block);
    for (size_t i = 0; i < kCellsInBlock; ++i) into[i] = std::max(into[i], (*given)[i]);
  }
}

HeatCells HeatDraft::FinishPicture() {
  uint8_t weighed[256];
  for (unsigned score = 0; score < std::size(weighed); ++score) weighed[score] = ScoreOf(static_cast<float>(score), 0);
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    if (picture_.block(block) == nullptr) continue;
    for (uint8_t& score : picture_.MutableBlock(block)) score = weighed[score];
  }
  return std::move(picture_);
}

void HeatDraft::AddRange(AddressRange range, uint32_t times) {
  for (uint64_t at = range.first; at <= range.last;) {
    const uint64_t end = std::min<uint64_t>(uint64_t{range.last} + 1, (at | 255) + 1);
    values_[static_cast<uint32_t>(at >> 8)] += static_cast<float>(times) * static_cast<float>(end - at);
    at = end;
  }
}

// From one place to the next at which a range begins or ends: each /24 is come to once for it and once for each such
// place in it, however many ranges cover it.
void HeatDraft::CountRanges() {
  std::vector<AddressRange>& ranges = list_.ranges;
  if (!options_.hits) Merge(&ranges);
  std::ranges::sort(ranges, {}, &AddressRange::first);
  std::vector<uint32_t> lasts;
  lasts.reserve(ranges.size());
  for (const AddressRange& range : ranges) lasts.push_back(range.last);
  std::ranges::sort(lasts);
  uint64_t at = 0;
  size_t begun = 0;
  for (size_t ended = 0; ended < lasts.size();) {
    const uint64_t end = uint64_t{lasts[ended]} + 1;
    const uint64_t next = begun < ranges.size() ? std::min<uint64_t>(end, ranges[begun].first) : end;
    if (begun > ended && next > at) {
      AddRange({static_cast<uint32_t>(at), static_cast<uint32_t>(next - 1)}, static_cast<uint32_t>(begun - ended));
    }
    at = next;
    while (begun < ranges.size() && ranges[begun].first == at) ++begun;
    while (ended < lasts.size() && uint64_t{lasts[ended]} + 1 == at) ++ended;
  }
}

void HeatDraft::CountList() {
  CountRanges();
  std::vector<uint32_t>& addresses = list_.addresses;
  std::ranges::sort(addresses);
  if (!options_.hits) addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  auto range = list_.ranges.begin();
  for (const uint32_t address : addresses) {
    while (range != list_.ranges.end() && range->last < address) ++range;
    const bool is_counted = range != list_.ranges.end() && range->first <= address;
    if (!is_counted || options_.hits) values_[address >> 8] += 1;
  }
}

// Networks count one each: nobody knows how many of their addresses are in use.
void HeatDraft::CountList6() {
  std::vector<Ip6Prefix>& networks = list_.ip6;
  std::ranges::sort(networks);
  if (!options_.hits) networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  for (const Ip6Prefix& network : networks) ip6_.Add(network, 1);
}

// Lays large networks over all of their /24s.
void HeatDraft::PaintWide() {
  if (wide_.empty()) return;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    float all = 0;
    for (unsigned length = 1; length < kBlockLength; ++length) {
      const uint32_t prefix = (block << kBlockLength) >> (32 - length) << (32 - length);
      const auto found = wide_.find(WideKey(prefix, length));
      if (found != wide_.end()) Join(found->second, &all);
    }
    if (all == 0) continue;
    for (float& value : values_.MutableBlock(block)) Join(all, &value);
  }
}

// The count that gets the highest score.
double HeatDraft::LargestOf(std::vector<float> counts) const {
  if (options_.scale_max > 0) return options_.scale_max;
  if (options_.scale == HeatScale::kLinear) return kMostScore;
  if (counts.empty()) return least_top_;
  const auto rank = static_cast<size_t>(std::ceil(kPercentile * static_cast<double>(counts.size()))) - 1;
  const auto at = counts.begin() + static_cast<ptrdiff_t>(rank);
  std::nth_element(counts.begin(), at, counts.end());
  return std::max(least_top_, double{*at});
}

double HeatDraft::LargestCount() const {
  std::vector<float> counts;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    if (const auto* const given = values_.block(block)) {
      std::ranges::copy_if(*given, std::back_inserter(counts), [](float count) { return count > 0; });
    }
  }
  return LargestOf(std::move(counts));
}

uint8_t HeatDraft::ScoreOf(float value, double largest) const noexcept {
  if (value <= 0) return 0;
  double score = value;
  if (kind_ == HeatKind::kCounts || kind_ == HeatKind::kList) {
    score = options_.scale == HeatScale::kLog ? kMostScore * std::log1p(score) / std::log1p(largest)
                                              : kMostScore * score / largest;
  } else if (score < 0.5) {
    return 0;  // faded
  }
  return Clamped(Clamped(score) * options_.weight);
}

HeatCells HeatDraft::Finish() {
  if (kind_ == HeatKind::kPicture) return FinishPicture();
  if (kind_ == HeatKind::kList) CountList();
  PaintWide();
  const bool counts = kind_ == HeatKind::kCounts || kind_ == HeatKind::kList;
  const double largest = counts ? LargestCount() : kMostScore;
  if (counts) top_count_ = largest;
  HeatCells cells;
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    const CellBlocks<float>::Block* const given = values_.block(block);
    if (given == nullptr) continue;
    HeatCells::Block& scores = cells.MutableBlock(block);
    for (size_t i = 0; i < kCellsInBlock; ++i) scores[i] = ScoreOf((*given)[i], largest);
  }
  return cells;
}

Heat6Networks HeatDraft::Finish6() {
  CountList6();
  const double largest = kind_ == HeatKind::kScores ? kMostScore : LargestOf(ip6_.Values());
  ip6_.Sum();
  return ip6_.Finish([&](float value) { return ScoreOf(value, largest); });
}

std::vector<std::string> HeatDraft::Notes() const {
  std::vector<std::string> notes = notes_;
  const auto note = [&notes](uint64_t count, const char* what) {
    if (count > 0) notes.push_back(std::to_string(count) + what);
  };
  note(list_.others, " entries list no addresses, or too large networks: they are left out");
  note(faded_, " entries are older than ten half-lives: they count for nothing");
  return notes;
}

}  // namespace rblitz
