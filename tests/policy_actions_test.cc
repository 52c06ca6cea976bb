#include <gtest/gtest.h>

#include "cli/policy/actions.h"
#include "cli/policy/rules.h"

namespace rblitz::policy {
namespace {

constexpr std::time_t kNow = 1700000000;

class PolicyActions : public testing::Test {
 protected:
  std::string Of(Outcome outcome, std::string_view text = "", std::string_view instance = "") {
    return std::string(actions_.Of(outcome, LookFromText(text), InstanceHash(instance), kNow, &headers_));
  }

  Actions actions_{"Greylisted, try again in %s s", true, "REJECT no", "mx.test"};
  uint64_t headers_ = 0;
};

TEST_F(PolicyActions, ADeferSaysHowLong) {
  EXPECT_TRUE(actions_.WantsLook(Outcome::kDeferred, 0));
  EXPECT_EQ(Of(Outcome::kDeferred, "v=grey1 s=defer wait=287 first=1699999987 why=early"),
            "DEFER_IF_PERMIT 4.2.0 Greylisted, try again in 287 s");
  for (const char* text : {"", "v=grey1", "v=grey2 wait=5", "v=grey1 wait=", "v=grey1 wait=99999999999", "wait=7"}) {
    EXPECT_EQ(Of(Outcome::kDeferred, text), "DEFER_IF_PERMIT 4.2.0 Greylisted, try again later") << text;
  }
  Actions plain("see https://example.com", true, "DUNNO", "mx.test");
  EXPECT_FALSE(plain.WantsLook(Outcome::kDeferred, 0));
  EXPECT_EQ(plain.Of(Outcome::kDeferred, {}, 0, kNow, &headers_), "DEFER_IF_PERMIT 4.2.0 see https://example.com");
}

TEST_F(PolicyActions, AMailGetsItsHeaderOnce) {
  const std::string look = "v=grey1 s=pass wait=0 first=1699999688 why=known";
  EXPECT_TRUE(actions_.WantsLook(Outcome::kMatured, InstanceHash("1.2")));
  EXPECT_EQ(Of(Outcome::kMatured, look, "1.2"), "PREPEND X-Greylist: delayed 312 seconds by rblitz at mx.test");
  EXPECT_FALSE(actions_.WantsLook(Outcome::kMatured, InstanceHash("1.2")));
  EXPECT_EQ(Of(Outcome::kMatured, look, "1.2"), "DUNNO");
  EXPECT_EQ(Of(Outcome::kMatured, look, "1.3"), "PREPEND X-Greylist: delayed 312 seconds by rblitz at mx.test");
  EXPECT_EQ(Of(Outcome::kMatured, "", "1.4"), "PREPEND X-Greylist: delayed by rblitz at mx.test");
  EXPECT_EQ(Of(Outcome::kMatured, "v=grey1 first=1800000000", "1.5"),
            "PREPEND X-Greylist: delayed by rblitz at mx.test");
  // Without an instance nobody knows which mail it is.
  EXPECT_EQ(Of(Outcome::kMatured, look).substr(0, 7), "PREPEND");
  EXPECT_EQ(Of(Outcome::kMatured, look).substr(0, 7), "PREPEND");
  EXPECT_EQ(headers_, 6u);
}

TEST_F(PolicyActions, EverythingElsePasses) {
  for (size_t i = 0; i < kOutcomeNames.size(); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    if (outcome == Outcome::kDeferred || outcome == Outcome::kMatured) continue;
    EXPECT_EQ(Of(outcome), outcome == Outcome::kBlocked ? "REJECT no" : "DUNNO") << NameOf(outcome);
    EXPECT_FALSE(actions_.WantsLook(outcome, 0));
  }
  Actions without("x", false, "DUNNO", "mx.test");
  EXPECT_FALSE(without.WantsLook(Outcome::kMatured, 1));
  EXPECT_EQ(without.Of(Outcome::kMatured, {}, 1, kNow, &headers_), "DUNNO");
}

TEST(PolicyOutcome, OnlyOneCodeDefers) {
  EXPECT_EQ(OutcomeOf(0x7f000004), Outcome::kDeferred);
  EXPECT_EQ(OutcomeOf(0x7f000002), Outcome::kMatured);
  EXPECT_EQ(OutcomeOf(0x7f00000a), Outcome::kBlocked);
  for (const uint32_t a : {0u, 0x7f000001u, 0x7f000005u, 0x7f00000bu, 0x04000000u, 0x0400007fu, 0x08080808u}) {
    EXPECT_EQ(OutcomeOf(a), Outcome::kOther) << a;
  }
}

}  // namespace
}  // namespace rblitz::policy
