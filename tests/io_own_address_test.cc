#include <gtest/gtest.h>

#include "dataplane/io/own_address.h"

namespace rblitz::io {
namespace {

TEST(ParseOwnAddress, ReadsAddressAndLength) {
  const auto address = ParseOwnAddress("10.53.0.53/24");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(std::get<net::OwnIp4>(*address).address, 0x0a350035u);
  EXPECT_EQ(std::get<net::OwnIp4>(*address).prefix_length, 24);
  for (const char* good : {"192.0.2.1/1", "10.0.0.0/31", "10.0.0.1/31", "10.0.0.0/32", "223.255.255.255/32"}) {
    EXPECT_TRUE(ParseOwnAddress(good)) << good;
  }
}

TEST(ParseOwnAddress, ReadsIpv6) {
  const auto address = ParseOwnAddress("fd53::53/64");
  ASSERT_TRUE(address.has_value());
  const auto& ip6 = std::get<net::OwnIp6>(*address);
  EXPECT_EQ(ip6.address, (net::Ip6{0xfd, 0x53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53}));
  EXPECT_EQ(ip6.prefix_length, 64);
  for (const char* good : {"2001:db8::/127", "2001:db8::/128", "fe80::1/64", "2001:db8::1/1"}) {
    EXPECT_TRUE(ParseOwnAddress(good)) << good;
  }
  EXPECT_EQ(AddressOf(*address), AddressOf(*ParseOwnAddress("fd53:0:0::53/48")));
  EXPECT_EQ(AddressOf(*ParseOwnAddress("10.0.0.1/8")),
            (ClientAddress{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}));
}

TEST(OwnAddresses, ThePortsLinkLocalAddressIsTheirsOnceWhereTheyHaveIpv6) {
  net::OwnAddresses own{.mac = {0x02, 0x53, 0, 0, 0, 0x01}, .ip4 = {{0x0a350035, 24}}, .ip6 = {}};
  AddLinkLocal(own);
  EXPECT_TRUE(own.ip6.empty());
  EXPECT_TRUE(GroupMacs(own).empty());
  Add(*ParseOwnAddress("fd53::53/64"), own);
  AddLinkLocal(own);
  AddLinkLocal(own);
  ASSERT_EQ(own.ip6.size(), 2u);
  EXPECT_EQ(own.ip6[1].address, (net::Ip6{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x00, 0x53, 0, 0xff, 0xfe, 0, 0, 0x01}));
  Add(*ParseOwnAddress("2001:db8::53/64"), own);  // of the same group as the first
  EXPECT_EQ(GroupMacs(own),
            (std::vector<net::Mac>{
                {0x33, 0x33, 0, 0, 0, 1}, {0x33, 0x33, 0xff, 0, 0, 0x53}, {0x33, 0x33, 0xff, 0, 0, 0x01}}));
}

TEST(ParseOwnAddress, SaysWhatIsWrong) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"10.53.0.53", "bad address '10.53.0.53' (as in 10.53.0.53/24 or fd53::53/64)"},
           {"10.53.0/24", "bad address '10.53.0/24' (as in 10.53.0.53/24 or fd53::53/64)"},
           {"", "bad address '' (as in 10.53.0.53/24 or fd53::53/64)"},
           {"10.53.0.53/33", "bad prefix length in '10.53.0.53/33' (1 to 32)"},
           {"10.53.0.53/0", "bad prefix length in '10.53.0.53/0' (1 to 32)"},
           {"10.53.0.53/", "bad prefix length in '10.53.0.53/' (1 to 32)"},
           {"10.53.0.53/24x", "bad prefix length in '10.53.0.53/24x' (1 to 32)"},
           {"10.53.0.53/-1", "bad prefix length in '10.53.0.53/-1' (1 to 32)"},
           {"fd53::53", "bad address 'fd53::53' (as in 10.53.0.53/24 or fd53::53/64)"},
           {"fd53::53::/64", "bad address 'fd53::53::/64' (as in 10.53.0.53/24 or fd53::53/64)"},
           {"fe80::1%eth0/64", "bad address 'fe80::1%eth0/64' (as in 10.53.0.53/24 or fd53::53/64)"},
           {"fd53::53/129", "bad prefix length in 'fd53::53/129' (1 to 128)"},
           {"fd53::53/0", "bad prefix length in 'fd53::53/0' (1 to 128)"},
           {"::/128", "'::/128' is no address of a host on its network"},
           {"::1/128", "'::1/128' is no address of a host on its network"},
           {"::ffff:10.0.0.1/96", "'::ffff:10.0.0.1/96' is no address of a host on its network"},
           {"ff02::1/16", "'ff02::1/16' is no address of a host on its network"},
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
