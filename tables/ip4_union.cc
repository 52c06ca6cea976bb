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

// A table and one of its values together are an atom: the values of all tables, numbered through.
class Ip4Union::Builder {
 public:
  explicit Builder(std::span<const Source> sources) {
    for (const Source& source : sources) {
      first_atom_.push_back(atoms_);
      atoms_ += source.values;
    }
    first_atom_.push_back(atoms_);
    lone_.assign(atoms_, kNotListed);
    uint64_t most = 0;
    for (const Source& source : sources) most += source.table->entries();
    singles_.reserve(most);
    for (size_t t = 0; t < sources.size(); ++t) Read(*sources[t].table, first_atom_[t]);
  }

  // In this order.
  void PaintSegments();
  void UniteSingles();
  [[nodiscard]] std::unique_ptr<Ip4Table::Rep> LayOut();

  void Explain(Ip4Union* result) const;

 private:
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
  [[nodiscard]] ValueId ValueOf(const Atoms& atoms);
  // What is so where an atom is so, too.
  [[nodiscard]] ValueId With(ValueId value, uint32_t atom);

  uint32_t atoms_ = 0;
  std::vector<uint32_t> first_atom_;  // by table, and behind the last
  std::vector<uint64_t> singles_;     // address << 32 | atom, then | value
  std::vector<Edge> edges_;
  std::vector<Ip4Segment> segments_;

  std::vector<const Atoms*> combinations_ = {nullptr};  // by value
  std::unordered_map<Atoms, ValueId, AtomsHash> values_;
  std::vector<ValueId> lone_;                     // by atom: its own value; kNotListed: it has none yet
  std::unordered_map<uint64_t, ValueId> united_;  // by value << 32 | atom
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

ValueId Ip4Union::Builder::ValueOf(const Atoms& atoms) {
  const auto [known, is_new] = values_.try_emplace(atoms, static_cast<ValueId>(combinations_.size()));
  if (is_new) combinations_.push_back(&known->first);
  return known->second;
}

ValueId Ip4Union::Builder::With(ValueId value, uint32_t atom) {
  ValueId& united = value == kNotListed ? lone_[atom] : united_[uint64_t{value} << 32 | atom];
  if (united != kNotListed) return united;
  Atoms atoms = value == kNotListed ? Atoms() : *combinations_[value];
  atoms.insert(std::ranges::upper_bound(atoms, atom), atom);
  united = ValueOf(atoms);
  return united;
}

void Ip4Union::Builder::PaintSegments() {
  std::ranges::sort(edges_, {}, &Edge::at);
  Atoms now;
  uint64_t since = 0;
  for (size_t i = 0; i < edges_.size();) {
    const uint64_t at = edges_[i].at;
    if (!now.empty()) {
      segments_.push_back({.first = static_cast<uint32_t>(since),
                           .last = static_cast<uint32_t>(at - 1),
                           .value = ValueOf(now),
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
}

// Leaves each address once, with all that tables say of it.
void Ip4Union::Builder::UniteSingles() {
  RadixSort(std::span(singles_));
  size_t kept = 0;
  size_t segment = 0;
  for (size_t i = 0; i < singles_.size();) {
    const uint64_t address = singles_[i] >> 32;
    while (segment < segments_.size() && segments_[segment].last < address) ++segment;
    const bool is_inside = segment < segments_.size() && segments_[segment].first <= address;
    ValueId value = is_inside ? segments_[segment].value : kNotListed;
    for (; i < singles_.size() && singles_[i] >> 32 == address; ++i) {
      value = With(value, static_cast<uint32_t>(singles_[i]));
    }
    singles_[kept++] = address << 32 | value;
  }
  singles_.resize(kept);
}

std::unique_ptr<Ip4Table::Rep> Ip4Union::Builder::LayOut() {
  auto rep = std::make_unique<Ip4Table::Rep>(ProcessSeed());
  rep->entries = singles_.size() + segments_.size();
  AddressPool pool;
  const AddressBlocks none(&pool);
  const auto pass = [&](Ip4PieceSink& sink, bool /*is_last*/) {
    StreamIp4(segments_, Ip4SinglesCursor(none, kNotListed, singles_), sink, [](size_t /*behind*/) {});
  };
  LayOutIp4(pass, static_cast<uint32_t>(combinations_.size()), &pool, *rep);
  return rep;
}

void Ip4Union::Builder::Explain(Ip4Union* result) const {
  result->first_ = {0, 0};
  for (const Atoms* const atoms : std::span(combinations_).subspan(1)) {
    for (const uint32_t atom : *atoms) {
      const auto behind = std::ranges::upper_bound(first_atom_, atom);
      const auto table = static_cast<uint32_t>(behind - first_atom_.begin() - 1);
      result->says_.push_back({.table = table, .value = atom - first_atom_[table]});
    }
    result->first_.push_back(static_cast<uint32_t>(result->says_.size()));
  }
  result->first_.shrink_to_fit();
  result->says_.shrink_to_fit();
}

Ip4Union Ip4Union::Build(std::span<const Source> sources) {
  Builder builder(sources);
  builder.PaintSegments();
  builder.UniteSingles();
  Ip4Union result{Ip4Table(builder.LayOut())};
  builder.Explain(&result);
  return result;
}

}  // namespace rblitz
