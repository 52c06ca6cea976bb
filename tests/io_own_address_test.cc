#include <gtest/gtest.h>

#include "dataplane/io/own_address.h"

namespace rblitz::io {
namespace {

TEST(ParseOwnAddress, ReadsAddressAndLength) {
  const auto address = ParseOwnAddress("10.53.0.53/24");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->address, 0x0a350035u);
  EXPECT_EQ(address->prefix_length, 24);
  EXPECT_EQ(ParseOwnAddress("192.0.2.1/0")->prefix_length, 0);
  EXPECT_EQ(ParseOwnAddress("192.0.2.1/32")->prefix_length, 32);
}

TEST(ParseOwnAddress, SaysWhatIsWrong) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"10.53.0.53", "bad address '10.53.0.53': want ADDRESS/LENGTH"},
           {"10.53.0/24", "bad address '10.53.0/24'"},
           {"", "bad address '': want ADDRESS/LENGTH"},
           {"10.53.0.53/33", "bad prefix length in '10.53.0.53/33'"},
           {"10.53.0.53/", "bad prefix length in '10.53.0.53/'"},
           {"10.53.0.53/24x", "bad prefix length in '10.53.0.53/24x'"},
           {"10.53.0.53/-1", "bad prefix length in '10.53.0.53/-1'"},
           {"fd53::53/64", "bad address 'fd53::53/64': ports serve IPv4 only"},
       }) {
    const auto address = ParseOwnAddress(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().message, message);
  }
}

}  // namespace
}  // namespace rblitz::io
