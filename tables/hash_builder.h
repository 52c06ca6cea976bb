// Builds a HashTable from digests in any order. A digest that is given several values has all of them, unless one of
// its entries excludes it.
//
// Thread-safety: none; one builder, one thread.
// Cost: the size of the digest an entry, and 4 bytes once there is a second value; Build needs the finished table
// besides. Errors: Build fails only when memory runs out (std::bad_alloc).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tables/build_report.h"
#include "tables/digest.h"
#include "tables/hash_table.h"
#include "tables/verdict.h"

namespace rblitz {

struct DigestPart;  // tables/hash_rep.h

class HashBuilder {
 public:
  // `verdicts` must outlive the builder: ids of united values are interned there.
  explicit HashBuilder(Verdicts* verdicts) : verdicts_(verdicts) {}

  // Lists or, with kNotListed, excludes. REQUIRES: the size is one of kDigestSizes.
  void Add(const Digest& digest, ValueId value);

  [[nodiscard]] bool empty() const noexcept;

  // `previous`, if any, is the table being replaced. The builder is empty afterwards.
  [[nodiscard]] HashTable Build(const HashTable* previous, BuildReport* report);

 private:
  // Digests of one size, in the order of the feed.
  struct Given {
    std::vector<uint8_t> bytes;
    std::vector<ValueId> values;  // none while all have the first one's
    ValueId first_value = kNotListed;
    uint32_t count = 0;
  };

  void BuildPart(const Given& given, DigestPart* part) const;

  Verdicts* verdicts_;
  std::array<Given, kDigestSizes.size()> given_;
};

}  // namespace rblitz
