#include "tables/ip4_stream.h"

#include <algorithm>

namespace rblitz {

namespace {

constexpr size_t kWorthRun = 32;  // addresses that are handed on together

uint64_t BeginOf(unsigned octet) { return uint64_t{octet} << 24; }

// Joins neighbours, and hands on what stands apart in runs.
class Joiner {
 public:
  Joiner(Ip4SinglesCursor singles, Ip4PieceSink& sink) : singles_(singles), sink_(sink) {}

  void Below(uint64_t stop) {
    while (more_ && singles_.more() && singles_.address() < stop) {
      const size_t apart = singles_.CountApart(end_, stop);
      if (apart < kWorthRun) {
        for (size_t n = std::max<size_t>(apart, 1); more_ && n > 0; --n) Single();
      } else {
        Flush();
        if (more_) more_ = sink_.Apart(singles_.alike().first(apart), singles_.value());
        singles_.Skip(apart);
      }
    }
  }
  // A segment [from, to) and the single addresses in it.
  void Segment(uint64_t from, uint64_t to, ValueId value) {
    while (more_ && singles_.more() && singles_.address() < to) {
      const uint32_t inside = singles_.address();
      Piece(from, inside, value);
      Single();
      from = uint64_t{inside} + 1;
    }
    Piece(from, to, value);
  }
  void Flush() {
    if (value_ != kNotListed) {
      more_ = sink_.Piece(static_cast<uint32_t>(first_), static_cast<uint32_t>(end_ - 1), value_);
    }
    value_ = kNotListed;
  }
  [[nodiscard]] bool more() const { return more_; }

 private:
  void Piece(uint64_t from, uint64_t to, ValueId next) {
    if (from >= to) return;
    if (from == end_ && next == value_) {
      end_ = to;
      return;
    }
    Flush();
    first_ = from;
    end_ = to;
    value_ = next;
  }
  void Single() {
    const uint32_t at = singles_.address();
    Piece(at, uint64_t{at} + 1, singles_.value());
    singles_.Next();
  }

  Ip4SinglesCursor singles_;
  Ip4PieceSink& sink_;
  uint64_t first_ = 0;
  uint64_t end_ = 0;  // of the piece so far
  ValueId value_ = kNotListed;
  bool more_ = true;
};

}  // namespace

Ip4Stream::Ip4Stream(std::span<const Ip4Segment> segments, const AddressBlocks& bare, ValueId bare_value,
                     std::span<const uint64_t> keyed)
    : segments_(segments), bare_(bare), bare_value_(bare_value), keyed_(keyed) {
  const std::span<const AddressBlocks::Chunk> chunks = bare.chunks();
  size_t at = 0;
  for (unsigned octet = 0; octet < kOctets; ++octet) {
    while (at < chunks.size() && chunks[at].back() < BeginOf(octet)) ++at;
    chunks_[octet] = {at, at};
    size_t& last = chunks_[octet].last;
    while (last < chunks.size() && chunks[last].front() < BeginOf(octet + 1)) ++last;
  }
}

Ip4SinglesCursor Ip4Stream::SinglesOf(unsigned first, unsigned last) const {
  const auto keyed_from = std::ranges::lower_bound(keyed_, BeginOf(first) << 32);
  const auto keyed_to = last + 1 == kOctets ? keyed_.end() : std::ranges::lower_bound(keyed_, BeginOf(last + 1) << 32);
  const auto chunks = bare_.chunks().subspan(chunks_[first].first, chunks_[last].last - chunks_[first].first);
  Ip4SinglesCursor singles(chunks, bare_value_, {keyed_from, keyed_to});
  singles.SkipTo(static_cast<uint32_t>(BeginOf(first)));
  return singles;
}

std::span<const Ip4Segment> Ip4Stream::SegmentsOf(unsigned first, unsigned last) const {
  const auto from = std::ranges::lower_bound(segments_, BeginOf(first), {}, &Ip4Segment::last);
  return {from, std::ranges::lower_bound(from, segments_.end(), BeginOf(last + 1), {}, &Ip4Segment::first)};
}

void Ip4Stream::Between(unsigned first, unsigned last, Ip4PieceSink& sink) const {
  const uint64_t begin = BeginOf(first);
  const uint64_t end = BeginOf(last + 1);
  Joiner joiner(SinglesOf(first, last), sink);
  for (const Ip4Segment& segment : SegmentsOf(first, last)) {
    const uint64_t from = std::max<uint64_t>(segment.first, begin);
    joiner.Below(from);
    joiner.Segment(from, std::min(uint64_t{segment.last} + 1, end), segment.value);
    if (!joiner.more()) return;
  }
  joiner.Below(end);
  if (joiner.more()) joiner.Flush();
}

void Ip4Stream::Free(unsigned octet, AddressPool& pool) const {
  const auto [first, last] = chunks_[octet];
  for (const AddressBlocks::Chunk& chunk : bare_.chunks().subspan(first, last - first)) bare_.Free(chunk, pool);
}

}  // namespace rblitz
