#include "tables/ip4_union.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "tables/address_blocks.h"
#include "tables/hash.h"
#include "tables/ip4_cursors.h"
#include "tables/ip4_layout.h"
#include "tables/ip4_paint.h"
#include "tables/ip4_rep.h"
#include "tables/ip4_stream.h"
#include "tables/radix_sort.h"

namespace rblitz {

// A table and one of its values together are an atom: the values of all tables, numbered through. Atoms that are so at
// one place are a combination, and those that occur have values.
class Ip4Union::Builder {
 public:
  explicit Builder(std::span<const Source> sources) {
    for (const Source& source : sources) {
      first_atom_.push_back(atoms_);
      atoms_ += source.values;
    }
    lone_.assign(atoms_, kNone);
    uint64_t most = 0;
    for (const Source& source : sources) most += source.table->entries();
    singles_.reserve(most);
    for (size_t t = 0; t < sources.size(); ++t) Read(*sources[t].table, first_atom_[t]);
  }

  // In this order; false: there are too many combinations.
  [[nodiscard]] bool PaintSegments();
  [[nodiscard]] bool UniteSingles();
  [[nodiscard]] std::unique_ptr<Ip4Table::Rep> LayOut();

  void Explain(Ip4Union* result) const;

 private:
  using Combination = uint32_t;  // an index
  static constexpr Combination kNone = 0;
  using Atoms = std::vector<uint32_t>;  // ascending, of different tables
  struct AtomsHash {
    size_t operator()(const Atoms& atoms) const noexcept {
      return Hash64(atoms.data(), atoms.size() * sizeof(atoms[0]), ProcessSeed());
    }
  };
  // Where a table begins or ends to say something.
  struct Edge {
    uint64_t at;
    uint32_t atom;
    bool begins;
  };

  void Read(const Ip4Table& table, uint32_t first_atom);
  [[nodiscard]] Combination CombinationOf(const Atoms& atoms);
  // What is so where an atom is so, too.
  [[nodiscard]] Combination With(Combination combination, uint32_t atom);
  [[nodiscard]] ValueId ValueOf(Combination combination);
  [[nodiscard]] bool is_too_large() const { return combinations_.size() > kMaxValues; }

  uint32_t atoms_ = 0;
  std::vector<uint32_t> first_atom_;  // by table
  std::vector<uint64_t> singles_;     // address << 32 | atom, then | value
  std::vector<Edge> edges_;
  std::vector<Ip4Segment> segments_;  // their values are combinations until singles are united

  std::vector<const Atoms*> combinations_ = {nullptr};
  std::unordered_map<Atoms, Combination, AtomsHash> known_;
  std::vector<Combination> lone_;                      // by atom: that of it alone; kNone: not known yet
  std::unordered_map<uint64_t, Combination> united_;   // by combination << 32 | atom
  std::vector<ValueId> value_of_ = {kNotListed};       // by combination; kNotListed: it has not occurred yet
  std::vector<Combination> combination_of_ = {kNone};  // by value
};

void Ip4Union::Builder::Read(const Ip4Table& table, uint32_t first_atom) {
  table.Visit([&](uint32_t first, uint32_t last, ValueId value) {
    const uint32_t atom = first_atom + value;
    if (first == last) {
      singles_.push_back(uint64_t{first} << 32 | atom);
    } else {
      edges_.push_back({.at = first, .atom = atom, .begins = true});
      edges_.push_back({.at = uint64_t{last} + 1, .atom = atom, .begins = false});
    }
  });
}

Ip4Union::Builder::Combination Ip4Union::Builder::CombinationOf(const Atoms& atoms) {
  const auto [known, is_new] = known_.try_emplace(atoms, static_cast<Combination>(combinations_.size()));
  if (is_new) {
    combinations_.push_back(&known->first);
    value_of_.push_back(kNotListed);
  }
  return known->second;
}

Ip4Union::Builder::Combination Ip4Union::Builder::With(Combination combination, uint32_t atom) {
  Combination& united = combination == kNone ? lone_[atom] : united_[uint64_t{combination} << 32 | atom];
  if (united != kNone) return united;
  Atoms atoms = combination == kNone ? Atoms() : *combinations_[combination];
  atoms.insert(std::ranges::upper_bound(atoms, atom), atom);
  united = CombinationOf(atoms);
  return united;
}

ValueId Ip4Union::Builder::ValueOf(Combination combination) {
  ValueId& value = value_of_[combination];
  if (value == kNotListed) {
    value = static_cast<ValueId>(combination_of_.size());
    combination_of_.push_back(combination);
  }
  return value;
}

bool Ip4Union::Builder::PaintSegments() {
  std::ranges::sort(edges_, {}, &Edge::at);
  Atoms now;
  uint64_t since = 0;
  for (size_t i = 0; i < edges_.size() && !is_too_large();) {
    const uint64_t at = edges_[i].at;
    if (!now.empty()) {
      segments_.push_back({.first = static_cast<uint32_t>(since),
                           .last = static_cast<uint32_t>(at - 1),
                           .value = CombinationOf(now),
                           .level = 0});
    }
    for (; i < edges_.size() && edges_[i].at == at; ++i) {
      const auto place = std::ranges::lower_bound(now, edges_[i].atom);
      if (edges_[i].begins) {
        now.insert(place, edges_[i].atom);
      } else {
        now.erase(place);
      }
    }
    since = at;
  }
  edges_ = std::vector<Edge>();
  return !is_too_large();
}

// Leaves each address once, with all that tables say of it.
bool Ip4Union::Builder::UniteSingles() {
  RadixSort(std::span(singles_));
  size_t kept = 0;
  size_t segment = 0;
  for (size_t i = 0; i < singles_.size() && !is_too_large();) {
    const uint64_t address = singles_[i] >> 32;
    while (segment < segments_.size() && segments_[segment].last < address) ++segment;
    const bool is_inside = segment < segments_.size() && segments_[segment].first <= address;
    Combination combination = is_inside ? segments_[segment].value : kNone;
    for (; i < singles_.size() && singles_[i] >> 32 == address; ++i) {
      combination = With(combination, static_cast<uint32_t>(singles_[i]));
    }
    singles_[kept++] = address << 32 | ValueOf(combination);
  }
  singles_.resize(kept);
  for (Ip4Segment& each : segments_) each.value = ValueOf(each.value);
  return !is_too_large();
}

std::unique_ptr<Ip4Table::Rep> Ip4Union::Builder::LayOut() {
  auto rep = std::make_unique<Ip4Table::Rep>(ProcessSeed());
  rep->entries = singles_.size() + segments_.size();
  AddressPool pool;
  const AddressBlocks none(&pool);
  const Ip4Stream stream(segments_, none, kNotListed, singles_);
  Ip4Watch nobody;
  LayOutIp4(stream, static_cast<uint32_t>(combination_of_.size()), &pool, nobody, *rep);
  return rep;
}

void Ip4Union::Builder::Explain(Ip4Union* result) const {
  result->first_ = {0, 0};
  for (const Combination combination : std::span(combination_of_).subspan(1)) {
    for (const uint32_t atom : *combinations_[combination]) {
      const auto behind = std::ranges::upper_bound(first_atom_, atom);
      const auto table = static_cast<uint32_t>(behind - first_atom_.begin() - 1);
      result->says_.push_back({.table = table, .value = atom - first_atom_[table]});
    }
    result->first_.push_back(static_cast<uint32_t>(result->says_.size()));
  }
  result->first_.shrink_to_fit();
  result->says_.shrink_to_fit();
}

std::optional<Ip4Union> Ip4Union::Build(std::span<const Source> sources) {
  uint64_t values = 0;
  for (const Source& source : sources) values += source.values;
  if (values > kMaxValues) return std::nullopt;
  Builder builder(sources);
  if (!builder.PaintSegments() || !builder.UniteSingles()) return std::nullopt;
  Ip4Union result{Ip4Table(builder.LayOut())};
  builder.Explain(&result);
  return result;
}

}  // namespace rblitz
