// A list's single addresses while a table is built: filed by their first octet as they come, then sorted octet by
// octet, which is where loading millions of them would spend most of its time.
//
// A few addresses stand in one array. Of more each octet has blocks of kBlock addresses, 16 KiB, of a pool. Blocks that
// have been read for the last time go back to the pool and are used again: what the kernel would zero anew is the most
// expensive memory there is. Smaller blocks would cost more where they are given back to the kernel, which interrupts
// the other threads for each, or (from Linux 6.16 on) for many together.
//
// Memory: 4 bytes an address, of more than kFew at most 4 MiB more, and while sorting the largest octet's addresses
// once more for each thread. Cost of Sort: about 4 ns an address at 10 million on one core; several threads take part
// (in_parallel.h). Thread-safety: none; each pool and what takes from it belong to one thread. Errors: std::bad_alloc.
// Source: Knuth, The Art of Computer Programming 3, 5.2.5 (distribution sorting).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tables/huge_array.h"

namespace rblitz {

class AddressPool {
 public:
  static constexpr size_t kBlock = 4096;  // addresses

  [[nodiscard]] uint32_t* Take() {
    if (free_.empty()) Grow();
    uint32_t* const block = free_.back();
    free_.pop_back();
    return block;
  }
  void Free(uint32_t* block) { free_.push_back(block); }
  // To the kernel: they are not to be used again.
  static void GiveBack(std::span<const std::span<uint32_t>> blocks) noexcept;
  // All there are, free or in use.
  [[nodiscard]] size_t blocks() const { return blocks_; }

 private:
  void Grow();

  std::vector<HugeArray<uint32_t>> slabs_;
  std::vector<uint32_t*> free_;
  size_t blocks_ = 0;
};

class AddressBlocks {
 public:
  static constexpr size_t kFew = size_t{1} << 18;
  using Chunk = std::span<uint32_t>;  // at most kBlock addresses

  // `pool` must outlive it.
  explicit AddressBlocks(AddressPool* pool) : pool_(pool) {}

  void Add(uint32_t address) {
    if (octets_ == nullptr) return AddToFew(address);
    Octet& octet = (*octets_)[address >> 24];
    if (octet.next == octet.end) [[unlikely]]
      Grow(octet);
    *octet.next++ = address;
  }
  [[nodiscard]] size_t size() const;
  // Adds all of another one's, which is empty then. Its pool may be another: it must outlive this too. REQUIRES:
  // neither is sorted.
  void Append(AddressBlocks&& other);

  enum class Order : uint8_t {
    kAscending,  // and each address once
    kTop20,      // by the first 20 bits; what is alike in them stays in any order
  };
  // REQUIRES: called once; nothing is added afterwards.
  void Sort(Order order);

  // After Sort: in order, none of them empty.
  [[nodiscard]] std::span<const Chunk> chunks() const { return chunks_; }
  // Takes out what ranges cover, which ascend by their first addresses and may overlap: calls taken(address) for each,
  // ascending. After Sort(kAscending). Cost: two searches a range, and what is left is moved once.
  template <class Taken>
  void TakeOut(std::span<const std::pair<uint32_t, uint32_t>> ranges, Taken&& taken) {
    for (Chunk& chunk : chunks_) {
      auto left = chunk.begin();  // what is left of it ends here
      auto at = chunk.begin();    // and goes on here
      while (!ranges.empty() && ranges.front().first <= chunk.back()) {
        const auto [first, last] = ranges.front();
        const auto from = std::lower_bound(at, chunk.end(), first);
        const auto to = std::upper_bound(from, chunk.end(), last);
        left = left == at ? from : std::copy(at, from, left);
        std::for_each(from, to, taken);
        at = to;
        if (to == chunk.end() && last != chunk.back()) break;  // it may reach into the next
        ranges = ranges.subspan(1);
      }
      if (left != at) chunk = chunk.first(static_cast<size_t>(std::copy(at, chunk.end(), left) - chunk.begin()));
    }
    std::erase_if(chunks_, [this](const Chunk& chunk) {
      if (chunk.empty()) Free(chunk, *pool_);
      return chunk.empty();
    });
  }
  // It has been read for the last time: the pool, which may be another than its own, can have it.
  void Free(const Chunk& chunk, AddressPool& pool) const {
    if (octets_ != nullptr) pool.Free(chunk.data());
  }
  // The same, where none of the pool's will be asked for any more.
  void GiveBack(std::span<const Chunk> chunks) noexcept {
    if (octets_ != nullptr) AddressPool::GiveBack(chunks);
  }
  // Calls f(address) for all, sorted or not, and is empty afterwards.
  template <class F>
  void Drain(F&& f) {
    if (!is_sorted_) MakeChunks();
    for (const Chunk& chunk : chunks_) {
      for (const uint32_t address : chunk) f(address);
      Free(chunk, *pool_);
    }
    *this = AddressBlocks(pool_);
  }

 private:
  struct Octet {
    uint32_t* next = nullptr;  // in the last block
    uint32_t* end = nullptr;
    std::vector<uint32_t*> blocks;  // all full but the last
    size_t dropped = 0;             // repeated ones that Sort has left out

    [[nodiscard]] size_t size() const {
      return blocks.size() * AddressPool::kBlock - static_cast<size_t>(end - next) - dropped;
    }
  };
  class Sorter;

  void AddToFew(uint32_t address);
  void Grow(Octet& octet);
  // Of all there is; octets are empty afterwards.
  void MakeChunks();

  AddressPool* pool_;
  std::vector<uint32_t> few_;
  std::unique_ptr<std::array<Octet, 256>> octets_;  // null while there are few
  bool is_sorted_ = false;
  std::vector<Chunk> chunks_;
};

// Walks sorted addresses.
class AddressCursor {
 public:
  explicit AddressCursor(std::span<const AddressBlocks::Chunk> chunks) : left_(chunks) { Enter(); }

  [[nodiscard]] bool more() const { return !chunk_.empty(); }
  [[nodiscard]] uint32_t operator*() const { return chunk_.front(); }
  void operator++() { Skip(1); }
  // From here to the end of its chunk.
  [[nodiscard]] std::span<const uint32_t> chunk() const { return chunk_; }
  // REQUIRES: count <= chunk().size()
  void Skip(size_t count) {
    chunk_ = chunk_.subspan(count);
    if (chunk_.empty()) [[unlikely]]
      Enter();
  }
  // What is below it in this chunk.
  void SkipTo(uint32_t address) {
    const auto to = std::lower_bound(chunk_.begin(), chunk_.end(), address);
    if (to != chunk_.begin()) Skip(static_cast<size_t>(to - chunk_.begin()));
  }

 private:
  void Enter() {
    if (left_.empty()) return;
    chunk_ = left_.front();
    left_ = left_.subspan(1);
  }

  std::span<const AddressBlocks::Chunk> left_;
  std::span<const uint32_t> chunk_;
};

}  // namespace rblitz
