// Lines taken apart on two threads: as they are on one, whichever has to wait, and who waits gets more of them to do.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loaders/split_lines.h"

namespace rblitz {
namespace {

// Text that takes a while for each buffer of it, and may end by throwing.
class SlowSource final : public ByteSource {
 public:
  SlowSource(std::string_view text, std::chrono::milliseconds pause, bool throws)
      : rest_(text), pause_(pause), throws_(throws) {}
  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override {
    std::this_thread::sleep_for(pause_);
    const size_t n = rest_.copy(out, size);
    rest_.remove_prefix(n);
    if (n < size && throws_) throw std::bad_alloc();
    return n;
  }

 private:
  std::string_view rest_;
  const std::chrono::milliseconds pause_;
  const bool throws_;
};

std::string RandomLines(size_t lines) {
  std::mt19937 random(5);
  std::string text;
  for (size_t i = 0; i < lines; ++i) {
    for (const char* const point : {".", ".", ".", ""}) text += std::to_string(random() % 256) + point;
    if (random() % 16 == 0) text += "/32";
    text += random() % 8 == 0 ? "\r\n" : "\n";
  }
  return text;
}

struct Seen {
  std::vector<uint32_t> addresses;
  std::vector<std::pair<uint64_t, std::string>> others;  // with their numbers
  uint64_t lines = 0;                                    // of blocks before this one
  bool operator==(const Seen&) const = default;

  void operator()(std::span<const uint32_t> run) { addresses.insert(addresses.end(), run.begin(), run.end()); }
  void operator()(uint64_t number, std::string_view line) { others.emplace_back(lines + number, line); }
};

// What comes of it, and how much of each block but the last was left to who took it.
struct Taken {
  Seen seen;
  std::vector<size_t> left;
};
Taken Take(std::unique_ptr<ByteSource> source, std::chrono::milliseconds pause) {
  LineReader reader(std::move(source));
  SplitLinesAhead ahead(&reader);
  Taken taken;
  for (;;) {
    const SplitLinesAhead::Block& block = ahead.Next();
    EXPECT_TRUE(block.read);
    if (block.is_end || !block.read) break;
    taken.left.push_back(block.rest.size());
    taken.seen.lines += block.lines.ForEach([&](auto run) { taken.seen(run); },
                                            [&](uint64_t number, auto line) { taken.seen(number, line); });
    std::this_thread::sleep_for(pause);
  }
  if (!taken.left.empty()) taken.left.pop_back();
  return taken;
}

class SplitAheadTest : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kNoPause{0};
  static constexpr std::chrono::milliseconds kPause{10};

  SplitAheadTest() : text_(RandomLines(500'000)) {
    const std::string padded = text_ + std::string(kBlockSlack, '9');
    uint32_t buffer[64];
    expected_.lines = SplitPlainLines(std::string_view(padded).substr(0, text_.size()), buffer, expected_, expected_);
  }
  [[nodiscard]] std::unique_ptr<ByteSource> Source(std::chrono::milliseconds pause, bool throws = false) const {
    return std::make_unique<SlowSource>(text_, pause, throws);
  }

  const std::string text_;
  Seen expected_;
};

TEST_F(SplitAheadTest, TheLinesAreTheSame) {
  const Taken taken = Take(Source(kNoPause), kNoPause);
  EXPECT_EQ(taken.seen, expected_);
  EXPECT_GT(taken.left.size(), 20u);
}

TEST_F(SplitAheadTest, WhoWaitsForLinesTakesMoreOfThemApart) {
  const Taken taken = Take(Source(kPause), kNoPause);
  EXPECT_EQ(taken.seen, expected_);
  EXPECT_GT(taken.left.front(), 0u);
  EXPECT_GT(std::ranges::max(taken.left), taken.left.front() * 3 / 2);
}

TEST_F(SplitAheadTest, WhoIsSlowTakesFewerOfThemApart) {
  const Taken taken = Take(Source(kNoPause), kPause);
  EXPECT_EQ(taken.seen, expected_);
  EXPECT_LT(std::ranges::min(taken.left), taken.left.front() / 2);
}

TEST_F(SplitAheadTest, WhatTheReaderThrowsIsThrownToWhoTakesLines) {
  EXPECT_THROW((void)Take(Source(kNoPause, true), kNoPause), std::bad_alloc);
}

TEST_F(SplitAheadTest, WhoStopsTakingLinesNeedNotTakeThemAll) {
  LineReader reader(Source(kNoPause));
  SplitLinesAhead ahead(&reader);
  EXPECT_TRUE(ahead.Next().read);
  std::this_thread::sleep_for(kPause);  // the thread has made all that there is room for, and sleeps
}

}  // namespace
}  // namespace rblitz
