#include "tables/name_table.h"

#include <algorithm>

#include "tables/name_rep.h"

namespace rblitz {

namespace {

using Rep = NameTable::Rep;

// All suffixes that a table with deep entries asks for, hashed when they are.
class DeepName {
 public:
  DeepName(std::span<const uint8_t> name, size_t deepest) noexcept : starts_(name) {
    uint64_t hash = ProcessSeed();
    for (size_t suffix = 1; suffix <= std::min<size_t>(starts_.count, deepest); ++suffix) {
      hash = HashLabel(&name[starts_.OfSuffix(suffix)], hash);
      hashes_[suffix - 1] = hash;
    }
  }
  [[nodiscard]] uint64_t HashOf(size_t labels) const noexcept { return hashes_[labels - 1]; }
  [[nodiscard]] uint8_t StartOf(size_t labels) const noexcept { return starts_.OfSuffix(labels); }

 private:
  LabelStarts starts_;
  uint64_t hashes_[kMaxLabels];  // NOLINT(cppcoreguidelines-pro-type-member-init): of min(count, deepest) suffixes
};

// What the entries for names below a suffix of the name say: the longest one decides. Which of them are there is as
// random as the questions, so all are looked at.
template <class Hashes>
NameMatch FindWild(const Rep& rep, const Hashes& name, size_t count) noexcept {
  NameMatch match;
  const size_t longest = std::min<size_t>(count - 1, rep.longest_wild);
  for (size_t suffix = rep.shortest_wild; suffix <= longest; ++suffix) {
    const NameNode& node = rep.NodeOf(name.HashOf(suffix));
    const uint32_t decides = 0u - static_cast<uint32_t>(node.is_wild());  // all ones or none
    match.value = (node.wild & decides) | (match.value & ~decides);
    match.offset = static_cast<uint8_t>((name.StartOf(suffix) & decides) | (match.offset & ~decides));
  }
  return match;
}

template <class Hashes>
NameMatch FindOne(const Rep& rep, const Hashes& name, size_t count) noexcept {
  NameMatch match = FindWild(rep, name, count);
  if (count > rep.deepest) return match;
  const NameNode& node = rep.NodeOf(name.HashOf(count));
  // Names below one that is excluded may be listed all the same, by an entry for what is below a name above it.
  match.below = node.below() | (node.is_exact() & !node.is_wild() & (match.value != kNotListed));
  const uint32_t decides = 0u - static_cast<uint32_t>(node.is_exact());
  match.value = (node.exact & decides) | (match.value & ~decides);
  match.offset &= static_cast<uint8_t>(~decides);
  return match;
}

NameMatch FindName(const Rep& rep, const HashedName& name) noexcept {
  // A deep entry, rare as it is, can only match a name as deep.
  if (std::min(name.count, rep.deepest) > HashedName::kKept) [[unlikely]]
    return FindOne(rep, DeepName(name.bytes(), rep.deepest), name.count);
  if (name.count == 0) return {.below = rep.any_listed};
  return FindOne(rep, name, name.count);
}

}  // namespace

NameTable::NameTable(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}
NameTable::NameTable(NameTable&&) noexcept = default;
NameTable& NameTable::operator=(NameTable&&) noexcept = default;
NameTable::~NameTable() = default;

void NameTable::Prefetch(std::span<const HashedName> names) const noexcept {
  const Rep& rep = *rep_;
  for (const HashedName& name : names) {
    const size_t kept = std::min<size_t>(name.count, HashedName::kKept);
    if (kept == 0) continue;
    if (kept <= rep.deepest) rep.fingerprints.Prefetch(name.HashOf(kept));
    for (size_t suffix = std::min<size_t>(kept - 1, rep.longest_wild); suffix >= rep.shortest_wild; --suffix) {
      rep.fingerprints.Prefetch(name.HashOf(suffix));
    }
  }
}

void NameTable::Find(std::span<const HashedName> names, NameMatch* matches) const noexcept {
  for (size_t i = 0; i < names.size(); ++i) matches[i] = FindName(*rep_, names[i]);
}

NameMatch NameTable::Lookup(std::span<const uint8_t> name) const noexcept {
  HashedName hashed;
  hashed.Assign(name);
  return FindName(*rep_, hashed);
}

ExactEntry NameTable::Exact(std::span<const uint8_t> name) const noexcept {
  const LabelStarts starts(name);
  if (starts.count == 0) return {};
  uint64_t hash = ProcessSeed();
  for (size_t suffix = 1; suffix <= starts.count; ++suffix) hash = HashLabel(&name[starts.OfSuffix(suffix)], hash);
  const NameNode& node = rep_->NodeOf(hash);
  return {.present = node.is_exact(), .value = node.exact};
}

uint64_t NameTable::entries() const noexcept { return rep_->entries; }
uint64_t NameTable::names() const noexcept { return rep_->names; }
size_t NameTable::bytes() const noexcept {
  return sizeof(Rep) + rep_->fingerprints.bytes() + rep_->nodes.capacity() * sizeof(NameNode);
}

}  // namespace rblitz
