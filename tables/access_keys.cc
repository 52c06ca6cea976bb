#include "tables/access_keys.h"

#include <algorithm>
#include <utility>

#include "tables/hash.h"

namespace rblitz {

namespace {

constexpr size_t kFewestSlots = 16;

uint64_t HashOf(std::string_view key) noexcept { return Hash64(key.data(), key.size(), ProcessSeed()); }

}  // namespace

const AclDecision* AccessKeys::Find(std::string_view key) const noexcept {
  if (slots_.empty()) return nullptr;
  const size_t mask = slots_.size() - 1;
  for (size_t at = HashOf(key) & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const Entry& entry = entries_[slots_[at] - 1];
    if (entry.key == key) return &entry.decision;
  }
  return nullptr;
}

size_t AccessKeys::bytes() const noexcept {
  size_t bytes = entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(slots_[0]);
  for (const Entry& entry : entries_) {
    const bool is_outside = entry.key.capacity() > std::string().capacity();
    bytes += is_outside ? entry.key.capacity() + 1 : 0;
  }
  return bytes;
}

void AccessKeysBuilder::Grow() {
  std::vector<uint32_t>& slots = keys_.slots_;
  slots.assign(std::max(kFewestSlots, 2 * slots.size()), 0);
  const size_t mask = slots.size() - 1;
  for (size_t i = 0; i < keys_.entries_.size(); ++i) {
    size_t at = HashOf(keys_.entries_[i].key) & mask;
    while (slots[at] != 0) at = (at + 1) & mask;
    slots[at] = static_cast<uint32_t>(i + 1);
  }
}

void AccessKeysBuilder::Add(std::string_view key, AclDecision decision) {
  if (keys_.Find(key) != nullptr) {
    ++duplicates_;
    return;
  }
  if (2 * (keys_.entries_.size() + 1) > keys_.slots_.size()) Grow();
  keys_.entries_.push_back({.key = std::string(key), .decision = decision});
  const size_t mask = keys_.slots_.size() - 1;
  size_t at = HashOf(key) & mask;
  while (keys_.slots_[at] != 0) at = (at + 1) & mask;
  keys_.slots_[at] = static_cast<uint32_t>(keys_.entries_.size());
}

AccessKeys AccessKeysBuilder::Build(const AccessKeys* previous, BuildReport* report) {
  uint64_t kept = 0;
  for (const AccessKeys::Entry& entry : keys_.entries_) {
    kept += previous != nullptr && previous->Find(entry.key) != nullptr;
  }
  report->entries = keys_.entries();
  report->duplicates = duplicates_;
  report->added = keys_.entries() - kept;
  report->removed = previous != nullptr ? previous->entries() - kept : 0;
  return std::move(keys_);
}

}  // namespace rblitz
