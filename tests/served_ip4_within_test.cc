// IPv6 addresses with an IPv4 address within, asked of zones that list IPv4 addresses. Expected answers are those of
// rbldnsd 1.0pre (Debian 1.0~20210120-2) for the same files.
#include "tests/served_feed.h"

namespace rblitz {
namespace {

class ServedIp4Within : public ServedFeed {
 protected:
  FeedConfig Ip4() {
    return {.name = "four",
            .paths = {folder_.Write("four", ":2:v4 $\n192.0.2.0/24\n!192.0.2.9\n127.0.0.0/8\n")},
            .format = "ip4trie"};
  }
  FeedConfig Ip6() {
    return {.name = "six",
            .paths = {folder_.Write("six", ":3:v6 $\n2002:c000:200::/40\n::ffff:0:0/96\n2001:db8::/32\n")},
            .format = "ip6trie"};
  }
  const TempFolder folder_;
};

TEST_F(ServedIp4Within, IsLookedUpInListsOfIp4) {
  Serve({Ip4()});
  EXPECT_EQ(A("2002:c000:201::1"), "127.0.0.2");
  EXPECT_EQ(Txt("2002:c000:201:ffff::1"), "v4 192.0.2.1");
  EXPECT_EQ(Txt("::ffff:192.0.2.1"), "v4 192.0.2.1");
  for (const char* address : {"2002:c000:209::1", "2002:c000:301::1", "::ffff:192.0.3.1", "::ffff:192.0.2.9",
                              "::192.0.2.1", "2003:c000:201::1", "2001:db8::1"}) {
    EXPECT_EQ(A(address), "NXDOMAIN") << address;
  }
}

TEST_F(ServedIp4Within, CountsBesideA6to4AddressAndInsteadOfAMappedOne) {
  Serve({Ip4(), Ip6()});
  EXPECT_EQ(Txt("2002:c000:201::1"), "v4 192.0.2.1 | v6 2002:c000:201::1");
  EXPECT_EQ(Txt("2002:c000:209::1"), "v6 2002:c000:209::1");
  EXPECT_EQ(Txt("2002:c000:301::1"), "NXDOMAIN");
  EXPECT_EQ(Txt("::ffff:192.0.2.1"), "v4 192.0.2.1");
  EXPECT_EQ(Txt("::ffff:192.0.3.1"), "NXDOMAIN");
  EXPECT_EQ(Txt("2001:db8::1"), "v6 2001:db8::1");
}

TEST_F(ServedIp4Within, IsNoneToListsOfIp6Alone) {
  Serve({Ip6()});
  EXPECT_EQ(Txt("::ffff:192.0.2.1"), "v6 ::ffff:192.0.2.1");
  EXPECT_EQ(Txt("2002:c000:201::1"), "v6 2002:c000:201::1");
}

// RFC 5782 section 5.
TEST_F(ServedIp4Within, LeavesTheTestPointsAsTheyAre) {
  Serve({Ip4()});
  EXPECT_EQ(Txt("::ffff:127.0.0.2"), "RFC 5782 test entry");
  EXPECT_EQ(Txt("::ffff:127.0.0.1"), "NXDOMAIN");
  EXPECT_EQ(Txt("2002:7f00:2::1"), "v4 127.0.0.2");  // a host of the network that a router has
  Serve({Ip4(), Ip6()});
  EXPECT_EQ(Txt("::ffff:127.0.0.2"), "RFC 5782 test entry");
  EXPECT_EQ(Txt("::ffff:127.0.0.1"), "NXDOMAIN");
}

}  // namespace
}  // namespace rblitz
