#include "tables/ip4_layout.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "tables/address_blocks.h"
#include "tables/in_parallel.h"
#include "tables/ip4_map.h"
#include "tables/ip4_stream.h"

namespace rblitz {

namespace {

using Rep = Ip4Table::Rep;

// The sorted array, as long as it is small enough.
class SmallSink : public Ip4PieceSink {
 public:
  explicit SmallSink(Rep& rep) : rep_(rep) { Start(0, kNotListed); }

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    if (++pieces_ > kSmallPieces) return false;
    if (rep_.starts.back() == first) {
      rep_.values.back() = value;  // no gap before it
    } else {
      Start(first, value);
    }
    rep_.addresses += uint64_t{last} - first + 1;
    for (uint32_t slash16 = first >> 16; slash16 <= last >> 16; ++slash16) rep_.used8.set(slash16 >> 8);
    if (last != UINT32_MAX) Start(last + 1, kNotListed);
    return true;
  }

  [[nodiscard]] bool fits() const { return pieces_ <= kSmallPieces; }

 private:
  void Start(uint32_t first, ValueId value) {
    rep_.starts.push_back(first);
    rep_.values.push_back(value);
  }

  Rep& rep_;
  size_t pieces_ = 0;
};

// How many addresses of partly listed /24s have each value.
class CountSink : public Ip4PieceSink {
 public:
  explicit CountSink(uint32_t values) : count_(values) {}

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    count_[value] += std::min<uint32_t>(last - first, 255) + 1;
    return true;
  }

  // The value that nearly all have: tables of single addresses then need no values, and the few /24s with others become
  // dense. kNotListed when there is none.
  [[nodiscard]] ValueId Common() const {
    const auto most = std::max_element(count_.begin(), count_.end());
    uint64_t all = 0;
    for (const uint32_t count : count_) all += count;
    const uint64_t others = all - *most;
    return others * kOthersCost <= *most ? static_cast<ValueId>(most - count_.begin()) : kNotListed;
  }

 private:
  // A dense /24 takes about 16 times what leaving out one address's value saves.
  static constexpr uint64_t kOthersCost = 16;
  std::vector<uint32_t> count_;
};

// By bucket each line is written while it is in the cache, which is worth the sorting, and threads keep to lines of
// their own.
class SinglesFiller {
 public:
  // Sorts them.
  SinglesFiller(AddressBlocks& permuted, Ip4Singles& singles) : permuted_(permuted), singles_(singles) {
    permuted_.Sort(AddressBlocks::Order::kTop20);
    const Chunks chunks = permuted_.chunks();
    for (size_t from = 0; from < chunks.size(); from += kPart) {
      borders_.push_back(from == 0 ? 0 : singles_.BucketOf(chunks[from].front() & ~uint32_t{0xfff}) + 1);
    }
    borders_.push_back(singles_.all_buckets());
  }

  void Fill(ValueId value, Ip4Watch& watch) {
    EachPart([&](Chunks chunks, Ip4Singles::Own own, std::vector<uint32_t>& others) {
      for (const AddressBlocks::Chunk& chunk : chunks) singles_.CountOwn(own, chunk, others);
    });
    for (const uint32_t other : others_) singles_.Count(other);
    singles_.Plan();
    EachPart([&](Chunks chunks, Ip4Singles::Own own, std::vector<uint32_t>& others) {
      for (const AddressBlocks::Chunk& chunk : chunks) {
        singles_.InsertOwn(own, chunk, value, others);
        watch.Inserted(chunk);
      }
      permuted_.GiveBack(chunks);
    });
    for (const uint32_t other : others_) singles_.Insert(other, value);
  }

 private:
  using Chunks = std::span<const AddressBlocks::Chunk>;
  static constexpr size_t kPart = 64;  // chunks

  // Calls work(chunks, own, others) for each part, on several threads; what is left for afterwards is in others_ then.
  template <class Work>
  void EachPart(Work&& work) {
    const Chunks chunks = permuted_.chunks();
    std::vector<std::vector<uint32_t>> others(borders_.size() - 1);
    InParallel(others.size(), WorkThreads(), [&](unsigned /*thread*/, size_t part) {
      const size_t from = part * kPart;
      const Ip4Singles::Own own = {.first = borders_[part], .end = borders_[part + 1]};
      work(chunks.subspan(from, std::min(kPart, chunks.size() - from)), own, others[part]);
    });
    others_.clear();
    for (const std::vector<uint32_t>& some : others) others_.insert(others_.end(), some.begin(), some.end());
  }

  AddressBlocks& permuted_;
  Ip4Singles& singles_;
  // The first bucket of each part, and the end: behind the one in which the part before may end. What of its neighbours
  // stands there all the same is left for afterwards.
  std::vector<uint32_t> borders_;
  std::vector<uint32_t> others_;
};

// The same with values, where sorting would take twice the memory.
class SinglesSink : public Ip4PieceSink {
 public:
  SinglesSink(Rep& rep, Ip4Watch& watch) : rep_(rep), watch_(watch) {}

  bool Piece(uint32_t first, uint32_t last, ValueId value) override {
    // Only its first and its last /24 can be partly listed.
    Part(first, std::min(last, first | 255), value);
    if (first >> 8 != last >> 8) Part(last & ~255u, last, value);
    return true;
  }

  // The first pass counts them.
  void Plan() {
    Flush();
    rep_.singles.Plan();
    insert_ = true;
  }
  void Flush() {
    const auto permuted = std::span(permuted_).first(count_);
    if (insert_) {
      for (size_t i = 0; i < count_; ++i) rep_.singles.Insert(permuted_[i], values_[i]);
      watch_.Inserted(permuted);
    } else {
      for (const uint32_t each : permuted) rep_.singles.Count(each);
    }
    count_ = 0;
  }

 private:
  void Part(uint32_t first, uint32_t last, ValueId value) {
    if (rep_.KindOf(first) != kSingles) return;
    for (uint64_t address = first; address <= last; ++address) {
      permuted_[count_] = rep_.permute(static_cast<uint32_t>(address));
      values_[count_] = value;
      if (insert_) __builtin_prefetch(rep_.singles.LineOf(permuted_[count_]), 1, 3);
      if (++count_ == kPending) Flush();
    }
  }

  static constexpr size_t kPending = 64;
  Rep& rep_;
  Ip4Watch& watch_;
  std::array<uint32_t, kPending> permuted_;
  std::array<ValueId, kPending> values_;
  size_t count_ = 0;
  bool insert_ = false;
};

// Single addresses are gathered in `permuted`, by thread, if it is not empty.
std::vector<Ip4MapPart> FillMap(const Ip4Stream& stream, ValueId common, std::span<AddressBlocks> permuted,
                                std::span<AddressPool* const> pools, Ip4Watch& watch, Rep& rep) {
  rep.map = HugeArray<uint64_t>(Rep::kMapWords);
  rep.top.assign(65536, 0);
  std::vector<Ip4MapPart> parts(Ip4Stream::kOctets);
  InParallel(parts.size(), static_cast<unsigned>(pools.size()), [&](unsigned thread, size_t part) {
    const auto octet = static_cast<unsigned>(part);
    Ip4MapSink sink(rep, common, permuted.empty() ? nullptr : &permuted[thread]);
    stream.Octet(octet, sink);
    parts[part] = sink.Finish();
    watch.Mapped(octet);
    if (!permuted.empty()) stream.Free(octet, *pools[thread]);
  });
  return parts;
}

}  // namespace

void LayOutIp4(const Ip4Stream& stream, uint32_t values, AddressPool* pool, Ip4Watch& watch, Rep& rep) {
  SmallSink small(rep);
  stream.All(small);
  if (small.fits()) {
    rep.starts.shrink_to_fit();
    rep.values.shrink_to_fit();
    rep.IndexPieces();
    return;
  }
  rep.starts = std::vector<uint32_t>();
  rep.values = std::vector<ValueId>();
  rep.addresses = 0;
  rep.used8.reset();
  rep.small = false;

  CountSink count(values);
  if (values > 2) stream.All(count);  // kNotListed and one more: nothing to count
  const ValueId common = values > 2 ? count.Common() : 1;

  // A thread takes from a pool of its own, which gets what the thread has read; the caller's has something already.
  std::vector<AddressPool> more_pools(WorkThreads() - 1);
  std::vector<AddressPool*> pools = {pool};
  for (AddressPool& each : more_pools) pools.push_back(&each);
  std::vector<AddressBlocks> permuted;
  if (common != kNotListed) {
    for (AddressPool* const each : pools) permuted.emplace_back(each);
  }

  std::vector<Ip4MapPart> parts = FillMap(stream, common, permuted, pools, watch, rep);
  uint64_t singles = 0;
  ValueId max_value = 0;
  for (const Ip4MapPart& part : parts) {
    singles += part.singles;
    max_value = std::max(max_value, part.max_value);
  }
  JoinIp4Map(parts, rep);
  rep.singles = Ip4Singles(singles, max_value, common);
  if (common != kNotListed) {
    for (AddressBlocks& each : std::span(permuted).subspan(1)) permuted[0].Append(std::move(each));
    SinglesFiller(permuted[0], rep.singles).Fill(common, watch);
  } else {
    SinglesSink sink(rep, watch);
    stream.All(sink);
    sink.Plan();
    stream.All(sink);
    sink.Flush();
  }
  rep.singles.Finish();
}

}  // namespace rblitz
