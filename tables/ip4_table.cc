#include "tables/ip4_table.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "tables/ip4_kernels.h"
#include "tables/ip4_rep.h"

namespace rblitz {

namespace {

// The high bit of each two-bit code in a map word: set for kBlock only.
constexpr uint64_t kBlockBits = 0xaaaaaaaaaaaaaaaa;

}  // namespace

ValueId Ip4Table::Rep::ValueInBlock(uint32_t address) const noexcept {
  const uint32_t first = top[address >> 16];
  if ((first & kUniform16) != 0) return first & ~kUniform16;
  // The rank of this /24 among the blocks of its /16, whose codes share one cache line.
  const uint64_t* line = &map[size_t{address >> 16} * 8];
  const unsigned word = address >> 13 & 7;
  const uint64_t below = (uint64_t{1} << ((address >> 8 & 31) * 2)) - 1;
  auto rank = static_cast<uint32_t>(std::popcount(line[word] & kBlockBits & below));
  for (unsigned w = 0; w < word; ++w) rank += static_cast<uint32_t>(std::popcount(line[w] & kBlockBits));
  const uint32_t block = blocks[first + rank];
  if ((block & kDense) == 0) return block;

  const Ip4Dense& in = dense[block & ~kDense];
  const unsigned bit = address & 63;
  const unsigned at = address >> 6 & 3;
  if ((in.listed[at] >> bit & 1) == 0) return kNotListed;
  if ((in.values & Ip4Dense::kOneValue) != 0) return in.values & ~Ip4Dense::kOneValue;
  auto value = static_cast<uint32_t>(std::popcount(in.listed[at] & ((uint64_t{1} << bit) - 1)));
  for (unsigned w = 0; w < at; ++w) value += static_cast<uint32_t>(std::popcount(in.listed[w]));
  return dense_values[in.values + value];
}

// Blocks of addresses, half as many as pieces at least. However they are spread, a block's candidates reach to the last
// piece that begins in it; where that would be behind the last of all, they begin earlier.
void Ip4Table::Rep::IndexPieces() {
  const auto bits = std::max(1u, static_cast<unsigned>(std::bit_width(starts.size())) - 1);
  firsts_shift = 32 - bits;
  std::vector<size_t> behind(size_t{1} << bits);  // the first piece that begins after the block
  size_t piece = 0;
  for (size_t block = 0; block < behind.size(); ++block) {
    while (piece < starts.size() && starts[piece] >> firsts_shift <= block) ++piece;
    behind[block] = piece;
  }
  const auto first_of = [&](size_t block) {
    const size_t begin = block == 0 ? 0 : behind[block - 1];
    const auto address = static_cast<uint32_t>(block << firsts_shift);
    return begin < starts.size() && starts[begin] == address ? begin : begin - 1;
  };
  for (size_t block = 0; block < behind.size(); ++block) {
    candidates = std::max(candidates, behind[block] - first_of(block));
  }
  firsts.resize(behind.size());
  for (size_t block = 0; block < behind.size(); ++block) {
    firsts[block] = static_cast<uint32_t>(std::min(first_of(block), starts.size() - candidates));
  }
}

// The last start that is not above the address, of kCount addresses side by side: their reads do not wait for each
// other, and there is no branch that half of all addresses take.
template <size_t kCount>
inline void Ip4Table::Rep::PiecesOf(const uint32_t* wanted, size_t* pieces) const noexcept {
  size_t base[kCount];
  for (size_t k = 0; k < kCount; ++k) base[k] = firsts[wanted[k] >> firsts_shift];
  for (size_t n = candidates; n > 1; n -= n / 2) {
    for (size_t k = 0; k < kCount; ++k) {
      const auto is_below = static_cast<size_t>(starts[base[k] + n / 2] <= wanted[k]);
      base[k] += n / 2 & (0 - is_below);
    }
  }
  std::copy_n(base, kCount, pieces);
}

size_t Ip4Table::Rep::PieceOf(uint32_t address) const noexcept {
  size_t piece = 0;
  PiecesOf<1>(&address, &piece);
  return piece;
}

Ip4Table::Ip4Table(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}
Ip4Table::Ip4Table(Ip4Table&&) noexcept = default;
Ip4Table& Ip4Table::operator=(Ip4Table&&) noexcept = default;
Ip4Table::~Ip4Table() = default;

void Ip4Table::Sort(std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) const noexcept {
  cursor.singles = 0;
  cursor.furthers = 0;
  if (rep_->small) {
    std::fill_n(cursor.lines, addresses.size(), Ip4Singles::kNowhere);
    rep_->SortSmall(addresses, values);
  } else {
    std::fill_n(values, addresses.size(), kNotListed);
    rep_->SortLarge(addresses, cursor);
  }
}

void Ip4Table::Rep::SortSmall(std::span<const uint32_t> batch, ValueId* found) const noexcept {
  constexpr size_t kTogether = 4;
  size_t pieces[kTogether];
  size_t i = 0;
  for (; i + kTogether <= batch.size(); i += kTogether) {
    PiecesOf<kTogether>(&batch[i], pieces);
    for (size_t k = 0; k < kTogether; ++k) found[i + k] = values[pieces[k]];
  }
  for (; i < batch.size(); ++i) found[i] = values[PieceOf(batch[i])];
}

inline void Ip4Table::Rep::SortLargeOne(uint32_t address, size_t i, Ip4Cursor& cursor) const noexcept {
  static_assert(kSinglesOnly == 1 && kFurther == 2);
  const uint64_t is = CoarseOf(address);
  cursor.permuted[i] = permute(address);
  cursor.lines[i] = (is & 1) != 0 ? singles.LineOf(cursor.permuted[i]) : Ip4Singles::kNowhere;
  cursor.singles |= (is & 1) << i;
  cursor.furthers |= (is >> 1) << i;
}

void Ip4Table::Rep::SortLarge(std::span<const uint32_t> batch, Ip4Cursor& cursor) const noexcept {
  size_t i = 0;
  if (const Ip4Kernel* const kernel = BestIp4Kernel(); kernel != nullptr) {
    i = batch.size() / kIp4KernelStep * kIp4KernelStep;
    const Ip4Choice choice = {.seeds = {permute.first(), permute.second()},
                              .buckets = singles.buckets(),
                              .coarse_shift = 32 - kCoarseLength,
                              .lines = singles.lines(),
                              .nowhere = Ip4Singles::kNowhere,
                              .coarse = coarse.data()};
    kernel->choose(choice, batch.data(), i, cursor.permuted, cursor.lines, &cursor.singles, &cursor.furthers);
  }
  for (; i < batch.size(); ++i) SortLargeOne(batch[i], i, cursor);
  for (uint64_t rest = cursor.furthers; rest != 0; rest &= rest - 1) {
    __builtin_prefetch(&map[batch[static_cast<size_t>(std::countr_zero(rest))] >> 13], 0, 3);
  }
}

inline void Ip4Table::Rep::LocateOne(uint32_t address, size_t i, Ip4Cursor& cursor, ValueId* found) const noexcept {
  const Ip4Kind kind = KindOf(address);
  if (kind == kBlock) {
    found[i] = ValueInBlock(address);
  } else if (kind == kSingles) {
    cursor.lines[i] = singles.LineOf(cursor.permuted[i]);
    __builtin_prefetch(cursor.lines[i], 0, 3);
    cursor.singles |= uint64_t{1} << i;
  }
}

void Ip4Table::Locate(std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) const noexcept {
  const Rep& rep = *rep_;
  for (uint64_t rest = cursor.furthers; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(rest));
    rep.LocateOne(addresses[i], i, cursor, values);
  }
}

void Ip4Table::Find(std::span<const uint32_t> addresses, const Ip4Cursor& cursor, ValueId* values) const noexcept {
  FindBehind(cursor, FindInLines(addresses, cursor, values), values);
}

uint64_t Ip4Table::FindInLines(std::span<const uint32_t> addresses, const Ip4Cursor& cursor,
                               ValueId* values) const noexcept {
  if (cursor.singles == 0) return 0;
  return rep_->singles.FindInLines(cursor.permuted, cursor.lines, addresses.size(), cursor.singles, values, nullptr);
}

void Ip4Table::FindBehind(const Ip4Cursor& cursor, uint64_t which, ValueId* values) const noexcept {
  if (which != 0) rep_->singles.FindBehind(cursor.permuted, which, values);
}

void Ip4Table::SortEach(Each tables, std::span<const uint32_t> addresses, Ip4Cursor& cursor, ValueId* values) noexcept {
  cursor.singles = 0;
  cursor.furthers = 0;
  // The first thing that is read of each table, before any of them is waited for.
  for (size_t i = 0; i < tables.size(); ++i) {
    const Rep& rep = *tables[i]->rep_;
    const void* const at = rep.small ? static_cast<const void*>(&rep.firsts[addresses[i] >> rep.firsts_shift])
                                     : &rep.coarse[Rep::CoarseWordOf(addresses[i])];
    __builtin_prefetch(at, 0, 3);
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    const Rep& rep = *tables[i]->rep_;
    if (rep.small) {
      cursor.permuted[i] = 0;
      cursor.lines[i] = Ip4Singles::kNowhere;
      values[i] = rep.values[rep.PieceOf(addresses[i])];
      continue;
    }
    values[i] = kNotListed;
    rep.SortLargeOne(addresses[i], i, cursor);
    __builtin_prefetch(cursor.lines[i], 0, 3);
  }
  for (uint64_t rest = cursor.furthers; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(rest));
    __builtin_prefetch(&tables[i]->rep_->map[addresses[i] >> 13], 0, 3);
  }
}

void Ip4Table::LocateEach(Each tables, std::span<const uint32_t> addresses, Ip4Cursor& cursor,
                          ValueId* values) noexcept {
  for (uint64_t rest = cursor.furthers; rest != 0; rest &= rest - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(rest));
    tables[i]->rep_->LocateOne(addresses[i], i, cursor, values);
  }
}

void Ip4Table::FindEach(Each tables, const Ip4Cursor& cursor, ValueId* values) noexcept {
  uint64_t gone_on = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    const Ip4Singles::Seen seen = tables[i]->rep_->singles.See(cursor.permuted[i], cursor.lines[i]);
    const ValueId asked = 0u - static_cast<ValueId>(cursor.singles >> i & 1);  // all ones or none
    values[i] = (seen.value & asked) | (values[i] & ~asked);
    gone_on |= uint64_t{seen.may_have_gone_on} << i;
  }
  for (gone_on &= cursor.singles; gone_on != 0; gone_on &= gone_on - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(gone_on));
    values[i] = tables[i]->rep_->singles.Further(cursor.permuted[i]);
  }
}

void Ip4Table::LookupBatch(std::span<const uint32_t> addresses, ValueId* values) const noexcept {
  uint32_t permuted[kMaxBatch];
  const uint8_t* lines[kMaxBatch];
  Ip4Cursor cursor{.permuted = permuted, .lines = lines};
  Sort(addresses, cursor, values);
  for (const uint8_t* const line : std::span(lines).first(addresses.size())) __builtin_prefetch(line, 0, 3);
  Locate(addresses, cursor, values);
  Find(addresses, cursor, values);
}

namespace {

// What is known of a batch while another one is compared.
struct Batch {
  std::span<const uint32_t> addresses;
  ValueId* values;
  uint32_t permuted[kMaxBatch];
  const uint8_t* lines[kMaxBatch];
  Ip4Cursor cursor{.permuted = permuted, .lines = lines};
};

}  // namespace

void Ip4Table::LookupMany(std::span<const uint32_t> addresses, ValueId* values) const noexcept {
  if (rep_->small) return rep_->SortSmall(addresses, values);
  Batch batches[2];
  Batch* now = &batches[0];
  Batch* next = &batches[1];
  const auto sort_first = [&](Batch& batch) {
    batch.addresses = addresses.first(std::min(addresses.size(), kMaxBatch));
    batch.values = values;
    Sort(batch.addresses, batch.cursor, values);
    std::fill(batch.lines + batch.addresses.size(), std::end(batch.lines), Ip4Singles::kNowhere);
    addresses = addresses.subspan(batch.addresses.size());
    values += batch.addresses.size();
  };
  sort_first(*now);
  for (const uint8_t* const line : now->lines) __builtin_prefetch(line, 0, 3);
  Locate(now->addresses, now->cursor, now->values);
  while (!addresses.empty()) {
    sort_first(*next);
    const uint64_t behind =
        rep_->singles.FindInLines(now->permuted, now->lines, kMaxBatch, now->cursor.singles, now->values, next->lines);
    Locate(next->addresses, next->cursor, next->values);
    FindBehind(now->cursor, behind, now->values);
    std::swap(now, next);
  }
  Find(now->addresses, now->cursor, now->values);
}

ValueId Ip4Table::Lookup(uint32_t address) const noexcept {
  ValueId value = kNotListed;
  LookupBatch({&address, 1}, &value);
  return value;
}

Ip4Match Ip4Table::Match(uint32_t address) const noexcept {
  const ValueId value = Lookup(address);
  if (value == kNotListed) return {};
  return {.value = value, .length = static_cast<uint8_t>(rep_->lengths.Of(address))};
}

bool Ip4Table::AnyBelow(uint32_t prefix, unsigned length) const noexcept {
  const Rep& rep = *rep_;
  if (length == 8) return rep.used8[prefix >> 24];
  if (!rep.small) return length == 16 ? rep.used16[prefix >> 16] : rep.KindOf(prefix) != kNothing;
  const uint32_t last = prefix | (~uint32_t{0} >> length);
  for (size_t piece = rep.PieceOf(prefix); piece < rep.starts.size() && rep.starts[piece] <= last; ++piece) {
    if (rep.values[piece] != kNotListed) return true;
  }
  return false;
}

uint64_t Ip4Table::entries() const noexcept { return rep_->entries; }
uint64_t Ip4Table::addresses() const noexcept { return rep_->addresses; }

size_t Ip4Table::bytes() const noexcept {
  const Rep& rep = *rep_;
  const auto held = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return sizeof(Rep) + held(rep.starts) + held(rep.values) + held(rep.firsts) + rep.coarse.bytes() + rep.map.bytes() +
         held(rep.top) + held(rep.blocks) + held(rep.dense) + held(rep.dense_values) + rep.singles.bytes() +
         held(rep.hidden_keys) + rep.lengths.bytes();
}

}  // namespace rblitz
