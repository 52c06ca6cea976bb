#include "tables/ip4_layout.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "tables/address_blocks.h"

namespace rblitz {

namespace {

using Rep = Ip4Table::Rep;

// A /24 with more listed addresses than this is smaller as a bitmap than as single addresses.
constexpr unsigned kMaxSingles = 16;

// The sorted array, as long as it is small enough.
class SmallSink : public Ip4PieceSink {
 public:
  explicit SmallSink(Rep& rep) : rep_(rep) { Start(0, kNotListed); }

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    if (++pieces_ > kSmallPieces) return false;
    if (rep_.starts.back() == first) {
      rep_.values.back() = value;  // no gap before it
    } else {
      Start(first, value);
    }
    rep_.addresses += uint64_t{last} - first + 1;
    for (uint32_t slash16 = first >> 16; slash16 <= last >> 16; ++slash16) rep_.used8.set(slash16 >> 8);
    if (last != UINT32_MAX) Start(last + 1, kNotListed);
    return true;
  }

  [[nodiscard]] bool fits() const { return pieces_ <= kSmallPieces; }

 private:
  void Start(uint32_t first, ValueId value) {
    rep_.starts.push_back(first);
    rep_.values.push_back(value);
  }

  Rep& rep_;
  size_t pieces_ = 0;
};

// How many addresses of partly listed /24s have each value.
class CountSink : public Ip4PieceSink {
 public:
  explicit CountSink(uint32_t values) : count_(values) {}

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    count_[value] += std::min<uint32_t>(last - first, 255) + 1;
    return true;
  }

  // The value that nearly all have: tables of single addresses then need no values, and the few /24s with others become
  // dense. kNotListed when there is none.
  [[nodiscard]] ValueId Common() const {
    const auto most = std::max_element(count_.begin(), count_.end());
    uint64_t all = 0;
    for (const uint32_t count : count_) all += count;
    const uint64_t others = all - *most;
    return others * kOthersCost <= *most ? static_cast<ValueId>(most - count_.begin()) : kNotListed;
  }

 private:
  // A dense /24 takes about 16 times what leaving out one address's value saves.
  static constexpr uint64_t kOthersCost = 16;
  std::vector<uint32_t> count_;
};

// What each /24 is, and all of the table but its single addresses.
class MapSink : public Ip4PieceSink {
 public:
  MapSink(Rep& rep, ValueId common) : rep_(rep), common_(common) {
    rep_.map = HugeArray<uint64_t>(Rep::kMapWords);
    rep_.top.assign(65536, 0);
  }

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    rep_.addresses += uint64_t{last} - first + 1;
    uint64_t at = first;
    const uint64_t end = uint64_t{last} + 1;
    while (at < end) {
      if (at % 65536 == 0 && end - at >= 65536) {
        Uniform16(static_cast<uint32_t>(at >> 16), value);
        at += 65536;
        continue;
      }
      const uint64_t next = std::min<uint64_t>(end, (at / 256 + 1) * 256);
      Part(static_cast<uint32_t>(at), static_cast<uint32_t>(next - 1), value);
      at = next;
    }
    return true;
  }

  // All /24s but the first and the last of them are whole here. Of addresses that ascend more than kMaxSingles are in
  // one /24 only if those that many places apart are.
  bool Apart(std::span<const uint32_t> addresses, ValueId value) override {
    size_t from = 0;
    while (from < addresses.size() && addresses[from] >> 8 == addresses[0] >> 8) ++from;
    size_t to = addresses.size();
    while (to > from && addresses[to - 1] >> 8 == addresses.back() >> 8) --to;
    bool few = common_ == kNotListed || value == common_;
    for (size_t i = from; i + kMaxSingles < to; ++i) few &= addresses[i] >> 8 != addresses[i + kMaxSingles] >> 8;
    if (!few) return Ip4PieceSink::Apart(addresses, value);
    Ip4PieceSink::Apart(addresses.first(from), value);
    if (from < to) AllSingles(addresses.subspan(from, to - from), value);
    return Ip4PieceSink::Apart(addresses.subspan(to), value);
  }

  void Finish() {
    FinishSlash24();
    FillCoarse();
    rep_.blocks.shrink_to_fit();
    rep_.dense.shrink_to_fit();
    rep_.dense_values.shrink_to_fit();
  }

  [[nodiscard]] uint64_t singles() const { return singles_; }
  [[nodiscard]] ValueId max_value() const { return max_value_; }

 private:
  void Uniform16(uint32_t slash16, ValueId value) {
    FinishSlash24();
    std::fill_n(&rep_.map[size_t{slash16} * 8], 8, uint64_t{0xaaaaaaaaaaaaaaaa});
    rep_.top[slash16] = Rep::kUniform16 | value;
    Use(slash16);
  }

  // All of it in one /24.
  void Part(uint32_t first, uint32_t last, ValueId value) {
    if (count_ > 0 && first >> 8 != slash24_) FinishSlash24();
    slash24_ = first >> 8;
    for (uint32_t at = first & 255; at <= (last & 255); ++at) {
      listed_[at / 64] |= uint64_t{1} << (at % 64);
      values_[count_++] = value;  // in address order
    }
  }

  // All that is listed in their /24s.
  void AllSingles(std::span<const uint32_t> addresses, ValueId value) {
    FinishSlash24();
    rep_.addresses += addresses.size();
    singles_ += addresses.size();
    max_value_ = std::max(max_value_, value);
    constexpr unsigned kWordBits = 13;  // addresses of a word of the map: 32 times a /24
    for (size_t i = 0; i < addresses.size();) {
      const uint32_t word = addresses[i] >> kWordBits;
      uint64_t kinds = 0;
      for (; i < addresses.size() && addresses[i] >> kWordBits == word; ++i) {
        kinds |= uint64_t{kSingles} << ((addresses[i] >> 8 & 31) * 2);
      }
      rep_.map[word] |= kinds;
      Use(word >> 3);
    }
  }

  void FinishSlash24() {
    if (count_ == 0) return;
    const auto values = std::span(values_).first(count_);
    const bool one_value = std::all_of(values.begin(), values.end(), [&](ValueId v) { return v == values[0]; });
    const bool plain =
        common_ == kNotListed || std::all_of(values.begin(), values.end(), [&](ValueId v) { return v == common_; });
    if (count_ <= kMaxSingles && plain) {
      SetKind(kSingles);
      singles_ += count_;
      max_value_ = std::max(max_value_, *std::max_element(values.begin(), values.end()));
    } else {
      AppendBlock(count_ == 256 && one_value ? values[0] : Rep::kDense | AppendDense(values, one_value));
    }
    Use(slash24_ >> 8);
    count_ = 0;
    std::fill_n(listed_, 4, 0);
  }

  uint32_t AppendDense(std::span<const ValueId> values, bool one_value) {
    Ip4Dense dense;
    std::copy_n(listed_, 4, dense.listed);
    if (one_value) {
      dense.values = Ip4Dense::kOneValue | values[0];
    } else {
      dense.values = static_cast<uint32_t>(rep_.dense_values.size());
      rep_.dense_values.insert(rep_.dense_values.end(), values.begin(), values.end());
    }
    rep_.dense.push_back(dense);
    return static_cast<uint32_t>(rep_.dense.size() - 1);
  }

  void AppendBlock(uint32_t block) {
    const uint32_t slash16 = slash24_ >> 8;
    if (rep_.blocks.empty() || slash16 != last_block16_) rep_.top[slash16] = static_cast<uint32_t>(rep_.blocks.size());
    last_block16_ = slash16;
    rep_.blocks.push_back(block);
    SetKind(kBlock);
  }

  // Each network of the coarse map is kPart whole words of the /24 map.
  void FillCoarse() {
    constexpr size_t kPart = Rep::kMapWords >> Rep::kCoarseLength;
    static_assert(kPart > 0);
    rep_.coarse = HugeArray<uint64_t>(Rep::kCoarseWords);
    for (size_t network = 0; network < Rep::kCoarseWords * 32; ++network) {
      uint64_t kinds = 0;
      for (size_t word = 0; word < kPart; ++word) kinds |= rep_.map[network * kPart + word];
      const Ip4Coarse coarse = (kinds & 0xaaaaaaaaaaaaaaaa) != 0 ? kFurther : kinds != 0 ? kSinglesOnly : kNothingNear;
      rep_.coarse[network / 32] |= uint64_t{coarse} << (network % 32 * 2);
    }
  }

  void SetKind(Ip4Kind kind) { rep_.map[slash24_ >> 5] |= uint64_t{kind} << ((slash24_ & 31) * 2); }

  void Use(uint32_t slash16) {
    rep_.used16.set(slash16);
    rep_.used8.set(slash16 >> 8);
  }

  Rep& rep_;
  const ValueId common_;
  uint32_t slash24_ = 0;
  uint32_t last_block16_ = 0;
  unsigned count_ = 0;  // addresses of slash24_ so far
  uint64_t listed_[4] = {};
  ValueId values_[256];
  uint64_t singles_ = 0;
  ValueId max_value_ = 0;
};

// Gathers the addresses of /24s that the map calls kSingles, permuted.
class PermutedSink : public Ip4PieceSink {
 public:
  PermutedSink(const Rep& rep, AddressPool* pool) : rep_(rep), permuted_(pool) {}

  bool Piece(uint32_t first, uint32_t last, ValueId /*value*/) override {
    // Only its first and its last /24 can be partly listed.
    Part(first, std::min(last, first | 255));
    if (first >> 8 != last >> 8) Part(last & ~255u, last);
    return true;
  }

  bool Apart(std::span<const uint32_t> addresses, ValueId /*value*/) override {
    for (const uint32_t address : addresses) {
      if (rep_.KindOf(address) == kSingles) permuted_.Add(rep_.permute(address));
    }
    return true;
  }

  AddressBlocks& permuted() { return permuted_; }

 private:
  void Part(uint32_t first, uint32_t last) {
    if (rep_.KindOf(first) != kSingles) return;
    for (uint64_t address = first; address <= last; ++address) {
      permuted_.Add(rep_.permute(static_cast<uint32_t>(address)));
    }
  }

  const Rep& rep_;
  AddressBlocks permuted_;
};

// In the order of buckets each line is written while it is in the cache, which is worth the sorting.
void InsertInOrder(AddressBlocks& permuted, ValueId value, Ip4Singles& singles) {
  permuted.Sort(AddressBlocks::Order::kTop20);
  for (const std::span<const uint32_t> chunk : permuted.chunks()) singles.Count(chunk);
  singles.Plan();
  for (const AddressBlocks::Chunk& chunk : permuted.chunks()) {
    singles.Insert(chunk, value);
    permuted.GiveBack(chunk);
  }
}

// The same with values, where sorting would take twice the memory.
class SinglesSink : public Ip4PieceSink {
 public:
  SinglesSink(const Rep& rep, Ip4Singles& singles) : rep_(rep), singles_(singles) {}

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    // Only its first and its last /24 can be partly listed.
    Part(first, std::min(last, first | 255), value);
    if (first >> 8 != last >> 8) Part(last & ~255u, last, value);
    return true;
  }

  // The first pass counts them.
  void Plan() {
    Flush();
    singles_.Plan();
    insert_ = true;
  }
  void Flush() {
    for (size_t i = 0; i < count_; ++i) {
      if (insert_) {
        singles_.Insert(pending_[i].permuted, pending_[i].value);
      } else {
        singles_.Count(pending_[i].permuted);
      }
    }
    count_ = 0;
  }

 private:
  void Part(uint32_t first, uint32_t last, ValueId value) {
    if (rep_.KindOf(first) != kSingles) return;
    for (uint64_t address = first; address <= last; ++address) {
      pending_[count_] = {rep_.permute(static_cast<uint32_t>(address)), value};
      if (insert_) __builtin_prefetch(singles_.LineOf(pending_[count_].permuted), 1, 3);
      if (++count_ == kPending) Flush();
    }
  }

  static constexpr size_t kPending = 64;
  struct Pending {
    uint32_t permuted;
    ValueId value;
  };
  const Rep& rep_;
  Ip4Singles& singles_;
  Pending pending_[kPending];
  size_t count_ = 0;
  bool insert_ = false;
};

}  // namespace

void LayOutIp4(const Ip4Pass& pass, uint32_t values, AddressPool* pool, Rep& rep) {
  SmallSink small(rep);
  pass(small, false);
  if (small.fits()) {
    rep.starts.shrink_to_fit();
    rep.values.shrink_to_fit();
    rep.IndexPieces();
    return;
  }
  rep.starts = std::vector<uint32_t>();
  rep.values = std::vector<ValueId>();
  rep.addresses = 0;
  rep.small = false;

  CountSink count(values);
  if (values > 2) pass(count, false);  // kNotListed and one more: nothing to count
  const ValueId common = values > 2 ? count.Common() : 1;
  MapSink map(rep, common);
  pass(map, false);
  map.Finish();
  rep.singles = Ip4Singles(map.singles(), map.max_value(), common);
  if (common != kNotListed) {
    PermutedSink permuted(rep, pool);
    pass(permuted, true);
    InsertInOrder(permuted.permuted(), common, rep.singles);
  } else {
    SinglesSink singles(rep, rep.singles);
    pass(singles, false);
    singles.Plan();
    pass(singles, true);
    singles.Flush();
  }
  rep.singles.Finish();
}

}  // namespace rblitz
