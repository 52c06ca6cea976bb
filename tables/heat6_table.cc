#include "tables/heat6_table.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "tables/hash.h"

namespace rblitz {

namespace {

using One = Heat6Networks::One;

// Those of one length from all sources, each network once.
std::vector<One> Joined(std::span<const Heat6Networks* const> sources, size_t index, HeatJoin join) {
  std::vector<One> all;
  for (const Heat6Networks* source : sources) {
    const std::vector<One>& given = source->of_length[index];
    all.insert(all.end(), given.begin(), given.end());
  }
  if (sources.size() < 2) return all;
  std::ranges::stable_sort(all, {}, &One::prefix);
  size_t kept = 0;
  for (const One& one : all) {
    if (kept == 0 || all[kept - 1].prefix != one.prefix) {
      all[kept++] = one;
      continue;
    }
    uint8_t& score = all[kept - 1].score;
    score = join == HeatJoin::kMax ? std::max(score, one.score)
                                   : static_cast<uint8_t>(std::min(255, int{score} + int{one.score}));
  }
  all.resize(kept);
  return all;
}

constexpr uint64_t PrefixOf(const Ip6Address& address, unsigned length) noexcept {
  return address.high & ~HostBits64(length);
}

}  // namespace

uint64_t Heat6Networks::count() const noexcept {
  uint64_t count = 0;
  for (const auto& networks : of_length) count += networks.size();
  return count;
}

size_t Heat6Networks::bytes() const noexcept {
  size_t bytes = 0;
  for (const auto& networks : of_length) bytes += networks.capacity() * sizeof(One);
  return bytes;
}

HeatChange CompareHeat(const Heat6Networks& before, const Heat6Networks& after) {
  HeatChange change;
  for (size_t i = 0; i < kHeat6Lengths.size(); ++i) {
    const std::vector<One>& was = before.of_length[i];
    const std::vector<One>& is = after.of_length[i];
    uint64_t same = 0;
    for (size_t a = 0, b = 0; a < was.size() && b < is.size();) {
      const bool is_same = was[a].prefix == is[b].prefix;
      same += is_same;
      change.changed += is_same && was[a].score != is[b].score;
      const bool is_before = was[a].prefix < is[b].prefix;
      a += is_same || is_before;
      b += !is_before;
    }
    change.added += is.size() - same;
    change.removed += was.size() - same;
  }
  return change;
}

Heat6Table Heat6Table::Build(std::span<const Heat6Networks* const> sources, HeatJoin join) {
  Heat6Table table;
  for (size_t i = 0; i < kHeat6Lengths.size(); ++i) {
    const std::vector<One> networks = Joined(sources, i, join);
    if (networks.empty()) continue;
    Slots& slots = table.slots_[i];
    slots.resize(std::bit_ceil(2 * networks.size()));
    for (const One& network : networks) {
      assert(network.score > 0);
      size_t at = SlotOf(slots, network.prefix, kHeat6Lengths[i]);
      while (slots[at].score != 0) at = (at + 1) & (slots.size() - 1);
      slots[at] = network;
    }
  }
  return table;
}

// The process's seed: who chooses the networks of a feed cannot make them collide.
size_t Heat6Table::SlotOf(const Slots& slots, uint64_t prefix, unsigned length) noexcept {
  return Hash64(prefix, length, ProcessSeed()) & (slots.size() - 1);
}

uint8_t Heat6Table::Score(const Ip6Address& address, unsigned length) const noexcept {
  assert(IsHeat6Length(length));
  const Slots& slots = slots_[Heat6Index(length)];
  if (slots.empty()) return 0;
  const uint64_t prefix = PrefixOf(address, length);
  size_t at = SlotOf(slots, prefix, length);
  while (slots[at].score != 0 && slots[at].prefix != prefix) at = (at + 1) & (slots.size() - 1);
  return slots[at].score;
}

HeatHit Heat6Table::Lookup(const Ip6Address& address, std::span<const uint8_t> lengths, uint8_t least) const noexcept {
  for (const uint8_t length : lengths) {
    const uint8_t score = Score(address, length);
    if (score >= least) return {.length = length, .score = score};
  }
  return {};
}

void Heat6Table::Prefetch(const Ip6Address& address, std::span<const uint8_t> lengths) const noexcept {
  for (const uint8_t length : lengths) {
    const Slots& slots = slots_[Heat6Index(length)];
    if (!slots.empty()) __builtin_prefetch(&slots[SlotOf(slots, PrefixOf(address, length), length)]);
  }
}

bool Heat6Table::empty() const noexcept {
  return std::ranges::all_of(slots_, [](const Slots& slots) { return slots.empty(); });
}

size_t Heat6Table::bytes() const noexcept {
  size_t bytes = 0;
  for (const Slots& slots : slots_) bytes += slots.capacity() * sizeof(One);
  return bytes;
}

}  // namespace rblitz
