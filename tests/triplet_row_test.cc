#include "tables/triplet_row.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace rblitz {
namespace {

using Random = std::mt19937_64;

constexpr uint32_t kNow = 1800000000;
constexpr TripletRules kRules;

TripletRow Row(TripletKind kind = TripletKind::kNetwork) {
  return {.key = {.network = 1, .fingerprint = 2, .kind = kind}};
}

TripletRow At(uint32_t first, bool passed, uint32_t last) {
  TripletRow row = Row();
  row.first = first;
  row.passed = passed;
  row.last_minutes = MinutesOf(last);
  return row;
}

// Around now, the window's end and the lifetime's end, on both sides; some of the future.
uint32_t RandomTime(Random& random) {
  const uint32_t ends[] = {0, kRules.delay_seconds, kRules.window_seconds, kRules.lifetime_seconds};
  return static_cast<uint32_t>(kNow - ends[random() % 4] + random() % 7200 - 3600);
}

TripletRow RandomRow(Random& random, TripletKind kind) {
  TripletRow row = Row(kind);
  row.first = RandomTime(random);
  row.last_minutes = MinutesOf(std::max(row.first, RandomTime(random)));
  // So long ago that hours are no longer told apart.
  if (kind == TripletKind::kClient && random() % 3 == 0) row.first -= static_cast<uint32_t>(random() % 20000000);
  row.epoch = static_cast<uint16_t>(random() % 3);
  row.forgotten = random() % 5 == 0;
  if (kind == TripletKind::kNetwork || kind == TripletKind::kDomain) row.passed = !row.forgotten && random() % 2 == 0;
  if (row.forgotten) return row;
  for (uint64_t i = random() % 6; i > 0; --i) {
    if (kind == TripletKind::kClient)
      row.payload = WithCredit(row, static_cast<uint32_t>(row.first + random() % 20000000));
    if (kind == TripletKind::kSenderDomain) row.payload = WithSender(row.payload, random() % 5);
  }
  return row;
}

// What a store does with rows of one key: leaves expired ones out, then joins.
std::vector<TripletRow> Joined(const std::vector<TripletRow>& rows) {
  std::vector<TripletRow> result;
  for (const TripletRow& row : rows) {
    const TripletRow clamped = Clamped(row, kNow);
    if (IsExpired(clamped, kRules, kNow)) continue;
    if (result.empty()) {
      result = {clamped};
    } else {
      result[0] = Join(result[0], clamped);
    }
  }
  return result;
}

TEST(TripletRow, JoinIsCommutativeAssociativeAndIdempotent) {
  size_t joined = 0;
  for (const TripletKind kind :
       {TripletKind::kNetwork, TripletKind::kDomain, TripletKind::kClient, TripletKind::kSenderDomain}) {
    Random random(static_cast<uint64_t>(kind));
    for (int i = 0; i < 50000; ++i) {
      const TripletRow a = RandomRow(random, kind);
      const TripletRow b = RandomRow(random, kind);
      const TripletRow c = RandomRow(random, kind);
      const auto ab = Joined({a, b});
      ASSERT_EQ(ab, Joined({b, a}));
      ASSERT_EQ(Joined({a}), Joined({a, a}));
      ASSERT_EQ(Joined({a, b, b, a}), ab);
      std::vector<TripletRow> left = ab;
      left.push_back(c);
      std::vector<TripletRow> right = Joined({b, c});
      right.push_back(a);
      ASSERT_EQ(Joined(left), Joined(right));
      // What was joined is not expired, or joining once more would lose it.
      ASSERT_EQ(Joined(ab), ab);
      joined += ab.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(joined, 100000u);
}

TEST(TripletRow, AConfirmedRowDoesNotLoseToAReset) {
  const TripletRow confirmed = At(kNow - 5000, true, kNow - 100);
  const TripletRow reset = At(kNow - 10, false, kNow - 10);
  EXPECT_EQ(Joined({reset, confirmed}), Joined({confirmed, reset}));
  EXPECT_TRUE(Joined({reset, confirmed})[0].passed);
}

TEST(TripletRow, ALeftoverPendingCopyDoesNotPullFirstBack) {
  const TripletRow leftover = At(kNow - kRules.window_seconds - 1, false, kNow - kRules.window_seconds - 1);
  const TripletRow anew = At(kNow - 10, false, kNow - 10);
  EXPECT_EQ(Joined({leftover, anew}), Joined({anew}));
}

TEST(TripletRow, AMarkerBeatsItsEpochAndLosesToTheNext) {
  TripletRow confirmed = At(kNow - 5000, true, kNow);
  confirmed.epoch = 7;
  TripletRow marker = At(kNow - 1, false, kNow - 1);
  marker.epoch = 7;
  marker.forgotten = true;
  EXPECT_EQ(Join(confirmed, marker), marker);
  confirmed.epoch = 8;
  EXPECT_EQ(Join(confirmed, marker), confirmed);
}

TEST(TripletRow, TimesOfTheFutureBecomeNow) {
  const TripletRow row = Clamped(At(kNow + 500, true, kNow + 5000), kNow);
  EXPECT_EQ(row.first, kNow);
  EXPECT_EQ(row.last_minutes, MinutesOf(kNow));
  TripletRow client = Row(TripletKind::kClient);
  client.first = kNow + 7200;
  client.payload = WithCredit(client, kNow + 50000);
  EXPECT_EQ(Credits(client), 2u);
  EXPECT_EQ(Credits(Clamped(client, kNow)), 1u);
}

TEST(TripletRow, ExpiresAfterTheWindowOrTheLifetime) {
  EXPECT_FALSE(IsExpired(At(kNow - kRules.window_seconds, false, kNow), kRules, kNow));
  EXPECT_TRUE(IsExpired(At(kNow - kRules.window_seconds - 1, false, kNow), kRules, kNow));
  EXPECT_FALSE(IsExpired(At(1, true, kNow - kRules.lifetime_seconds), kRules, kNow));
  EXPECT_TRUE(IsExpired(At(1, true, kNow - kRules.lifetime_seconds - 60), kRules, kNow));
}

TEST(TripletRow, CountsCreditsOfDifferentHoursAndKeepsTheEarliest) {
  TripletRow client = Row(TripletKind::kClient);
  client.first = kNow / 3600 * 3600;
  EXPECT_EQ(Credits(client), 1u);
  for (const uint32_t hour : {9u, 0u, 2u, 9u, 5u, 2u})
    client.payload = WithCredit(client, client.first + hour * 3600 + 7);
  EXPECT_EQ(Credits(client), 4u);
  const uint64_t four = client.payload;
  client.payload = WithCredit(client, client.first + 3 * 3600);
  EXPECT_EQ(Credits(client), 5u);
  const uint64_t five = client.payload;
  EXPECT_NE(five, four);
  client.payload = WithCredit(client, client.first + 100 * 3600);
  EXPECT_EQ(client.payload, five);
}

TEST(TripletRow, KeepsTheTwoSmallestSenders) {
  uint64_t payload = 0;
  EXPECT_EQ(Senders(payload), 0u);
  payload = WithSender(payload, 0x900000000000007);
  EXPECT_EQ(Senders(payload), 1u);
  EXPECT_EQ(WithSender(payload, 7), payload);
  payload = WithSender(payload, 9);
  EXPECT_EQ(Senders(payload), 2u);
  EXPECT_EQ(WithSender(payload, 10), payload);
  EXPECT_EQ(WithSender(payload, 8), WithSender(WithSender(0, 8), 7));
}

}  // namespace
}  // namespace rblitz
