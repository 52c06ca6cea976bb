#include "tables/ip4_map.h"

#include <algorithm>
#include <bit>

namespace rblitz {

namespace {

using Rep = Ip4Table::Rep;

// A /24 with more listed addresses than this is smaller as a bitmap than as single addresses.
constexpr unsigned kMaxSingles = 16;

constexpr size_t kWordsOf16 = 8;
constexpr uint64_t kAllBlocks = 0xaaaaaaaaaaaaaaaa;

// Each network of the coarse map is kPart whole words of the /24 map.
void FillCoarse(Rep& rep) {
  constexpr size_t kPart = Rep::kMapWords >> Rep::kCoarseLength;
  static_assert(kPart > 0);
  rep.coarse = HugeArray<uint64_t>(Rep::kCoarseWords);
  for (size_t network = 0; network < Rep::kCoarseWords * 32; ++network) {
    uint64_t kinds = 0;
    for (size_t word = 0; word < kPart; ++word) kinds |= rep.map[network * kPart + word];
    const Ip4Coarse coarse = (kinds & kAllBlocks) != 0 ? kFurther : kinds != 0 ? kSinglesOnly : kNothingNear;
    rep.coarse[network / 32] |= uint64_t{coarse} << (network % 32 * 2);
  }
}

void FindUsed(Rep& rep) {
  for (size_t slash16 = 0; slash16 < rep.used16.size(); ++slash16) {
    const std::span words(&rep.map[slash16 * kWordsOf16], kWordsOf16);
    if (std::ranges::all_of(words, [](uint64_t word) { return word == 0; })) continue;
    rep.used16.set(slash16);
    rep.used8.set(slash16 >> 8);
  }
}

// Indices of a part count from where it begins in the whole.
void Append(Ip4MapPart& part, size_t slash8, Rep& rep) {
  const auto blocks = static_cast<uint32_t>(rep.blocks.size());
  const auto dense = static_cast<uint32_t>(rep.dense.size());
  const auto values = static_cast<uint32_t>(rep.dense_values.size());
  for (uint32_t& top : std::span(rep.top).subspan(slash8 << 8, 256)) top += (top & Rep::kUniform16) != 0 ? 0 : blocks;
  for (uint32_t& block : part.blocks) block += (block & Rep::kDense) != 0 ? dense : 0;
  for (Ip4Dense& each : part.dense) each.values += (each.values & Ip4Dense::kOneValue) != 0 ? 0 : values;
  rep.blocks.insert(rep.blocks.end(), part.blocks.begin(), part.blocks.end());
  rep.dense.insert(rep.dense.end(), part.dense.begin(), part.dense.end());
  rep.dense_values.insert(rep.dense_values.end(), part.dense_values.begin(), part.dense_values.end());
  rep.addresses += part.addresses;
}

}  // namespace

bool Ip4MapSink::Piece(uint32_t first, uint32_t last, ValueId value) {
  part_.addresses += uint64_t{last} - first + 1;
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

// All /24s but the first and the last of them are whole here. Of addresses that ascend more than kMaxSingles are in one
// /24 only if those that many places apart are.
bool Ip4MapSink::Apart(std::span<const uint32_t> addresses, ValueId value) {
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

Ip4MapPart Ip4MapSink::Finish() {
  FinishSlash24();
  return std::move(part_);
}

void Ip4MapSink::Uniform16(uint32_t slash16, ValueId value) {
  FinishSlash24();
  std::fill_n(&rep_.map[slash16 * kWordsOf16], kWordsOf16, kAllBlocks);
  rep_.top[slash16] = Rep::kUniform16 | value;
}

void Ip4MapSink::Part(uint32_t first, uint32_t last, ValueId value) {
  if (count_ > 0 && first >> 8 != slash24_) FinishSlash24();
  slash24_ = first >> 8;
  if (last - first == 255) return AppendBlock(value);
  for (uint32_t at = first & 255; at <= (last & 255); ++at) {
    listed_[at / 64] |= uint64_t{1} << (at % 64);
    values_[count_++] = value;  // in address order
  }
}

void Ip4MapSink::AllSingles(std::span<const uint32_t> addresses, ValueId value) {
  FinishSlash24();
  part_.addresses += addresses.size();
  part_.singles += addresses.size();
  part_.max_value = std::max(part_.max_value, value);
  constexpr unsigned kWordBits = 13;  // addresses of a word of the map: 32 times a /24
  for (size_t i = 0; i < addresses.size();) {
    const uint32_t word = addresses[i] >> kWordBits;
    uint64_t kinds = 0;
    for (; i < addresses.size() && addresses[i] >> kWordBits == word; ++i) {
      kinds |= uint64_t{kSingles} << ((addresses[i] >> 8 & 31) * 2);
    }
    rep_.map[word] |= kinds;
  }
  if (permuted_ == nullptr) return;
  for (const uint32_t address : addresses) permuted_->Add(rep_.permute(address));
}

void Ip4MapSink::FinishSlash24() {
  if (count_ == 0) return;
  const auto values = std::span(values_).first(count_);
  const bool one_value = std::all_of(values.begin(), values.end(), [&](ValueId v) { return v == values[0]; });
  const bool plain =
      common_ == kNotListed || std::all_of(values.begin(), values.end(), [&](ValueId v) { return v == common_; });
  if (count_ <= kMaxSingles && plain) {
    SetKind(kSingles);
    part_.singles += count_;
    part_.max_value = std::max(part_.max_value, *std::max_element(values.begin(), values.end()));
    for (unsigned word = 0; permuted_ != nullptr && word < listed_.size(); ++word) {
      for (uint64_t left = listed_[word]; left != 0; left &= left - 1) {
        const auto low = 64 * word + static_cast<unsigned>(std::countr_zero(left));
        permuted_->Add(rep_.permute(slash24_ << 8 | low));
      }
    }
  } else {
    AppendBlock(count_ == 256 && one_value ? values[0] : Rep::kDense | AppendDense(values, one_value));
  }
  count_ = 0;
  listed_.fill(0);
}

uint32_t Ip4MapSink::AppendDense(std::span<const ValueId> values, bool one_value) {
  Ip4Dense dense;
  std::ranges::copy(listed_, dense.listed);
  if (one_value) {
    dense.values = Ip4Dense::kOneValue | values[0];
  } else {
    dense.values = static_cast<uint32_t>(part_.dense_values.size());
    part_.dense_values.insert(part_.dense_values.end(), values.begin(), values.end());
  }
  part_.dense.push_back(dense);
  return static_cast<uint32_t>(part_.dense.size() - 1);
}

void Ip4MapSink::AppendBlock(uint32_t block) {
  const uint32_t slash16 = slash24_ >> 8;
  if (part_.blocks.empty() || slash16 != last_block16_) rep_.top[slash16] = static_cast<uint32_t>(part_.blocks.size());
  last_block16_ = slash16;
  part_.blocks.push_back(block);
  SetKind(kBlock);
}

void JoinIp4Map(std::span<Ip4MapPart> parts, Rep& rep) {
  const auto reserve = [&]<class T>(std::vector<T> Ip4MapPart::*from, std::vector<T>& to) {
    size_t size = 0;
    for (const Ip4MapPart& part : parts) size += (part.*from).size();
    to.reserve(size);
  };
  reserve(&Ip4MapPart::blocks, rep.blocks);
  reserve(&Ip4MapPart::dense, rep.dense);
  reserve(&Ip4MapPart::dense_values, rep.dense_values);
  for (size_t slash8 = 0; slash8 < parts.size(); ++slash8) {
    Append(parts[slash8], slash8, rep);
    parts[slash8] = {};
  }
  FillCoarse(rep);
  FindUsed(rep);
}

}  // namespace rblitz
