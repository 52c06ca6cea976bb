// How the load generator counts: latencies, when questions are due, which rate holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "cli/blast/counts.h"
#include "cli/blast/histogram.h"
#include "cli/blast/pace.h"
#include "cli/blast/rate_search.h"

namespace rblitz::blast {
namespace {

TEST(Histogram, EveryValueHasABucketWhoseLargestValueIsLessThanOnePartIn128Above) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> values = {0, 1, 127, 128, 129, 255, 256, 257, 511, 512, 65535, 65536, Histogram::kLargest};
  for (int i = 0; i < 100000; ++i) values.push_back(random() % (uint64_t{1} << (1 + random() % 40)));
  for (const uint64_t value : values) {
    const size_t bucket = Histogram::BucketOf(value);
    const uint64_t largest = Histogram::LargestOf(bucket);
    ASSERT_LE(value, largest);
    ASSERT_LE(largest - value, value / 128) << value;
    ASSERT_TRUE(bucket == 0 || Histogram::LargestOf(bucket - 1) < value) << value;
    ASSERT_EQ(Histogram::BucketOf(largest), bucket);
  }
}

TEST(Histogram, BucketsFollowEachOtherWithoutAGap) {
  for (size_t bucket = 0; bucket < Histogram::BucketOf(Histogram::kLargest); ++bucket) {
    ASSERT_EQ(Histogram::BucketOf(Histogram::LargestOf(bucket) + 1), bucket + 1);
  }
}

TEST(Histogram, PercentilesAreThoseOfTheSortedValues) {
  std::mt19937_64 random(2);
  for (const size_t size : {1u, 2u, 3u, 10u, 99u, 1000u, 12345u}) {
    Histogram histogram;
    std::vector<uint64_t> values;
    for (size_t i = 0; i < size; ++i) {
      values.push_back(random() % (uint64_t{1} << (1 + random() % 35)));
      histogram.Record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double share : {0.0, 0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = std::max<size_t>(static_cast<size_t>(std::ceil(share * static_cast<double>(size))), 1);
      const uint64_t right = values[rank - 1];
      EXPECT_GE(histogram.Percentile(share), right) << size << " " << share;
      EXPECT_LE(histogram.Percentile(share), right + right / 128) << size << " " << share;
    }
    EXPECT_EQ(histogram.max(), values.back());
    EXPECT_EQ(histogram.Percentile(1), values.back());
  }
}

TEST(Histogram, OfNothingIsZeroAndWhatIsTooLargeCountsAtTheEnd) {
  Histogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  for (int i = 0; i < 3; ++i) histogram.Record(UINT64_MAX);
  EXPECT_EQ(histogram.Percentile(0.5), Histogram::kLargest);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
}

TEST(Histogram, OfSeveralThreadsIsThatOfAllTheirValues) {
  Histogram whole;
  Histogram parts[3];
  std::mt19937_64 random(3);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t value = random() % 1000000;
    whole.Record(value);
    parts[i % 3].Record(value);
  }
  parts[0].Add(parts[1]);
  parts[0].Add(parts[2]);
  EXPECT_EQ(parts[0].count(), whole.count());
  EXPECT_EQ(parts[0].max(), whole.max());
  for (const double share : {0.1, 0.5, 0.99}) EXPECT_EQ(parts[0].Percentile(share), whole.Percentile(share));
}

TEST(Counts, LossIsWhatWasDueAndGotNoAnswerInTime) {
  Counts counts;
  EXPECT_EQ(counts.loss(), 1);
  counts.sent = 900;
  counts.unsent = 100;
  counts.lost = 50;
  EXPECT_DOUBLE_EQ(counts.loss(), 0.15);
}

TEST(Counts, OfThreadsAddUpButForTheirTimeAndKeepTenMistakes) {
  Counts one;
  one.sent = 5;
  one.rcodes[3] = 2;
  one.elapsed = 70;
  one.mistakes.assign(7, "a");
  Counts two = one;
  two.elapsed = 90;
  one.Add(two);
  EXPECT_EQ(one.sent, 10u);
  EXPECT_EQ(one.rcodes[3], 4u);
  EXPECT_EQ(one.elapsed, 90u);
  EXPECT_EQ(one.mistakes.size(), 10u);
}

TEST(Pace, QuestionsAreDueWhereMultiplicationSaysHoweverManyThereAre) {
  for (const uint64_t millirate :
       {1ull, 999ull, 1000ull, 3000ull, 7777777ull, 1000000000ull, 3333333333ull, 123456789012ull, 1000000000000ull}) {
    constexpr uint64_t kStart = 5'000'000'007;
    Pace pace(kStart, millirate);
    for (uint64_t i = 0; i < 100000; ++i) {
      const __uint128_t whole = static_cast<__uint128_t>(i) * 1'000'000'000'000u;
      ASSERT_EQ(pace.next(), kStart + static_cast<uint64_t>(whole / millirate)) << millirate << " " << i;
      ASSERT_EQ(pace.taken(), i);
      pace.Take();
    }
  }
}

TEST(Pace, AsManyAreDueBeforeATimeAsOneFindsByTaking) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 200; ++round) {
    const uint64_t millirate = 1000 + random() % 100'000'000'000;
    const uint64_t start = random() % 1'000'000'000;
    const Pace whole(start, millirate);
    const uint64_t end = start + random() % (2000 * (1'000'000'000'000 / millirate + 1));
    uint64_t due = 0;
    for (Pace pace(start, millirate); pace.next() < end; pace.Take()) ++due;
    ASSERT_EQ(whole.DueBefore(end), due) << millirate;
  }
  EXPECT_EQ(Pace(100, 1000).DueBefore(100), 0u);
  EXPECT_EQ(Pace(100, 1000).DueBefore(50), 0u);
  EXPECT_EQ(Pace(100, 1000).DueBefore(101), 1u);
}

// Of a Poisson process: as many as the rate says, gaps that vary as much as they are long, and no clock in them.
TEST(Pace, RandomArrivalsHaveTheRateAndKnowNothingOfOneAnother) {
  for (const uint64_t millirate : {1'000'000ull, 50'000'000ull, 5'000'000'000ull}) {
    constexpr uint64_t kCount = 200'000;
    const double mean = 1e12 / static_cast<double>(millirate);
    Pace pace(1000, millirate, 7);
    Pace same(1000, millirate, 7);
    double squares = 0;
    double products = 0;
    double before = mean;
    for (uint64_t i = 0; i < kCount; ++i) {
      const uint64_t due = pace.next();
      ASSERT_EQ(same.next(), due);
      pace.Take();
      same.Take();
      const double gap = static_cast<double>(pace.next() - due);
      squares += (gap - mean) * (gap - mean);
      products += (gap - mean) * (before - mean);
      before = gap;
    }
    const double elapsed = static_cast<double>(pace.next() - 1000);
    EXPECT_NEAR(elapsed / static_cast<double>(kCount), mean, 0.02 * mean) << millirate;
    EXPECT_NEAR(squares / static_cast<double>(kCount), mean * mean, 0.05 * mean * mean) << millirate;
    EXPECT_NEAR(products / squares, 0, 0.02) << millirate;
    EXPECT_NE(Pace(1000, millirate, 8).next(), Pace(1000, millirate, 7).next());
  }
}

TEST(Pace, RandomArrivalsThatWereNeverTakenCountAsManyAsThereAreInTheMean) {
  Pace pace(0, 1'000'000, 3);
  EXPECT_NEAR(static_cast<double>(pace.DueBefore(10'000'000'000)), 10'000, 10);
  while (pace.next() < 1'000'000'000) pace.Take();
  EXPECT_EQ(pace.DueBefore(1'000'000'000), pace.taken());
  EXPECT_EQ(Pace(100, 1'000'000, 3).DueBefore(100), 0u);
}

// The rate that a search finds where `holds` says what does.
template <class Holds>
double Search(const RateSearch::Bounds& bounds, const Holds& holds, size_t* steps = nullptr) {
  RateSearch search(bounds);
  size_t n = 0;
  for (; search.next(); ++n) {
    EXPECT_LT(n, 1000u);
    EXPECT_GE(*search.next(), bounds.least);
    EXPECT_LE(*search.next(), bounds.most);
    if (n >= 1000) break;
    search.Report(holds(*search.next()));
  }
  if (steps != nullptr) *steps = n;
  return search.found();
}

TEST(RateSearch, FindsALimitAsNearlyAsAsked) {
  for (const double limit : {1000.0, 1001.0, 1999.0, 54321.0, 3e6, 99e6}) {
    for (const double precision : {0.5, 0.05, 0.01}) {
      const double found = Search({.precision = precision}, [=](double rate) { return rate <= limit; });
      EXPECT_LE(found, limit);
      EXPECT_GE(found, limit / (1 + precision) * 0.999) << limit << " " << precision;
    }
  }
}

TEST(RateSearch, EndsAtItsBounds) {
  EXPECT_EQ(Search({.least = 1000, .most = 5000}, [](double) { return true; }), 5000);
  EXPECT_EQ(Search({.least = 1000, .most = 1000}, [](double) { return true; }), 1000);
  EXPECT_EQ(Search({.least = 1000, .most = 5000}, [](double) { return false; }), 0);
}

TEST(RateSearch, TheRateFoundHeldAsOftenAsAsked) {
  for (const unsigned repeats : {0u, 1u, 5u}) {
    std::vector<double> tried;
    const double found = Search({.least = 10, .most = 1000, .repeats = repeats}, [&](double rate) {
      tried.push_back(rate);
      return rate < 300;
    });
    EXPECT_GE(std::count(tried.begin(), tried.end(), found), repeats + 1);
  }
}

TEST(RateSearch, GoesDownWhereARateDoesNotHoldAgainAndEndsWhateverTheAnswersAre) {
  // 300 is reached while the server is fresh, and only 100 later.
  size_t n = 0;
  const double found =
      Search({.least = 10, .most = 1000, .repeats = 2}, [&](double rate) { return rate < (++n < 9 ? 300 : 100); });
  EXPECT_LT(found, 100);
  EXPECT_GT(found, 10);
  std::mt19937_64 random(5);
  for (int round = 0; round < 1000; ++round) {
    size_t steps = 0;
    Search(
        {.repeats = 3}, [&](double) { return random() % 4 != 0; }, &steps);
    EXPECT_LT(steps, 200u);
  }
}

}  // namespace
}  // namespace rblitz::blast
