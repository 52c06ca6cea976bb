#include "tables/ip6_builder.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "tables/hash.h"
#include "tables/ip6_entries.h"
#include "tables/ip6_rep.h"
#include "tables/ip6_sweep.h"
#include "tables/radix_sort.h"

namespace rblitz {

namespace {

constexpr unsigned kUnitLength = 64;
constexpr std::array kTestPoints = {kIp6TestUnlisted, kIp6TestListed};

// A /64 whose addresses differ, and where its pieces begin.
struct MixedUnit {
  uint64_t unit;
  uint32_t first;
};

uint64_t HashOfKey(const Ip6Address& address, unsigned length) {
  const uint64_t key[] = {address.high, address.low, length};
  return Hash64(key, sizeof key, ProcessSeed());
}

// Counts /64s that the table served before has as entries too, but for those that both hide.
class CommonUnits {
 public:
  explicit CommonUnits(const Ip6Table::Rep& previous) : previous_(previous) {}

  // `hides`: the new table hides it.
  void Add(uint64_t unit, bool hides) {
    pending_[count_] = {unit, hides};
    permuted_[count_] = previous_.permute(unit);
    previous_.units.Prefetch(permuted_[count_]);
    if (++count_ == kPending) Flush();
  }
  [[nodiscard]] uint64_t Count() {
    Flush();
    return common_;
  }

 private:
  static constexpr size_t kPending = Ip6Units::kMaxCount;
  struct Pending {
    uint64_t unit;
    bool hides;
  };

  void Flush() {
    uint32_t codes[kPending];
    previous_.units.Find(permuted_.data(), count_, codes);
    for (size_t i = 0; i < count_; ++i) {
      if (previous_.IsInner(codes[i])) {
        common_ += !pending_[i].hides && HidThen(pending_[i].unit);
      } else {
        common_ += codes[i] != 0;
      }
    }
    count_ = 0;
  }

  [[nodiscard]] bool HidThen(uint64_t unit) const {
    return std::binary_search(previous_.hidden_keys.begin(), previous_.hidden_keys.end(),
                              HashOfKey({unit, 0}, kUnitLength));
  }

  const Ip6Table::Rep& previous_;
  std::array<Pending, kPending> pending_{};
  std::array<uint64_t, kPending> permuted_{};
  size_t count_ = 0;
  uint64_t common_ = 0;
};

// Puts keys into the map a batch at a time, so that their lines are fetched together.
class UnitWriter {
 public:
  UnitWriter(const Ip6Permutation& permute, Ip6Units& units) : permute_(permute), units_(units) {}
  ~UnitWriter() { Flush(); }
  UnitWriter(const UnitWriter&) = delete;
  UnitWriter& operator=(const UnitWriter&) = delete;

  void Write(uint64_t unit, uint32_t code) {
    pending_[count_] = {permute_(unit), code};
    units_.Prefetch(pending_[count_].first);
    if (++count_ == pending_.size()) Flush();
  }

 private:
  void Flush() {
    for (const auto& [permuted, code] : std::span(pending_).first(count_)) units_.Insert(permuted, code);
    count_ = 0;
  }

  const Ip6Permutation& permute_;
  Ip6Units& units_;
  std::array<std::pair<uint64_t, uint32_t>, 64> pending_{};
  size_t count_ = 0;
};

}  // namespace

struct Ip6Builder::Rep {
  Ip6UnitEntries units;
  std::vector<Ip6Entry> others;
  uint64_t given = 0;
  ValueId max_value = kNotListed;
  std::array<ExactEntry, kTestPoints.size()> exact;

  // Built from them, in this order.
  std::vector<MixedUnit> mixed;
  std::vector<Ip6Inner> inner;

  [[nodiscard]] Ip6Ranges MakeRanges() const;
  void MakeInner(const Ip6Ranges& ranges);
  void MakeInnerOf(std::span<const Ip6Entry> entries, Ip6Decision background);
  void WriteUnits(Ip6Table::Rep& table) const;
  [[nodiscard]] std::vector<uint64_t> HideKeys() const;
  [[nodiscard]] uint64_t CountCommon(const Ip6Table::Rep& previous, const std::vector<uint64_t>& hidden) const;
  [[nodiscard]] std::vector<Ip6Prefix> RangesAdded(const Ip6Table::Rep& previous) const;

  // Calls f(i, is_mixed) for the /64s that have an entry of their own, in order.
  template <class F>
  void ForEachUnit(F&& f) const {
    size_t next = 0;
    for (size_t i = 0; i < units.size(); ++i) {
      const uint64_t unit = units.unit(i);
      while (next < mixed.size() && mixed[next].unit < unit) ++next;
      f(i, next < mixed.size() && mixed[next].unit == unit);
    }
  }
};

Ip6Builder::Ip6Builder() : rep_(std::make_unique<Rep>()) {}
Ip6Builder::~Ip6Builder() = default;

void Ip6Builder::Add(const Ip6Prefix& prefix, ValueId value) {
  Rep& rep = *rep_;
  ++rep.given;
  rep.max_value = std::max(rep.max_value, value);
  if (prefix.length == kUnitLength) {
    rep.units.Add(prefix.address.high, value);
    return;
  }
  rep.others.push_back({.address = prefix.address, .value = value, .length = prefix.length});
  if (prefix.length < 128) return;
  for (size_t i = 0; i < kTestPoints.size(); ++i) {
    if (prefix.address == kTestPoints[i] && !rep.exact[i].present) rep.exact[i] = {.present = true, .value = value};
  }
}

ExactEntry Ip6Builder::exact(const Ip6Address& address) const {
  const auto* const point = std::find(kTestPoints.begin(), kTestPoints.end(), address);
  return point == kTestPoints.end() ? ExactEntry{} : rep_->exact[static_cast<size_t>(point - kTestPoints.begin())];
}

// Of the prefixes shorter than /64.
Ip6Ranges Ip6Builder::Rep::MakeRanges() const {
  Ip6Sweep sweep({});
  for (const Ip6Entry& entry : others) {
    if (entry.length > kUnitLength) continue;
    sweep.Add(entry.address.high, entry.length, {.value = entry.value, .length = entry.length});
  }
  return Ip6Ranges(sweep.Finish());
}

// Of the prefixes longer than /64, one /64 at a time, over what its own entry or `ranges` say of it.
void Ip6Builder::Rep::MakeInner(const Ip6Ranges& ranges) {
  size_t next_unit = 0;
  for (size_t begin = 0; begin < others.size();) {
    size_t end = begin + 1;
    if (others[begin].length > kUnitLength) {
      const uint64_t unit = others[begin].address.high;
      while (end < others.size() && others[end].address.high == unit) ++end;
      while (next_unit < units.size() && units.unit(next_unit) < unit) ++next_unit;
      const bool own = next_unit < units.size() && units.unit(next_unit) == unit;
      MakeInnerOf(std::span(others).subspan(begin, end - begin),
                  own ? Ip6Decision{units.value(next_unit), kUnitLength} : ranges.Find(unit));
    }
    begin = end;
  }
}

void Ip6Builder::Rep::MakeInnerOf(std::span<const Ip6Entry> entries, Ip6Decision background) {
  Ip6Sweep sweep(background);
  for (const Ip6Entry& entry : entries) {
    sweep.Add(entry.address.low, entry.length - kUnitLength, {.value = entry.value, .length = entry.length});
  }
  const std::vector<Ip6Piece>& pieces = sweep.Finish();
  mixed.push_back({.unit = entries.front().address.high, .first = static_cast<uint32_t>(inner.size())});
  for (const Ip6Piece& piece : pieces) inner.push_back({.first_or_count = piece.first, .decision = piece.decision});
  inner[mixed.back().first].first_or_count = pieces.size();
}

void Ip6Builder::Rep::WriteUnits(Ip6Table::Rep& table) const {
  uint64_t count = mixed.size();
  ForEachUnit([&](size_t, bool is_mixed) { count += !is_mixed; });
  table.values = max_value + 1;
  table.units = Ip6Units(count, table.values + (mixed.empty() ? 0 : mixed.back().first + 1));
  {
    UnitWriter writer(table.permute, table.units);
    ForEachUnit([&](size_t i, bool is_mixed) {
      if (!is_mixed) writer.Write(units.unit(i), units.value(i) + 1);
    });
    for (const MixedUnit& unit : mixed) writer.Write(unit.unit, table.values + 1 + unit.first);
  }
  table.units.Finish();
  table.inner = HugeArray<Ip6Inner>(inner.size());
  std::copy(inner.begin(), inner.end(), table.inner.data());
}

std::vector<uint64_t> Ip6Builder::Rep::HideKeys() const {
  std::vector<uint64_t> hidden;
  hidden.reserve(others.size());
  for (const Ip6Entry& entry : others) hidden.push_back(HashOfKey(entry.address, entry.length));
  ForEachUnit([&](size_t i, bool is_mixed) {
    if (is_mixed) hidden.push_back(HashOfKey({units.unit(i), 0}, kUnitLength));
  });
  RadixSort(std::span(hidden));
  return hidden;
}

// Keys that the table served before has too: those that both hide, and /64s that one of them or both show.
uint64_t Ip6Builder::Rep::CountCommon(const Ip6Table::Rep& previous, const std::vector<uint64_t>& hidden) const {
  uint64_t common = 0;
  for (size_t i = 0, j = 0; i < hidden.size() && j < previous.hidden_keys.size();) {
    const uint64_t now = hidden[i];
    const uint64_t before = previous.hidden_keys[j];
    common += now == before;
    i += now <= before;
    j += before <= now;
  }
  CommonUnits units_of_both(previous);
  ForEachUnit([&](size_t i, bool is_mixed) { units_of_both.Add(units.unit(i), is_mixed); });
  return common + units_of_both.Count();
}

// Networks wider than a /64 that the table served before does not have.
std::vector<Ip6Prefix> Ip6Builder::Rep::RangesAdded(const Ip6Table::Rep& previous) const {
  const std::vector<uint64_t>& before = previous.hidden_keys;
  std::vector<Ip6Prefix> added;
  for (const Ip6Entry& entry : others) {
    if (entry.length > kUnitLength) continue;
    if (std::binary_search(before.begin(), before.end(), HashOfKey(entry.address, entry.length))) continue;
    added.push_back({.address = entry.address, .length = entry.length});
  }
  return added;
}

Ip6Table Ip6Builder::Build(const Ip6Table* previous, BuildReport* report) {
  Rep& rep = *rep_;
  rep.units.Settle();
  SettleIp6Entries(rep.others);

  auto table = std::make_unique<Ip6Table::Rep>(ProcessSeed());
  table->ranges = rep.MakeRanges();
  rep.MakeInner(table->ranges);
  rep.WriteUnits(*table);
  table->hidden_keys = rep.HideKeys();
  table->entries = rep.units.size() + rep.others.size();

  *report = {.entries = table->entries,
             .duplicates = rep.given - table->entries,
             .added = 0,
             .removed = 0,
             .widest_added = {},
             .widest_added_ip6 = {}};
  const uint64_t common = previous == nullptr ? 0 : rep.CountCommon(*previous->rep_, table->hidden_keys);
  report->added = table->entries - common;
  report->removed = previous == nullptr ? 0 : previous->entries() - common;
  if (previous != nullptr) report->widest_added_ip6 = rep.RangesAdded(*previous->rep_);
  report->KeepWidest();

  const auto exact = rep.exact;
  rep_ = std::make_unique<Rep>();
  rep_->exact = exact;
  return Ip6Table(std::move(table));
}

}  // namespace rblitz
