#include "dataplane/dns/name.h"

#include <gtest/gtest.h>

#include <string>

namespace rblitz::dns {
namespace {

std::string RoundTrip(std::string_view text) {
  const Name name = NameFromText(text);
  if (name.size == 0) return "bad";
  char out[4 * kMaxName];
  return {out, NameToText(name.bytes.data(), out)};
}

TEST(Name, TextComesBackAsItWas) {
  for (const char* text : {"a", "bl.example.com", "Case.Kept", "with\\.dot.example", "a\\\\b", "\\000\\255x", "."}) {
    EXPECT_EQ(RoundTrip(text), text);
  }
  EXPECT_EQ(RoundTrip(""), ".");
  EXPECT_EQ(RoundTrip("final.dot."), "final.dot");
  EXPECT_EQ(RoundTrip("\\065b"), "Ab");
}

TEST(Name, WireFormIsLengthsAndBytes) {
  const Name name = NameFromText("bl.example");
  EXPECT_EQ(std::string(name.bytes.begin(), name.bytes.begin() + name.size), std::string("\2bl\7example\0", 12));
}

TEST(Name, BadTextIsNoName) {
  for (const char* text : {"..", "a..b", ".a", "a\\", "a\\1", "a\\25", "a\\256", "a\\2x5"})
    EXPECT_EQ(RoundTrip(text), "bad") << text;
}

TEST(Name, LabelAndNameLimitsAreExact) {
  EXPECT_NE(RoundTrip(std::string(63, 'a')), "bad");
  EXPECT_EQ(RoundTrip(std::string(64, 'a')), "bad");
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  EXPECT_EQ(NameFromText(longest).size, 255);
  EXPECT_NE(RoundTrip(longest), "bad");
  EXPECT_EQ(RoundTrip(longest + "b"), "bad");
  EXPECT_EQ(RoundTrip(longest + ".b"), "bad");
}

TEST(Name, ComparisonIgnoresCaseOfLettersOnly) {
  const auto same = [](std::string_view a, std::string_view b) {
    const Name x = NameFromText(a);
    const Name y = NameFromText(b);
    return x.size == y.size && SameName(x.bytes.data(), y.bytes.data(), x.size);
  };
  EXPECT_TRUE(same("BL.Example", "bl.eXAMPLE"));
  EXPECT_FALSE(same("a@", "a`"));
  EXPECT_FALSE(same("a[", "a{"));
  EXPECT_FALSE(same("\\193", "\\225"));
}

}  // namespace
}  // namespace rblitz::dns
