#include "tables/name_table.h"

#include <algorithm>
#include <utility>

#include "tables/name_rep.h"

namespace rblitz {

namespace {

using Rep = NameTable::Rep;

// All suffixes that a table with deep entries asks for, hashed when they are.
class DeepName {
 public:
  DeepName(std::span<const uint8_t> name, size_t deepest) noexcept : starts_(name) {
    const LabelKey& key = ProcessLabelKey();
    uint64_t hash = key.root;
    for (size_t suffix = 1; suffix <= std::min<size_t>(starts_.count, deepest); ++suffix) {
      hash = HashLabel(&name[starts_.OfSuffix(suffix)], hash, key);
      hashes_[suffix - 1] = hash;
    }
  }
  [[nodiscard]] size_t count() const noexcept { return starts_.count; }
  [[nodiscard]] uint64_t HashOf(size_t labels) const noexcept { return hashes_[labels - 1]; }
  [[nodiscard]] uint8_t StartOf(size_t labels) const noexcept { return starts_.OfSuffix(labels); }

 private:
  LabelStarts starts_;
  uint64_t hashes_[kMaxLabels];  // NOLINT(cppcoreguidelines-pro-type-member-init): of min(count, deepest) suffixes
};

// What is said of a name, in one word, so that it is chosen without a branch: what is listed is as random as the
// questions. Bits 0 to 31 are the value, then 8 the offset, then one whether something is below.
using Said = uint64_t;
constexpr unsigned kOffsetAt = 32;
constexpr unsigned kBelowAt = 40;

NameMatch MatchOf(Said said) noexcept {
  return {.value = static_cast<ValueId>(said),
          .offset = static_cast<uint8_t>(said >> kOffsetAt),
          .below = (said >> kBelowAt) != 0};
}

// All ones or none.
Said MaskOf(uint32_t flags, uint32_t flag) noexcept { return (flags & flag) != 0 ? ~Said{0} : Said{0}; }

// The node of a name above, whose offset is `start`: the longest one decides, so the last one asked.
Said SaidAbove(const NameNode& node, uint8_t start, Said before) noexcept {
  const Said decides = MaskOf(node.flags, NameNode::kIsWild);
  return ((node.wild | Said{start} << kOffsetAt) & decides) | (before & ~decides);
}

// The node of the very name.
Said SaidOfName(const NameNode& node, Said before) noexcept {
  const Said decides = MaskOf(node.flags, NameNode::kIsExact);
  // Names below one that is excluded may be listed all the same, by an entry for what is below a name above it.
  const bool below = node.below() | (node.is_exact() & !node.is_wild() & (static_cast<ValueId>(before) != kNotListed));
  return (node.exact & decides) | (before & ~decides) | Said{below} << kBelowAt;
}

// The longest suffix above a name that may have an entry for what is below; 0: none has.
size_t LongestAbove(const Rep& rep, size_t count) noexcept {
  const size_t longest = std::min<size_t>(count - 1, rep.longest_wild);
  return longest < rep.shortest_wild ? 0 : longest;
}

// Asks for each suffix that may say something, whatever the others say. REQUIRES: count is not 0.
template <class Hashes>
Said FindOne(const Rep& rep, const Hashes& name, size_t count) noexcept {
  Said said = 0;
  for (size_t suffix = rep.shortest_wild; suffix <= LongestAbove(rep, count); ++suffix) {
    said = SaidAbove(rep.NodeOf(name.HashOf(suffix)), name.StartOf(suffix), said);
  }
  if (count <= rep.deepest) said = SaidOfName(rep.NodeOf(name.HashOf(count)), said);
  return said;
}

// A deep entry, rare as it is, can only match a name as deep.
bool IsDeep(const Rep& rep, const HashedName& name) noexcept {
  return std::min(name.count, rep.deepest) > HashedName::kKept;
}

Said FindName(const Rep& rep, const HashedName& name) noexcept {
  if (IsDeep(rep, name)) [[unlikely]]
    return FindOne(rep, DeepName(name.bytes(), rep.deepest), name.count);
  if (name.count == 0) return Said{rep.any_listed} << kBelowAt;
  return FindOne(rep, name, name.count);
}

// Some names of a batch, with what is asked for of each.
struct Asked {
  void Add(size_t index, uint64_t fingerprint, bool really = true) noexcept {
    indices[count] = static_cast<uint8_t>(index);
    fingerprints[count] = fingerprint;
    count += really;
  }
  void Find(const Rep& rep) noexcept {
    constexpr size_t kCachedNodes = 1024;
    rep.fingerprints.Find({fingerprints, count}, numbers);
    if (rep.nodes.size() <= kCachedNodes) return;
    for (size_t k = 0; k < count; ++k) __builtin_prefetch(&rep.nodes[numbers[k]], 0, 3);
  }

  size_t count = 0;
  // One more, for what is not really added.
  uint8_t indices[kMaxBatch + 1];        // NOLINT(cppcoreguidelines-pro-type-member-init): count of each
  uint64_t fingerprints[kMaxBatch + 1];  // NOLINT(cppcoreguidelines-pro-type-member-init)
  uint32_t numbers[kMaxBatch];           // NOLINT(cppcoreguidelines-pro-type-member-init)
};

// A batch that is asked for suffix by suffix, all names at once, from the shortest one. A table keeps all names above
// those that it keeps: below a suffix that it does not keep, or that has nothing below, nothing is asked for, and no
// line fetched. FindOne says the same.
class Descent {
 public:
  Descent(const Rep& rep, std::span<const HashedName> names) noexcept : rep_(rep), names_(names) {}

  void Run(NameMatch* matches) noexcept {
    Begin();
    for (size_t suffix = rep_.shortest_wild; above_.count != 0; ++suffix) GoOn(suffix);
    exact_.Find(rep_);
    for (size_t k = 0; k < exact_.count; ++k) {
      Said& said = said_[exact_.indices[k]];
      said = SaidOfName(rep_.nodes[exact_.numbers[k]], said);
    }
    for (size_t i = 0; i < names_.size(); ++i) matches[i] = MatchOf(said_[i]);
  }

 private:
  void Begin() noexcept {
    for (size_t i = 0; i < names_.size(); ++i) {
      const HashedName& name = names_[i];
      said_[i] = 0;
      if (name.count == 0 || IsDeep(rep_, name)) [[unlikely]] {
        said_[i] = FindName(rep_, name);
        continue;
      }
      const bool is_above = name.count > rep_.shortest_wild;
      const uint64_t fingerprint = HashIn(name, is_above ? rep_.shortest_wild : name.count);
      above_.Add(i, fingerprint, is_above);
      exact_.Add(i, fingerprint, !is_above & (name.count <= rep_.deepest));
    }
  }

  // What is next is as random as what is listed. Of names that need not be asked for further the line is fetched that
  // is there already: cheaper than a branch.
  void GoOn(size_t suffix) noexcept {
    above_.Find(rep_);
    const size_t count = std::exchange(above_.count, 0);
    for (size_t k = 0; k < count; ++k) {
      const size_t i = above_.indices[k];
      const HashedName& name = names_[i];
      const NameNode& node = rep_.nodes[above_.numbers[k]];
      said_[i] = SaidAbove(node, name.StartOf(suffix), said_[i]);
      const bool is_above = (name.count > suffix + 1) & (suffix < rep_.longest_wild);
      const bool goes_on = node.is_inner() & (is_above | (name.count <= rep_.deepest));
      const size_t next = is_above ? suffix + 1 : name.count;
      const uint64_t fingerprint = HashIn(name, goes_on ? next : suffix);
      rep_.fingerprints.Prefetch(fingerprint);
      above_.Add(i, fingerprint, goes_on & is_above);
      exact_.Add(i, fingerprint, goes_on & !is_above);
    }
  }

  // Some hash or other where there is none, of names that are longer than any in the table.
  static uint64_t HashIn(const HashedName& name, size_t labels) noexcept {
    return name.hashes[(labels - 1) % HashedName::kKept];
  }

  const Rep& rep_;
  const std::span<const HashedName> names_;
  Asked above_;
  Asked exact_;
  Said said_[kMaxBatch];  // NOLINT(cppcoreguidelines-pro-type-member-init): of all names
};

}  // namespace

NameTable::NameTable(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}
NameTable::NameTable(NameTable&&) noexcept = default;
NameTable& NameTable::operator=(NameTable&&) noexcept = default;
NameTable::~NameTable() = default;

void NameTable::Prefetch(std::span<const HashedName> names) const noexcept {
  const Rep& rep = *rep_;
  for (const HashedName& name : names) {
    const size_t first = std::min(name.count, rep.shortest_wild);
    if (first - 1 < std::min<size_t>(rep.deepest, HashedName::kKept)) rep.fingerprints.Prefetch(name.HashOf(first));
  }
}

void NameTable::Find(std::span<const HashedName> names, NameMatch* matches) const noexcept {
  Descent(*rep_, names).Run(matches);
}

NameMatch NameTable::Lookup(std::span<const uint8_t> name) const noexcept {
  const SlackName copy(name);
  HashedName hashed;
  hashed.Assign(copy.bytes());
  return MatchOf(FindName(*rep_, hashed));
}

ExactEntry NameTable::Exact(std::span<const uint8_t> name) const noexcept {
  const SlackName copy(name);
  const DeepName deep(copy.bytes(), kMaxLabels);
  if (deep.count() == 0) return {};
  const NameNode& node = rep_->NodeOf(deep.HashOf(deep.count()));
  return {.present = node.is_exact(), .value = node.exact};
}

uint64_t NameTable::entries() const noexcept { return rep_->entries; }
uint64_t NameTable::names() const noexcept { return rep_->names; }
size_t NameTable::bytes() const noexcept {
  return sizeof(Rep) + rep_->fingerprints.bytes() + rep_->nodes.capacity() * sizeof(NameNode);
}

}  // namespace rblitz
