#include "loaders/read_ahead_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <random>
#include <string>

namespace rblitz {
namespace {

enum class End { kPlain, kError, kThrow };

// Gives `size` bytes, each of which tells its place, and then ends so.
class CountingSource final : public ByteSource {
 public:
  CountingSource(size_t size, End end) : size_(size), end_(end) {}

  static char At(size_t i) { return static_cast<char>(i ^ i >> 8 ^ i >> 16); }

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override {
    const size_t n = std::min(size, size_ - at_);
    for (size_t i = 0; i < n; ++i) out[i] = At(at_ + i);
    at_ += n;
    if (n < size && end_ == End::kError) return Fail("broken");
    if (n < size && end_ == End::kThrow) throw std::bad_alloc();
    return n;
  }

 private:
  const size_t size_;
  const End end_;
  size_t at_ = 0;
};

constexpr size_t kBuffer = ReadAheadSource::kBuffer;
constexpr size_t kSizes[] = {0, 1, kBuffer - 1, kBuffer, kBuffer + 1, 2 * kBuffer, 5 * kBuffer + 77};

std::unique_ptr<ReadAheadSource> Ahead(size_t size, End end) {
  std::unique_ptr<ByteSource> source = std::make_unique<CountingSource>(size, end);
  return std::make_unique<ReadAheadSource>(&source);
}

TEST(ReadAheadSource, GivesWhatTheOtherHasInPiecesOfAnySize) {
  std::mt19937 random(1);
  for (const size_t size : kSizes) {
    const auto source = Ahead(size, End::kPlain);
    std::string all;
    for (;;) {
      std::string piece(1 + random() % (random() % 2 == 0 ? 100'000 : 2 * kBuffer), '\0');
      const Result<size_t> n = source->Read(piece.data(), piece.size());
      ASSERT_TRUE(n);
      all.append(piece, 0, *n);
      if (*n < piece.size()) break;
    }
    ASSERT_EQ(all.size(), size);
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(all[i], CountingSource::At(i)) << i;
    char more = 0;
    EXPECT_EQ(source->Read(&more, 1).value(), 0u);
  }
}

TEST(ReadAheadSource, FailsWhereTheOtherDoes) {
  for (const size_t size : kSizes) {
    for (const End end : {End::kError, End::kThrow}) {
      const auto source = Ahead(size, end);
      // Whole buffers that came before it can be had.
      std::string whole(size / kBuffer * kBuffer, '\0');
      if (!whole.empty()) {
        ASSERT_EQ(source->Read(whole.data(), whole.size()).value(), whole.size());
      }
      char next = 0;
      if (end == End::kError) {
        EXPECT_EQ(source->Read(&next, 1).error().message, "broken");
      } else {
        EXPECT_THROW(std::ignore = source->Read(&next, 1), std::bad_alloc);
      }
    }
  }
}

TEST(ReadAheadSource, MayBeLeftAtAnyMoment) {
  for (size_t i = 0; i < 200; ++i) {
    const auto source = Ahead(10 * kBuffer, End::kPlain);
    std::string some(i % 4 * kBuffer / 2 + 1, '\0');
    if (i % 5 > 0) {
      ASSERT_EQ(source->Read(some.data(), some.size()).value(), some.size());
    }
  }
}

}  // namespace
}  // namespace rblitz
