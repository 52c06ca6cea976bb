#include "tables/ip4_builder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <span>
#include <utility>

#include "tables/address_blocks.h"
#include "tables/hash.h"
#include "tables/ip4_common.h"
#include "tables/ip4_cursors.h"
#include "tables/ip4_layout.h"
#include "tables/ip4_paint.h"
#include "tables/ip4_rep.h"
#include "tables/ip4_stream.h"
#include "tables/radix_sort.h"

namespace rblitz {

namespace {

constexpr uint32_t kTestPoints = 0x7f000001;  // the first of 127.0.0.1 and 127.0.0.2
constexpr uint8_t kPieceLevelOfOne = 3;       // of /8, /16, /24 and /32

}  // namespace

struct Ip4Builder::Rep {
  Rep(Precedence p, Verdicts* v) : precedence(p), verdicts(v), uniter(p, v) {}

  Precedence precedence;
  Verdicts* verdicts;
  Ip4Uniter uniter;

  // Single addresses. Those with the first value that came are bare; others are keyed: address << 32 | value, or with
  // kLongestMatch, where the first of two counts, address << 32 | sequence.
  AddressPool pool;
  AddressBlocks bare{&pool};
  bool has_singles = false;
  ValueId bare_value = kNotListed;
  std::vector<uint64_t> keyed;
  std::vector<ValueId> value_of;  // by sequence; kLongestMatch only

  std::vector<Ip4Range> ranges;
  std::vector<Ip4Bounds> keys;  // of ranges and of what is in them, as given
  std::vector<Ip4Segment> segments;

  uint64_t given = 0;
  bool keeps_lengths = false;
  std::array<std::vector<ValueId>, 2> exact;

  void AddKeyed(uint32_t address, ValueId value);
  void AddPieces(uint64_t first, uint64_t end, ValueId value);
  void AddPrefixes(uint64_t first, uint64_t end, ValueId value);
  void AddLevel(uint64_t first, uint64_t end, ValueId value, unsigned level) {
    ranges.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(end - 1), value,
                      static_cast<uint32_t>(ranges.size()), static_cast<uint8_t>(level)});
  }

  void SettleKeyed();
  void SortSingles();
  void MoveMeeting();
  void UniteKeyed();

  // After UniteKeyed.
  [[nodiscard]] Ip4SinglesCursor Singles() const { return {bare.chunks(), bare_value, keyed}; }

  [[nodiscard]] uint64_t CountKeys(std::vector<Ip4Bounds>* hidden) const;
};

Ip4Builder::Ip4Builder(Precedence precedence, Verdicts* verdicts) : rep_(std::make_unique<Rep>(precedence, verdicts)) {}
Ip4Builder::~Ip4Builder() = default;

void Ip4Builder::Add(std::span<const uint32_t> addresses, ValueId value) {
  Rep& rep = *rep_;
  if (addresses.empty()) return;
  rep.given += addresses.size();
  bool any_exact = false;
  for (const uint32_t address : addresses) any_exact |= address - kTestPoints < rep.exact.size();
  if (any_exact) {
    for (const uint32_t address : addresses) {
      if (address - kTestPoints < rep.exact.size()) rep.exact[address - kTestPoints].push_back(value);
    }
  }
  if (!std::exchange(rep.has_singles, true)) rep.bare_value = value;
  if (value == rep.bare_value && rep.value_of.empty()) {
    for (const uint32_t address : addresses) rep.bare.Add(address);
  } else {
    for (const uint32_t address : addresses) rep.AddKeyed(address, value);
  }
}

void Ip4Builder::Rep::AddKeyed(uint32_t address, ValueId value) {
  if (precedence == Precedence::kPieces) {
    keyed.push_back(uint64_t{address} << 32 | value);
    return;
  }
  if (value_of.empty()) {
    value_of.assign(bare.size(), bare_value);
    bare.Drain([&](uint32_t earlier) { keyed.push_back(uint64_t{earlier} << 32 | keyed.size()); });
  }
  keyed.push_back(uint64_t{address} << 32 | value_of.size());
  value_of.push_back(value);
}

void Ip4Builder::AddRange(uint32_t first, uint32_t last, ValueId value) {
  if (first == last) return Add(first, value);
  Rep& rep = *rep_;
  ++rep.given;
  rep.keys.emplace_back(first, last);
  if (rep.precedence == Precedence::kPieces) {
    rep.AddPieces(first, uint64_t{last} + 1, value);
  } else {
    rep.AddPrefixes(first, uint64_t{last} + 1, value);
  }
}

// Cuts [at, end) into the largest octet-aligned blocks, runs of one size together.
void Ip4Builder::Rep::AddPieces(uint64_t at, uint64_t end, ValueId value) {
  while (at < end) {
    unsigned level = 0;
    uint64_t size = uint64_t{1} << 24;
    while (at % size != 0 || at + size > end) {
      ++level;
      size >>= 8;
    }
    const uint64_t larger = size << 8;
    const uint64_t stop = std::min(end, (at / larger + 1) * larger);
    const uint64_t next = level == 0 ? end / size * size : at + (stop - at) / size * size;
    AddLevel(at, next, value, level);
    at = next;
  }
}

// Cuts [at, end) into the largest prefixes.
void Ip4Builder::Rep::AddPrefixes(uint64_t at, uint64_t end, ValueId value) {
  while (at < end) {
    const int fitting = static_cast<int>(std::bit_width(end - at)) - 1;
    const int bits = std::min(at == 0 ? 32 : std::countr_zero(at), fitting);
    AddLevel(at, at + (uint64_t{1} << bits), value, static_cast<unsigned>(32 - bits));
    at += uint64_t{1} << bits;
  }
}

// A few single addresses with other values are cheaper as ranges of one beside the bare ones than as a key for every
// address.
void Ip4Builder::Rep::SettleKeyed() {
  const size_t bares = bare.size();
  if (keyed.empty() || bares == 0) return;
  if (keyed.size() <= bares / 8) {
    for (const uint64_t key : keyed) {
      const uint64_t at = key >> 32;
      AddLevel(at, at + 1, static_cast<uint32_t>(key), kPieceLevelOfOne);
      keys.emplace_back(static_cast<uint32_t>(at), static_cast<uint32_t>(at));
    }
    keyed = std::vector<uint64_t>();
    return;
  }
  keyed.reserve(keyed.size() + bares);
  bare.Drain([&](uint32_t single) { keyed.push_back(uint64_t{single} << 32 | bare_value); });
}

void Ip4Builder::Rep::SortSingles() {
  bare.Sort(AddressBlocks::Order::kAscending);
  RadixSort(std::span(keyed));
  if (precedence == Precedence::kPieces) MoveMeeting();
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

// Single addresses inside a range of ones stand at its level and are united with it: they join the ranges. Afterwards a
// single address beats every segment.
void Ip4Builder::Rep::MoveMeeting() {
  std::vector<Ip4Bounds> ones;
  for (const Ip4Range& range : ranges) {
    if (range.level == kPieceLevelOfOne) ones.emplace_back(range.first, range.last);
  }
  if (ones.empty()) return;
  std::sort(ones.begin(), ones.end());
  const auto move = [this](uint32_t at, ValueId value) {
    AddLevel(at, uint64_t{at} + 1, value, kPieceLevelOfOne);
    keys.emplace_back(at, at);
  };
  bare.TakeOut(ones, [&](uint32_t at) { move(at, bare_value); });
  size_t next = 0;
  uint64_t covered_to = 0;
  std::erase_if(keyed, [&](uint64_t single) {
    const auto at = static_cast<uint32_t>(single >> 32);
    for (; next < ones.size() && ones[next].first <= at; ++next) {
      covered_to = std::max(covered_to, uint64_t{ones[next].second} + 1);
    }
    if (at >= covered_to) return false;
    move(at, static_cast<uint32_t>(single));
    return true;
  });
}

// Leaves each keyed address once, with the one value that all its entries give.
void Ip4Builder::Rep::UniteKeyed() {
  size_t kept = 0;
  std::vector<ValueId> values;
  for (size_t i = 0; i < keyed.size();) {
    const uint64_t single = keyed[i] >> 32;
    values.clear();
    for (; i < keyed.size() && keyed[i] >> 32 == single; ++i) {
      const auto low = static_cast<uint32_t>(keyed[i]);
      values.push_back(value_of.empty() ? low : value_of[low]);
    }
    keyed[kept++] = single << 32 | uniter.Unite(values);
  }
  keyed.resize(kept);
  value_of = std::vector<ValueId>();
}

// Distinct keys; those that lookups in the finished table cannot show go to `hidden`.
uint64_t Ip4Builder::Rep::CountKeys(std::vector<Ip4Bounds>* hidden) const {
  *hidden = keys;
  uint64_t count = keys.size();
  Ip4KeyCursor cursor(keys);
  for (Ip4SinglesCursor singles = Singles(); singles.more();) {
    const uint32_t at = singles.address();
    cursor.MoveTo(at);
    if (!cursor.exact()) {
      ++count;
      if (cursor.covered() || singles.value() == kNotListed) hidden->emplace_back(at, at);
    }
    singles.Next();
    // What comes before the next key has none and is covered by none.
    for (bool before = !cursor.covered(); before && !singles.alike().empty();) {
      const auto alike = singles.alike();
      const auto end = std::lower_bound(alike.begin(), alike.end(), cursor.next());
      const auto skipped = static_cast<size_t>(end - alike.begin());
      before = end == alike.end();
      count += skipped;
      singles.Skip(skipped);
    }
  }
  if (hidden->size() > keys.size()) std::sort(hidden->begin(), hidden->end());
  hidden->shrink_to_fit();
  return count;
}

void Ip4Builder::KeepLengths() { rep_->keeps_lengths = true; }
uint64_t Ip4Builder::given() const { return rep_->given; }

Ip4Table Ip4Builder::Build(const Ip4Table* previous, Ip4BuildReport* report) {
  Rep& rep = *rep_;
  rep.SettleKeyed();
  rep.SortSingles();
  rep.segments = PaintRanges(rep.ranges, rep.uniter);
  rep.ranges = std::vector<Ip4Range>();
  rep.UniteKeyed();

  auto table = std::make_unique<Ip4Table::Rep>(ProcessSeed());
  table->entries = rep.CountKeys(&table->hidden_keys);
  if (rep.keeps_lengths) {
    table->lengths.Build(rep.precedence, rep.segments, rep.Singles());
  }
  const Ip4Stream stream(rep.segments, rep.bare, rep.bare_value, rep.keyed);
  const auto lay_out = [&](Ip4Watch& watch) { LayOutIp4(stream, rep.verdicts->values(), &rep.pool, watch, *table); };
  *report = {};
  report->entries = table->entries;
  report->duplicates = rep.given - table->entries;
  if (previous == nullptr) {
    Ip4Watch nobody;
    lay_out(nobody);
    report->added = table->entries;
  } else {
    Ip4CommonKeys keys(stream, *table, *previous, *previous->rep_);
    lay_out(keys);
    const uint64_t common = keys.Count();
    report->added = table->entries - common;
    report->removed = previous->entries() - common;
    report->widest_added = Ip4RangesAdded(table->hidden_keys, previous->rep_->hidden_keys);
    report->KeepWidest();
  }
  auto exact = std::move(rep.exact);
  rep_ = std::make_unique<Rep>(rep.precedence, rep.verdicts);
  rep_->exact = std::move(exact);
  return Ip4Table(std::move(table));
}

Ip4Builder::Exact Ip4Builder::exact(uint32_t address) const {
  Rep& rep = *rep_;
  if (address - kTestPoints >= rep.exact.size()) return {};
  std::vector<ValueId>& values = rep.exact[address - kTestPoints];
  if (values.empty()) return {};
  return {.present = true, .value = rep.uniter.Unite(values)};
}

}  // namespace rblitz
