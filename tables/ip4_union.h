// Several Ip4Tables as one: a single lookup tells what each of them says of an address.
//
// The table of the union is an Ip4Table like any other. Its values are ids of combinations: which of the joined tables
// list an address, and with which of their values.
//
// Thread-safety: const once built. Lifetime: the joined tables may go.
// Cost: building takes 0.16 microseconds an address (bench/tables_bench, BM_Ip4Union), and beside the result 8 bytes
// for each single address, 48 for each network, or what is left of one, and some 100 for each combination. Errors:
// std::bad_alloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tables/ip4_table.h"
#include "tables/verdict.h"

namespace rblitz {

class Ip4Union {
 public:
  struct Source {
    const Ip4Table* table;
    uint32_t values;  // its ValueIds are below
  };
  // What one of the tables says.
  struct Says {
    uint32_t table;  // its index among the sources
    ValueId value;

    bool operator==(const Says&) const = default;
  };

  // More combinations than these are not joined, those among them that come up only on the way to others.
  static constexpr uint32_t kMaxValues = 1 << 20;

  // Absent: there are too many combinations.
  [[nodiscard]] static std::optional<Ip4Union> Build(std::span<const Source> sources);

  [[nodiscard]] const Ip4Table& table() const noexcept { return table_; }

  // What a value of the table stands for, in the order of the sources; nothing for kNotListed.
  [[nodiscard]] std::span<const Says> Of(ValueId value) const noexcept {
    return {says_.data() + first_[value], first_[value + 1] - first_[value]};
  }
  // Values of the table are 0 .. values() - 1.
  [[nodiscard]] uint32_t values() const noexcept { return static_cast<uint32_t>(first_.size() - 1); }

  // Memory held.
  [[nodiscard]] size_t bytes() const noexcept {
    return table_.bytes() + first_.capacity() * sizeof(first_[0]) + says_.capacity() * sizeof(says_[0]);
  }

 private:
  class Builder;
  explicit Ip4Union(Ip4Table table) : table_(std::move(table)) {}

  Ip4Table table_;
  std::vector<uint32_t> first_;  // by value: where what it stands for begins; one more than there are values
  std::vector<Says> says_;
};

}  // namespace rblitz
