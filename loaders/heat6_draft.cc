#include "loaders/heat6_draft.h"

#include <algorithm>
#include <cassert>

namespace rblitz {

namespace {

constexpr float kMostScore = 255;
constexpr size_t kFewest = 1 << 16;  // entries that are worth joining before the end

}  // namespace

void Heat6Draft::Add(const Ip6Prefix& network, float value) {
  assert(network.length >= kLeastLength && value > 0);
  constexpr unsigned kLargest = kHeat6Lengths.front();
  const unsigned length = std::clamp<unsigned>(network.length / 8 * 8, kLargest, kHeat6Lengths.back());
  const uint64_t count = network.length < kLargest ? uint64_t{1} << (kLargest - network.length) : 1;
  const uint64_t first = network.address.high & ~HostBits64(length);
  Entries& entries = entries_[Heat6Index(length)];
  for (uint64_t i = 0; i < count; ++i) entries.push_back({first + (i << (64 - length)), value});
  size_t& join_at = join_at_[Heat6Index(length)];
  if (entries.size() < std::max(join_at, kFewest)) return;
  Join(&entries);
  join_at = 2 * entries.size();
}

// One entry a network.
void Heat6Draft::Join(Entries* entries) const {
  std::ranges::sort(*entries, {}, &Entry::prefix);
  size_t kept = 0;
  for (const Entry& entry : *entries) {
    if (kept == 0 || (*entries)[kept - 1].prefix != entry.prefix) {
      (*entries)[kept++] = entry;
      continue;
    }
    float& value = (*entries)[kept - 1].value;
    value = adds_ ? value + entry.value : std::max(value, entry.value);
  }
  entries->resize(kept);
}

void Heat6Draft::Sum() {
  for (size_t i = kHeat6Lengths.size(); i-- > 0;) {
    Join(&entries_[i]);  // with what the smaller ones in it add up to
    if (i == 0) return;
    const uint64_t host = HostBits64(kHeat6Lengths[i - 1]);
    Entries& larger = entries_[i - 1];
    bool is_first = true;
    for (const Entry& entry : entries_[i]) {
      const uint64_t prefix = entry.prefix & ~host;
      if (is_first || larger.back().prefix != prefix) larger.push_back({prefix, 0});
      is_first = false;
      float& value = larger.back().value;
      value = adds_ ? value + entry.value : std::min(value + entry.value, kMostScore);
    }
  }
}

std::vector<float> Heat6Draft::Values() {
  std::vector<float> values;
  for (Entries& entries : entries_) {
    Join(&entries);
    for (const Entry& entry : entries) values.push_back(entry.value);
  }
  return values;
}

Heat6Networks Heat6Draft::Finish(const std::function<uint8_t(float)>& score_of) const {
  Heat6Networks networks;
  for (size_t i = 0; i < kHeat6Lengths.size(); ++i) {
    networks.of_length[i].reserve(entries_[i].size());
    for (const auto& [prefix, value] : entries_[i]) {
      if (const uint8_t score = score_of(value)) networks.of_length[i].push_back({.prefix = prefix, .score = score});
    }
    networks.of_length[i].shrink_to_fit();
  }
  return networks;
}

uint64_t Heat6Draft::bytes() const noexcept {
  uint64_t bytes = 0;
  for (const Entries& entries : entries_) bytes += entries.capacity() * sizeof(Entry);
  return bytes;
}

}  // namespace rblitz
