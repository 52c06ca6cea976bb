// The distinct values of a feed while it is read: an A and a text as the file writes them. A value gets its ValueId
// when it is first seen; Resolve gives all of them, in the order of their ids, to a Verdicts once variables and base
// template are known.
//
// Thread-safety: none. Cost: one hash a value that differs from the one before; one copy of each distinct text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/text_template.h"
#include "tables/verdict.h"

namespace rblitz {

struct RawValue {
  uint32_t a_be = 0;
  std::string_view text;  // valid while the RawValues that gave it does not change

  bool operator==(const RawValue&) const = default;
};

class RawValues {
 public:
  RawValues();

  [[nodiscard]] ValueId Intern(RawValue value);
  [[nodiscard]] RawValue at(ValueId id) const noexcept;
  // What `id` stands for from now on.
  void Replace(ValueId id, RawValue value);

  // REQUIRES: `verdicts` is empty.
  void Resolve(const TextScope& scope, Verdicts* verdicts) const;

 private:
  struct Entry {
    uint32_t a_be;
    uint32_t text_size;
    size_t text_at;
  };
  [[nodiscard]] Entry Store(RawValue value);
  [[nodiscard]] size_t FindSlot(RawValue value) const noexcept;
  void Grow();

  std::vector<Entry> entries_;  // by ValueId - 1
  std::string texts_;
  std::vector<ValueId> slots_;   // open addressing, a power of two, at most half full
  ValueId latest_ = kNotListed;  // lists come in runs of one value
};

}  // namespace rblitz
