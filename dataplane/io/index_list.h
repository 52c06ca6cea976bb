// Lists of the places of a table, by their numbers: each place is in a list at most once, and leaves it from anywhere.
//
// Thread-safety: none. REQUIRES: numbers are less than the size of the table. Cost: a few stores; no allocation after
// the constructor.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rblitz::io {

class IndexList {
 public:
  explicit IndexList(size_t size) : end_(static_cast<uint32_t>(size)), links_(size + 1) {
    for (uint32_t i = 0; i <= end_; ++i) links_[i] = {i, i};
  }

  [[nodiscard]] bool empty() const noexcept { return links_[end_].next == end_; }
  [[nodiscard]] bool Has(uint32_t i) const noexcept { return links_[i].next != i; }
  [[nodiscard]] size_t size() const noexcept { return size_; }

  // REQUIRES: not empty.
  [[nodiscard]] uint32_t front() const noexcept {
    assert(!empty());
    return links_[end_].next;
  }

  // Where it is in the list already, it moves.
  void PushBack(uint32_t i) noexcept {
    Remove(i);
    const uint32_t last = links_[end_].previous;
    links_[i] = {last, end_};
    links_[last].next = i;
    links_[end_].previous = i;
    ++size_;
  }

  // Nothing where it is not in the list.
  void Remove(uint32_t i) noexcept {
    if (!Has(i)) return;
    const auto [previous, next] = links_[i];
    links_[previous].next = next;
    links_[next].previous = previous;
    links_[i] = {i, i};
    --size_;
  }

 private:
  struct Link {
    uint32_t previous;
    uint32_t next;
  };
  const uint32_t end_;  // the list's own link stands behind those of the places
  size_t size_ = 0;
  std::vector<Link> links_;  // to itself: in no list
};

}  // namespace rblitz::io
