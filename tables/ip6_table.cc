#include "tables/ip6_table.h"

#include <cassert>

#include "tables/ip6_rep.h"

namespace rblitz {

// The last piece that does not begin above the address.
Ip6Decision Ip6Table::Rep::DecisionIn(const Ip6Inner* pieces, uint64_t low) noexcept {
  size_t at = 0;
  for (size_t n = pieces[0].first_or_count; n > 1; n -= n / 2) {
    const auto not_above = static_cast<size_t>(pieces[at + n / 2].first_or_count <= low);
    at += n / 2 & (0 - not_above);
  }
  return pieces[at].decision;
}

Ip6Table::Ip6Table(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}
Ip6Table::Ip6Table(Ip6Table&&) noexcept = default;
Ip6Table& Ip6Table::operator=(Ip6Table&&) noexcept = default;
Ip6Table::~Ip6Table() = default;

void Ip6Table::Prefetch(const Ip6Address& address) const noexcept { rep_->units.Prefetch(rep_->permute(address.high)); }

void Ip6Table::Locate(std::span<const Ip6Address> addresses, Ip6Cursor& cursor) const noexcept {
  const Rep& rep = *rep_;
  for (size_t i = 0; i < addresses.size(); ++i) {
    cursor.permuted[i] = rep.permute(addresses[i].high);
    rep.units.Prefetch(cursor.permuted[i]);
  }
}

// What comes next cannot be predicted: each list is appended to always, and grows when the address belongs to it.
void Ip6Table::Find(std::span<const Ip6Address> addresses, const Ip6Cursor& cursor, ValueId* values) const noexcept {
  assert(addresses.size() <= kMaxBatch);
  if (addresses.empty()) return;
  const Rep& rep = *rep_;
  uint32_t codes[kMaxBatch];
  uint8_t inner[kMaxBatch];
  uint8_t outer[kMaxBatch];
  uint64_t outer_keys[kMaxBatch];
  size_t inners = 0;
  size_t outers = 0;
  rep.units.Find(cursor.permuted, addresses.size(), codes);
  for (size_t i = 0; i < addresses.size(); ++i) {
    const uint32_t code = codes[i];
    values[i] = code - static_cast<uint32_t>(code != 0);
    inner[inners] = static_cast<uint8_t>(i);
    inners += rep.IsInner(code);
    outer[outers] = static_cast<uint8_t>(i);
    outer_keys[outers] = addresses[i].high;
    outers += code == 0;
  }
  for (size_t k = 0; k < inners; ++k) {
    const Ip6Inner* pieces = rep.InnerOf(codes[inner[k]]);
    __builtin_prefetch(pieces, 0, 3);
    __builtin_prefetch(pieces + 2, 0,
                       3);  // three pieces, the most frequent case, may begin on one line and end on the next
  }
  if (outers > 0 && !rep.ranges.empty()) rep.ranges.Find(outer_keys, outer, outers, values);
  for (size_t k = 0; k < inners; ++k) {
    const uint8_t i = inner[k];
    values[i] = Rep::DecisionIn(rep.InnerOf(codes[i]), addresses[i].low).value;
  }
}

void Ip6Table::LookupBatch(std::span<const Ip6Address> addresses, ValueId* values) const noexcept {
  uint64_t permuted[kMaxBatch];
  Ip6Cursor cursor{.permuted = permuted};
  Locate(addresses, cursor);
  Find(addresses, cursor, values);
}

ValueId Ip6Table::Lookup(const Ip6Address& address) const noexcept {
  ValueId value = kNotListed;
  LookupBatch({&address, 1}, &value);
  return value;
}

Ip6Match Ip6Table::Match(const Ip6Address& address) const noexcept {
  const Rep& rep = *rep_;
  const uint64_t permuted = rep.permute(address.high);
  uint32_t code = 0;
  rep.units.Find(&permuted, 1, &code);
  Ip6Decision decision{.value = code - 1, .length = 64};
  if (code == 0) decision = rep.ranges.Find(address.high);
  if (rep.IsInner(code)) decision = Rep::DecisionIn(rep.InnerOf(code), address.low);
  if (decision.value == kNotListed) return {};
  return {.value = decision.value, .length = decision.length};
}

uint64_t Ip6Table::entries() const noexcept { return rep_->entries; }

size_t Ip6Table::bytes() const noexcept {
  const Rep& rep = *rep_;
  return sizeof(Rep) + rep.units.bytes() + rep.inner.bytes() + rep.ranges.bytes() +
         rep.hidden_keys.capacity() * sizeof(uint64_t);
}

}  // namespace rblitz
