#include "cli/config_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rblitz {
namespace {

TEST(ConfigValues, SecondsHaveUnits) {
  const std::pair<const char*, uint32_t> good[] = {{"0", 0},        {"90", 90},     {"35m", 2100},
                                                   {"1h", 3600},    {"7d", 604800}, {"2w", 1209600},
                                                   {"1h30m", 5400}, {"5s", 5},      {"2147483647", 2147483647}};
  for (const auto& [text, seconds] : good) EXPECT_EQ(ParseSeconds(text).value_or(4294967295u), seconds) << text;
  for (const char* bad : {"", "m", "1x", "1h30", "-1", "1.5h", "1 h", "2147483648", "99999999999", "9999w", "1h "}) {
    EXPECT_FALSE(ParseSeconds(bad)) << bad;
  }
}

TEST(ConfigValues, SizesHaveBinaryUnits) {
  const std::pair<const char*, uint64_t> good[] = {
      {"1", 1}, {"4096", 4096}, {"1K", 1024}, {"64M", 64 << 20}, {"2G", uint64_t{2} << 30}, {"1T", uint64_t{1} << 40}};
  for (const auto& [text, bytes] : good) EXPECT_EQ(ParseBytes(text).value_or(0), bytes) << text;
  for (const char* bad : {"", "0", "0M", "M", "1.5G", "-1", "1k", "1MB", " 1", "20000000T", "99999999999999999999"}) {
    EXPECT_FALSE(ParseBytes(bad)) << bad;
  }
}

TEST(ConfigValues, RangesArePrefixLengthsOrNumbersOfAddresses) {
  EXPECT_EQ(ParseMaxRange("/32").value_or(0), 1u);
  EXPECT_EQ(ParseMaxRange("/8").value_or(0), 1u << 24);
  EXPECT_EQ(ParseMaxRange("65536").value_or(0), 65536u);
  for (const char* bad : {"", "/", "/0", "/33", "0", "8/", "-1", "4294967296"}) EXPECT_FALSE(ParseMaxRange(bad)) << bad;
}

TEST(ConfigValues, DomainNamesKeepTheLimitsOfTheDns) {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  EXPECT_EQ(ParseDomainName(longest).value_or(""), longest);
  EXPECT_EQ(ParseDomainName("_Dmarc.Example.").value_or(""), "_dmarc.example");
  for (const std::string& bad :
       {std::string(""), std::string("."), longest + "b", label + "a.example", std::string("a..b"), std::string(".a"),
        std::string("a.."), std::string("a b"), std::string("a\\.b")}) {
    EXPECT_FALSE(ParseDomainName(bad)) << bad;
  }
}

}  // namespace
}  // namespace rblitz
