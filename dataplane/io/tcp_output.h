// Answers that TCP connections do not take yet: bytes in blocks of one pool, which bounds the memory that slow readers
// can hold between them.
//
// Thread-safety: none. Lifetime: the pool outlives its queues. Errors: Append says when no block is left.
// Cost: a copy; no allocation after the pool's constructor, whose memory is touched only as far as it is used.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace rblitz::io {

class BlockPool {
 public:
  static constexpr size_t kBlock = 16384;
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit BlockPool(size_t bytes)
      : next_((bytes + kBlock - 1) / kBlock), bytes_(std::make_unique_for_overwrite<uint8_t[]>(next_.size() * kBlock)) {
    for (size_t i = 0; i < next_.size(); ++i) next_[i] = i + 1 < next_.size() ? static_cast<uint32_t>(i + 1) : kNone;
    free_ = next_.empty() ? kNone : 0;
  }

  // kNone when all are in use.
  [[nodiscard]] uint32_t Take() noexcept {
    const uint32_t block = free_;
    if (block != kNone) {
      free_ = next_[block];
      next_[block] = kNone;
    }
    return block;
  }
  void GiveBack(uint32_t block) noexcept {
    next_[block] = free_;
    free_ = block;
  }
  [[nodiscard]] uint8_t* at(uint32_t block) noexcept { return bytes_.get() + block * kBlock; }
  // What follows a block in its queue; of the queue's, while it has the block.
  [[nodiscard]] uint32_t& next(uint32_t block) noexcept { return next_[block]; }

 private:
  std::vector<uint32_t> next_;
  std::unique_ptr<uint8_t[]> bytes_;
  uint32_t free_;
};

class TcpOutput {
 public:
  static constexpr size_t kMaxParts = 16;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] size_t size() const noexcept { return size_; }

  // False: the pool is empty, and what is in the queue is cut off somewhere.
  [[nodiscard]] bool Append(std::span<const uint8_t> bytes, BlockPool& pool) noexcept {
    while (!bytes.empty()) {
      if (first_ == BlockPool::kNone || filled_ == BlockPool::kBlock) {
        const uint32_t block = pool.Take();
        if (block == BlockPool::kNone) return false;
        (first_ == BlockPool::kNone ? first_ : pool.next(last_)) = block;
        last_ = block;
        filled_ = 0;
      }
      const size_t n = std::min(bytes.size(), BlockPool::kBlock - filled_);
      std::memcpy(pool.at(last_) + filled_, bytes.data(), n);
      filled_ += n;
      size_ += n;
      bytes = bytes.subspan(n);
    }
    return true;
  }

  // What is to be sent next, as far as kMaxParts parts go; returns their number.
  [[nodiscard]] size_t Parts(iovec* parts, BlockPool& pool) const noexcept {
    size_t n = 0;
    size_t begin = taken_;
    for (uint32_t block = first_; block != BlockPool::kNone && n < kMaxParts; block = pool.next(block)) {
      const size_t end = block == last_ ? filled_ : BlockPool::kBlock;
      parts[n++] = {pool.at(block) + begin, end - begin};
      begin = 0;
    }
    return n;
  }

  // So many bytes have been sent. Returns how many blocks are free by that.
  size_t Sent(size_t n, BlockPool& pool) noexcept {
    size_ -= n;
    taken_ += n;
    size_t freed = 0;
    while (first_ != BlockPool::kNone && taken_ >= (first_ == last_ ? filled_ : BlockPool::kBlock)) {
      taken_ -= first_ == last_ ? filled_ : BlockPool::kBlock;
      const uint32_t next = first_ == last_ ? BlockPool::kNone : pool.next(first_);
      pool.GiveBack(first_);
      first_ = next;
      ++freed;
    }
    return freed;
  }

  void Clear(BlockPool& pool) noexcept { Sent(size_, pool); }

 private:
  uint32_t first_ = BlockPool::kNone;
  uint32_t last_ = BlockPool::kNone;
  size_t taken_ = 0;   // bytes of the first block that have been sent
  size_t filled_ = 0;  // bytes of the last one
  size_t size_ = 0;
};

}  // namespace rblitz::io
