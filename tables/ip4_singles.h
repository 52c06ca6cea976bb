// The quotiented set of single addresses inside an Ip4Table: address -> ValueId, one cache line a probe.
//
// A seeded bijection permutes the address. With n buckets the bucket is the permuted address times n, divided by 2^32:
// each bucket owns one contiguous interval of permuted addresses, about 2^32/n wide. While a few such intervals fit
// 2^16, the low 16 bits tell all addresses apart that can meet in a bucket: that is the tag. Smaller sets keep all 32
// bits.
//
// A bucket is 64 bytes: tags, then values of 0, 2 or 4 bytes (0: all addresses have one value). A bucket that is not
// full repeats its first tag to the end. More addresses than a bucket has slots go on to the next ones: such a bucket
// says so by the order of its first two tags (first above second), and its last tag is a filter instead: bit t % 16 is
// set when an address with tag t went on. So an address that is not there costs a second line only about once in
// forty questions. The few for which none of the next buckets has room are stragglers, in a sorted array.
//
// Invariants: (1) tags of a bucket are distinct, but for the repetition; (2) an empty bucket holds only a tag that no
// address that can be looked up there has; (3) an address stands at most max_displacement buckets behind its own, and
// (max_displacement + 1) intervals are narrower than the tag's range; (4) every bucket that an address passed has its
// bit.
//
// Thread-safety: const after Build. Cost: docs/tables.md has bytes an address. Source: Cleary 1984 (quotienting).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "tables/huge_array.h"
#include "tables/verdict.h"

namespace rblitz {

// Mixes the bits of an address; a bijection for every seed.
class Ip4Permutation {
 public:
  explicit Ip4Permutation(uint64_t seed) noexcept
      : first_(static_cast<uint32_t>(seed)), second_(static_cast<uint32_t>(seed >> 32)) {}

  [[nodiscard]] uint32_t operator()(uint32_t address) const noexcept {
    uint32_t x = address ^ first_;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= second_;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x;
  }
  // The address that `permuted` came from.
  [[nodiscard]] uint32_t Undo(uint32_t permuted) const noexcept {
    uint32_t x = permuted * 0x43021123u;  // inverses modulo 2^32 of the two factors
    x ^= x >> 15 ^ x >> 30;
    x ^= second_;
    x *= 0x1d69e2a5u;
    x ^= x >> 16;
    return x ^ first_;
  }
  [[nodiscard]] uint32_t first() const noexcept { return first_; }
  [[nodiscard]] uint32_t second() const noexcept { return second_; }

 private:
  uint32_t first_;
  uint32_t second_;
};

class Ip4Singles {
 public:
  static constexpr size_t kLine = 64;
  static constexpr size_t kMaxCount = 64;
  // A line that may always be read.
  alignas(kLine) static constexpr uint8_t kNowhere[kLine] = {};
  enum class Shape : uint8_t { kTag16, kTag16Value16, kTag16Value32, kTag32, kTag32Value16, kTag32Value32 };

  Ip4Singles() = default;
  // Room for `count` addresses whose largest value is `max_value`; `common` is the value of all when only one is in
  // use, else kNotListed.
  Ip4Singles(uint64_t count, ValueId max_value, ValueId common);

  // Built in two passes over the same addresses, each of them once: Count all, Plan, Insert all, Finish.
  void Count(uint32_t permuted) { ++used_[BucketOf(permuted)]; }
  void Plan();
  void Insert(uint32_t permuted, ValueId value);
  void Finish();

  // Several threads may count, and then insert, side by side, each what belongs to buckets of its own. `others` gets
  // those that do not or have no room there, to be counted or inserted as above when no thread does any more.
  struct Own {
    uint32_t first = 0;
    uint32_t end = 0;  // behind the last
  };
  void CountOwn(Own own, std::span<const uint32_t> permuted, std::vector<uint32_t>& others);
  void InsertOwn(Own own, std::span<const uint32_t> permuted, ValueId value, std::vector<uint32_t>& others);

  // Where a probe for an address begins.
  [[nodiscard]] uint32_t BucketOf(uint32_t permuted) const noexcept {
    return static_cast<uint32_t>((uint64_t{permuted} * buckets_) >> 32);
  }
  // The line of that bucket, to be fetched before it is looked into.
  [[nodiscard]] const uint8_t* LineOf(uint32_t permuted) const noexcept {
    return lines_.data() + size_t{BucketOf(permuted)} * kLine;
  }
  [[nodiscard]] const uint8_t* lines() const noexcept { return lines_.data(); }
  [[nodiscard]] uint32_t buckets() const noexcept { return buckets_; }
  // With those behind the last one that addresses may go on to.
  [[nodiscard]] uint32_t all_buckets() const noexcept { return buckets_ + max_displacement_; }

  // For each bit i of `which`, all below `count` <= kMaxCount: values[i] becomes the value of the address permuted[i],
  // whose line is lines[i], or kNotListed. All of `count` lines, permuted addresses and values must be readable,
  // whatever they are. Of the lines of fetch, as many, one is asked for with each that is compared, so that memory
  // works meanwhile; null: nothing. Returns those that may have gone on from there; their next lines are being fetched,
  // and FindBehind has the last word.
  [[nodiscard]] uint64_t FindInLines(const uint32_t* permuted, const uint8_t* const* lines, size_t count,
                                     uint64_t which, ValueId* values, const uint8_t* const* fetch) const noexcept;
  void FindBehind(const uint32_t* permuted, uint64_t which, ValueId* values) const noexcept;
  void Find(const uint32_t* permuted, const uint8_t* const* lines, size_t count, uint64_t which,
            ValueId* values) const noexcept {
    FindBehind(permuted, FindInLines(permuted, lines, count, which, values, nullptr), values);
  }

  // The same of one address: what its line says, and, where it may stand behind it, what Further says.
  struct Seen {
    ValueId value;
    uint32_t may_have_gone_on;  // 1: it may; 0
  };
  [[nodiscard]] Seen See(uint32_t permuted, const uint8_t* line) const noexcept;
  [[nodiscard]] ValueId Further(uint32_t permuted) const noexcept;

  // Calls visit(permuted, value) for all, in no order.
  void Visit(const std::function<void(uint32_t, ValueId)>& visit) const;

  [[nodiscard]] size_t bytes() const noexcept {
    return lines_.bytes() + stragglers_.capacity() * sizeof(stragglers_[0]);
  }

 private:
  template <class Layout>
  void PlanAs();
  // False if there is no room for it, or none before the bucket `end`.
  template <class Layout>
  [[nodiscard]] bool InsertAs(uint32_t permuted, ValueId value, size_t end);
  template <class Layout>
  void FinishAs(size_t first, size_t end);
  template <class Layout>
  [[nodiscard]] Seen SeeAs(uint32_t permuted, const uint8_t* line) const noexcept;
  template <class Layout, bool kFetches>
  [[nodiscard]] uint64_t FindInLinesAs(const uint32_t* permuted, const uint8_t* const* lines, size_t count,
                                       uint64_t which, ValueId* values, const uint8_t* const* fetch) const noexcept;
  template <class Layout>
  void VisitAs(const std::function<void(uint32_t, ValueId)>& visit) const;
  template <class Layout>
  [[nodiscard]] ValueId FurtherAs(uint32_t permuted) const noexcept;

  HugeArray<uint8_t> lines_;  // buckets_ + max_displacement_ buckets
  HugeArray<uint32_t> used_;  // by bucket, while building: first its own addresses, then slots in use
  std::vector<bool> spills_;  // by bucket, while building: more addresses come by than it has slots
  std::vector<std::pair<uint32_t, ValueId>> stragglers_;
  uint32_t buckets_ = 0;
  uint32_t max_displacement_ = 0;
  ValueId common_ = kNotListed;
  Shape shape_ = Shape::kTag32;
};

}  // namespace rblitz
