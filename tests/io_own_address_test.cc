#include <gtest/gtest.h>

#include "dataplane/io/own_address.h"

namespace rblitz::io {
namespace {

TEST(ParseOwnAddress, ReadsAddressAndLength) {
  const auto address = ParseOwnAddress("10.53.0.53/24");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->address, 0x0a350035u);
  EXPECT_EQ(address->prefix_length, 24);
  for (const char* good : {"192.0.2.1/1", "10.0.0.0/31", "10.0.0.1/31", "10.0.0.0/32", "223.255.255.255/32"}) {
    EXPECT_TRUE(ParseOwnAddress(good)) << good;
  }
}

TEST(ParseOwnAddress, SaysWhatIsWrong) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"10.53.0.53", "bad address '10.53.0.53' (as in 10.53.0.53/24)"},
           {"10.53.0/24", "bad address '10.53.0/24' (as in 10.53.0.53/24)"},
           {"", "bad address '' (as in 10.53.0.53/24)"},
           {"10.53.0.53/33", "bad prefix length in '10.53.0.53/33' (1 to 32)"},
           {"10.53.0.53/0", "bad prefix length in '10.53.0.53/0' (1 to 32)"},
           {"10.53.0.53/", "bad prefix length in '10.53.0.53/' (1 to 32)"},
           {"10.53.0.53/24x", "bad prefix length in '10.53.0.53/24x' (1 to 32)"},
           {"10.53.0.53/-1", "bad prefix length in '10.53.0.53/-1' (1 to 32)"},
           {"fd53::53/64", "IPv6 address 'fd53::53/64' is not supported yet"},
           {"0.0.0.1/8", "'0.0.0.1/8' is no address of a host on its network"},
           {"127.0.0.1/8", "'127.0.0.1/8' is no address of a host on its network"},
           {"224.0.0.1/4", "'224.0.0.1/4' is no address of a host on its network"},
           {"10.53.0.0/24", "'10.53.0.0/24' is no address of a host on its network"},
           {"10.53.0.255/24", "'10.53.0.255/24' is no address of a host on its network"},
       }) {
    const auto address = ParseOwnAddress(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().message, message);
  }
}

}  // namespace
}  // namespace rblitz::io
