#include "tables/address_blocks.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "tables/in_parallel.h"
#include "tables/radix_sort.h"

namespace rblitz {

namespace {

constexpr size_t kBlock = AddressPool::kBlock;
constexpr size_t kFirstSlab = 4;         // blocks
constexpr size_t kLastSlab = 64;         // no huge page: single blocks are given back
constexpr size_t kTogether = 64;         // blocks that are given back
constexpr size_t kFewOfOctet = 1 << 10;  // below this clearing counters costs more than comparing

constexpr unsigned kDigitBits = 12;  // what the first octet leaves takes two passes
constexpr size_t kDigits = size_t{1} << kDigitBits;
unsigned Low(uint32_t address) { return address & (kDigits - 1); }
unsigned High(uint32_t address) { return address >> kDigitBits & (kDigits - 1); }

using Counters = std::array<uint32_t, kDigits>;

// What each digit's first place is.
void SumUp(Counters& counters) {
  uint32_t sum = 0;
  for (uint32_t& counter : counters) sum += std::exchange(counter, sum);
}

}  // namespace

void AddressPool::Grow() {
  // The next one doubles what there is.
  const size_t blocks = std::clamp(blocks_, kFirstSlab, kLastSlab);
  slabs_.emplace_back(blocks * kBlock).Back();
  uint32_t* const slab = slabs_.back().data();
  blocks_ += blocks;
  for (size_t i = blocks; i > 0; --i) free_.push_back(slab + (i - 1) * kBlock);
}

void AddressPool::GiveBack(std::span<const std::span<uint32_t>> blocks) noexcept {
  constexpr size_t kBytes = kBlock * sizeof(uint32_t);
  // A larger page has other blocks too.
  static const bool is_of_pages = sysconf(_SC_PAGESIZE) <= static_cast<long>(kBytes);
  if (!is_of_pages || blocks.empty()) return;
  // All at once where the kernel does that for the process that asks, as those of late do, else one after the other.
  const auto self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  for (; !blocks.empty(); blocks = blocks.subspan(std::min(kTogether, blocks.size()))) {
    std::array<iovec, kTogether> ranges;
    const size_t count = std::min(kTogether, blocks.size());
    for (size_t i = 0; i < count; ++i) ranges[i] = {blocks[i].data(), kBytes};
    const ssize_t given = self < 0 ? -1 : process_madvise(self, ranges.data(), count, MADV_DONTNEED, 0);
    if (given == static_cast<ssize_t>(count * kBytes)) continue;
    for (const iovec& range : std::span(ranges).first(count)) madvise(range.iov_base, range.iov_len, MADV_DONTNEED);
  }
  if (self >= 0) close(self);
}

void AddressBlocks::Grow(Octet& octet) {
  octet.blocks.push_back(pool_->Take());
  octet.next = octet.blocks.back();
  octet.end = octet.next + kBlock;
}

void AddressBlocks::AddToFew(uint32_t address) {
  few_.push_back(address);
  if (few_.size() < kFew) return;
  octets_ = std::make_unique<std::array<Octet, 256>>();
  for (const uint32_t one : few_) Add(one);
  few_ = std::vector<uint32_t>();
}

size_t AddressBlocks::size() const {
  size_t size = 0;
  if (is_sorted_) {
    for (const Chunk& chunk : chunks_) size += chunk.size();
  } else if (octets_ == nullptr) {
    size = few_.size();
  } else {
    for (const Octet& octet : *octets_) size += octet.size();
  }
  return size;
}

void AddressBlocks::Append(AddressBlocks&& other) {
  if (other.octets_ == nullptr) {
    for (const uint32_t address : std::exchange(other.few_, {})) Add(address);
    return;
  }
  if (octets_ == nullptr) {
    octets_ = std::move(other.octets_);
    for (const uint32_t address : std::exchange(few_, {})) Add(address);
    return;
  }
  // Full blocks go before the one that is filled; of the other's that one is added address by address.
  for (size_t o = 0; o < octets_->size(); ++o) {
    Octet& mine = (*octets_)[o];
    Octet& theirs = (*other.octets_)[o];
    if (theirs.blocks.empty()) continue;
    if (mine.blocks.empty()) {
      mine = std::move(theirs);
      continue;
    }
    const std::span last(theirs.blocks.back(), theirs.next);
    theirs.blocks.pop_back();
    mine.blocks.insert(mine.blocks.end() - 1, theirs.blocks.begin(), theirs.blocks.end());
    for (const uint32_t address : last) Add(address);
  }
  other.octets_.reset();
}

void AddressBlocks::MakeChunks() {
  is_sorted_ = true;
  if (octets_ == nullptr) {
    for (std::span<uint32_t> left(few_); !left.empty(); left = left.subspan(chunks_.back().size())) {
      chunks_.push_back(left.first(std::min(kBlock, left.size())));
    }
    return;
  }
  for (Octet& octet : *octets_) {
    size_t left = octet.size();
    for (uint32_t* const block : octet.blocks) {
      const size_t size = std::min(left, kBlock);
      left -= size;
      if (size > 0) {
        chunks_.emplace_back(block, size);
      } else {
        pool_->Free(block);
      }
    }
    octet = Octet();
  }
}

// Sorts octets, one at a time, on one thread.
class AddressBlocks::Sorter {
 public:
  explicit Sorter(Order order) : order_(order) {}

  // Errors: std::bad_alloc, the octet is as it was.
  void Sort(Octet& octet) {
    const size_t size = octet.size();
    if (size == 0) return;
    if (other_.size() < size) {
      other_ = HugeArray<uint32_t>();
      other_ = HugeArray<uint32_t>(size);
    }
    if (size < kFewOfOctet) return SortFew(octet, size);
    const std::span<uint32_t> other(other_.data(), size);
    if (order_ == Order::kTop20) {
      CountHigh(octet, size);
      EachBlock(octet, size, [&](std::span<uint32_t> block) {
        for (const uint32_t address : block) other[high_[High(address)]++] = address;
      });
      CopyBack(octet, other);
      return;
    }
    low_.fill(0);
    high_.fill(0);
    EachBlock(octet, size, [&](std::span<uint32_t> block) {
      for (const uint32_t address : block) {
        ++low_[Low(address)];
        ++high_[High(address)];
      }
    });
    SumUp(low_);
    SumUp(high_);
    EachBlock(octet, size, [&](std::span<uint32_t> block) {
      for (const uint32_t address : block) other[low_[Low(address)]++] = address;
    });
    for (const uint32_t address : other) {
      const uint32_t at = high_[High(address)]++;
      octet.blocks[at / kBlock][at % kBlock] = address;
    }
    LeaveOnce(octet, size);
  }

 private:
  template <class F>
  static void EachBlock(Octet& octet, size_t size, F&& f) {
    for (uint32_t* const block : octet.blocks) {
      f(std::span(block, std::min(size, kBlock)));
      size -= std::min(size, kBlock);
    }
  }

  void CountHigh(Octet& octet, size_t size) {
    high_.fill(0);
    EachBlock(octet, size, [&](std::span<uint32_t> block) {
      for (const uint32_t address : block) ++high_[High(address)];
    });
    SumUp(high_);
  }

  static void CopyBack(Octet& octet, std::span<const uint32_t> from) {
    EachBlock(octet, from.size(), [&](std::span<uint32_t> block) {
      std::ranges::copy(from.first(block.size()), block.begin());
      from = from.subspan(block.size());
    });
  }

  // All in one block.
  void SortFew(Octet& octet, size_t size) {
    static_assert(kFewOfOctet <= kBlock);
    const std::span block(octet.blocks[0], size);
    std::ranges::sort(block);
    if (order_ == Order::kAscending) LeaveOnce(octet, size);
  }

  static void LeaveOnce(Octet& octet, size_t size) {
    size_t kept = 0;
    uint32_t last = ~octet.blocks[0][0];
    EachBlock(octet, size, [&](std::span<uint32_t> block) {
      for (const uint32_t address : block) {
        if (address == last) continue;
        octet.blocks[kept / kBlock][kept % kBlock] = last = address;
        ++kept;
      }
    });
    octet.dropped = size - kept;
  }

  const Order order_;
  HugeArray<uint32_t> other_;
  Counters low_;
  Counters high_;
};

void AddressBlocks::Sort(Order order) {
  if (octets_ == nullptr) {
    RadixSort(std::span(few_));
    if (order == Order::kAscending) few_.erase(std::unique(few_.begin(), few_.end()), few_.end());
    return MakeChunks();
  }
  const unsigned threads = WorkThreads();
  std::vector<std::unique_ptr<Sorter>> sorters(threads);
  InParallel(octets_->size(), threads, [&](unsigned thread, size_t octet) {
    std::unique_ptr<Sorter>& sorter = sorters[thread];
    if (sorter == nullptr) sorter = std::make_unique<Sorter>(order);
    sorter->Sort((*octets_)[octet]);
  });
  MakeChunks();
}

}  // namespace rblitz
