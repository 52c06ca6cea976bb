#include "tables/name_builder.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "tables/hash.h"
#include "tables/ip4_paint.h"
#include "tables/name_rep.h"
#include "tables/radix_sort.h"

namespace rblitz {

namespace {

// Numbers for the different nodes of a table.
class NodeNumbers {
 public:
  explicit NodeNumbers(std::vector<NameNode>* nodes) : nodes_(nodes), slots_(64) {}

  uint32_t Of(const NameNode& node) {
    if (2 * nodes_->size() > slots_.size()) Grow();
    uint32_t& slot = slots_[SlotOf(node)];
    if (slot == 0) {
      slot = static_cast<uint32_t>(nodes_->size());
      nodes_->push_back(node);
    }
    return slot;
  }

 private:
  // Where the node's number is, or belongs. Number 0 is no node's.
  [[nodiscard]] size_t SlotOf(const NameNode& node) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = Hash64(&node, sizeof node, ProcessSeed()) & mask;
    while (slots_[slot] != 0 && (*nodes_)[slots_[slot]] != node) slot = (slot + 1) & mask;
    return slot;
  }
  void Grow() {
    slots_.assign(2 * slots_.size(), 0);
    for (uint32_t number = 1; number < nodes_->size(); ++number) slots_[SlotOf((*nodes_)[number])] = number;
  }

  std::vector<NameNode>* const nodes_;
  std::vector<uint32_t> slots_;  // open addressing, a power of two, at most half full
};
static_assert(sizeof(NameNode) == 3 * sizeof(uint32_t), "hashed as bytes");

// The entries of one name, made one node.
class NodeOfEntries {
 public:
  explicit NodeOfEntries(Verdicts* verdicts) : uniter_(Precedence::kPieces, verdicts) {}

  void Add(NameForm form, ValueId value) {
    flags_ |= 1u << static_cast<unsigned>(form);
    if (form != NameForm::kBelow) exact_.push_back(value);
    if (form != NameForm::kExact) wild_.push_back(value);
  }
  void AddAboveExcluded() { flags_ |= NameNode::kInner; }
  // The node; nothing is left of the entries. `below`: it is above a name that is listed.
  [[nodiscard]] NameNode Take(bool below) {
    NameNode node{.exact = Unite(exact_), .wild = Unite(wild_), .flags = std::exchange(flags_, 0)};
    if (below) node.flags |= NameNode::kInner;
    if (!exact_.empty()) node.flags |= NameNode::kIsExact;
    if (!wild_.empty()) node.flags |= NameNode::kIsWild;
    if (below || node.wild != kNotListed) node.flags |= NameNode::kBelow;
    exact_.clear();
    wild_.clear();
    return node;
  }

 private:
  ValueId Unite(std::vector<ValueId>& values) { return values.empty() ? kNotListed : uniter_.Unite(values); }

  Ip4Uniter uniter_;  // ip4set's way with several values of one address is dnset's with those of one name
  std::vector<ValueId> exact_;
  std::vector<ValueId> wild_;
  uint32_t flags_ = 0;
};

}  // namespace

void NameBuilder::Add(std::span<const uint8_t> name, NameForm form, ValueId value) {
  const SlackName copy(name);
  const LabelStarts starts(copy.bytes());
  assert(starts.count > 0);
  uint64_t suffixes[kMaxLabels];
  const LabelKey& key = ProcessLabelKey();
  uint64_t hash = key.root;
  for (size_t suffix = 1; suffix <= starts.count; ++suffix) {
    hash = HashLabel(&copy.bytes()[starts.OfSuffix(suffix)], hash, key);
    suffixes[suffix - 1] = hash;
  }
  entries_.push_back(Entry::Of(hash, value * kForms + static_cast<uint32_t>(form)));
  deepest_ = std::max(deepest_, starts.count);
  if (form != NameForm::kExact) {
    shortest_wild_ = std::min(shortest_wild_, starts.count);
    longest_wild_ = std::max(longest_wild_, starts.count);
  }
  any_listed_ |= value != kNotListed;
  AddAbove({suffixes, starts.count - size_t{1}}, value == kNotListed);
}

// A name that is kept has those above it kept already.
void NameBuilder::AddAbove(std::span<const uint64_t> suffixes, bool excluded) {
  if (recent_.empty()) recent_.resize(kRecent);
  for (size_t i = suffixes.size(); i-- > 0;) {
    const uint64_t key = excluded ? ~suffixes[i] : suffixes[i];
    uint64_t& recent = recent_[key % kRecent];
    if (recent == key) return;
    recent = key;
    if (excluded) {
      entries_.push_back(Entry::Of(suffixes[i], kAboveExcluded));
      ++above_excluded_;
    } else {
      above_.push_back(suffixes[i]);
    }
  }
}

void NameBuilder::Sort() {
  recent_ = std::vector<uint64_t>();
  RadixSort(std::span(entries_), 56);
  RadixSort(std::span(above_));
  above_.erase(std::unique(above_.begin(), above_.end()), above_.end());
}

// Leaves each name of an entry once, with the number of its node, and above_ without those names.
void NameBuilder::Settle(NameTable::Rep* table) {
  NodeNumbers numbers(&table->nodes);
  NodeOfEntries node_of_entries(verdicts_);
  size_t settled = 0;
  size_t kept_above = 0;
  size_t next_above = 0;
  for (size_t i = 0; i < entries_.size();) {
    const Entry first = entries_[i];
    for (; i < entries_.size() && entries_[i].fingerprint() == first.fingerprint(); ++i) {
      const uint32_t what = entries_[i].what;
      if (what == kAboveExcluded) {
        node_of_entries.AddAboveExcluded();
      } else {
        node_of_entries.Add(static_cast<NameForm>(what % kForms), what / kForms);
      }
    }
    while (next_above < above_.size() && above_[next_above] < first.fingerprint()) {
      above_[kept_above++] = above_[next_above++];
    }
    const bool below = next_above < above_.size() && above_[next_above] == first.fingerprint();
    if (below) ++next_above;
    const NameNode node = node_of_entries.Take(below);
    table->entries += static_cast<uint64_t>(std::popcount(node.flags & NameNode::kForms));
    entries_[settled++] = {.low = first.low, .high = first.high, .what = numbers.Of(node)};
  }
  above_.erase(above_.begin() + static_cast<std::ptrdiff_t>(kept_above),
               above_.begin() + static_cast<std::ptrdiff_t>(next_above));
  entries_.resize(settled);
  table->nodes.shrink_to_fit();
}

// Names of entries and names above them, in the order of their fingerprints.
void NameBuilder::Insert(NameTable::Rep* table) const {
  uint32_t only_above = 0;  // the number of a node that knows no more than this
  if (!above_.empty()) {
    only_above = static_cast<uint32_t>(table->nodes.size());
    table->nodes.push_back({.flags = NameNode::kBelow | NameNode::kInner});
  }
  table->names = entries_.size() + above_.size();
  table->fingerprints = Fingerprints(table->names, static_cast<uint32_t>(table->nodes.size() - 1));
  size_t next_above = 0;
  for (const Entry& entry : entries_) {
    while (next_above < above_.size() && above_[next_above] < entry.fingerprint()) {
      table->fingerprints.Insert(above_[next_above++], only_above);
    }
    table->fingerprints.Insert(entry.fingerprint(), entry.what);
  }
  while (next_above < above_.size()) table->fingerprints.Insert(above_[next_above++], only_above);
  table->fingerprints.Finish();
}

uint64_t NameBuilder::CountCommon(const NameTable::Rep& table, const NameTable::Rep& previous) const {
  uint64_t common = 0;
  for (const Entry& entry : entries_) {
    const uint32_t both = table.nodes[entry.what].flags & previous.NodeOf(entry.fingerprint()).flags;
    common += static_cast<uint64_t>(std::popcount(both & NameNode::kForms));
  }
  return common;
}

NameTable NameBuilder::Build(const NameTable* previous, BuildReport* report) {
  const uint64_t given = entries_.size() - above_excluded_;
  Sort();
  auto table = std::make_unique<NameTable::Rep>();
  table->any_listed = any_listed_;
  table->deepest = deepest_;
  table->shortest_wild = shortest_wild_;
  table->longest_wild = longest_wild_;
  Settle(table.get());
  const uint64_t common = previous == nullptr ? 0 : CountCommon(*table, *previous->rep_);
  *report = {.entries = table->entries,
             .duplicates = given - table->entries,
             .added = table->entries - common,
             .removed = previous == nullptr ? 0 : previous->entries() - common};
  Insert(table.get());
  *this = NameBuilder(verdicts_);
  return NameTable(std::move(table));
}

}  // namespace rblitz
