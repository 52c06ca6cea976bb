// `rblitz heat where`: addresses and pixels, and what is neither.
#include <gtest/gtest.h>

#include <random>

#include "cli/heat/where.h"
#include "loaders/ip4_text.h"
#include "tests/heat_line.h"

namespace rblitz {
namespace {

TEST(HeatWhere, IsWhereIpv4HeatmapPaints) {
  const std::pair<const char*, const char*> table[] = {
      {"1.2.3.4", "272,17\n"},        {"8.8.8.8", "546,546\n"},        {"10.0.0.1", "768,768\n"},
      {"85.10.20.30", "54,3888\n"},   {"127.0.0.1", "2047,2303\n"},    {"128.0.0.1", "2048,2048\n"},
      {"172.16.0.1", "4031,3583\n"},  {"192.0.2.1", "4094,2046\n"},    {"192.168.1.1", "3871,1822\n"},
      {"203.0.113.9", "3082,1287\n"}, {"224.0.0.1", "3071,1023\n"},    {"0.0.0.0", "0,0\n"},
      {"3405803786", "3082,1287\n"},  {"255.255.255.255", "4095,0\n"},
  };
  for (const auto& [address, pixel] : table) EXPECT_EQ(RunHeatLine({"where", address}).out, pixel) << address;
  EXPECT_EQ(RunHeatLine({"where", "203.0.113.9", "--order", "10"}).out, "770,321\n");
  EXPECT_EQ(RunHeatLine({"where", "--xy", "770,321", "--order", "10"}).out, "203.0.112.0/20\n");
  EXPECT_EQ(RunHeatLine({"where", "--xy", "3082,1287"}).out, "203.0.113.0/24\n");
  EXPECT_EQ(RunHeatLine({"where", "--xy", "3082,1287", "--json"}).out,
            "{\n  \"order\": 12,\n  \"x\": 3082,\n  \"y\": 1287,\n  \"prefix\": \"203.0.113.0/24\"\n}\n");
}

TEST(HeatWhere, GoesThereAndBackAtEveryOrder) {
  std::mt19937 random(1);
  for (unsigned order = 1; order <= kMaxHilbertOrder; ++order) {
    for (int i = 0; i < 200; ++i) {
      const auto address = static_cast<uint32_t>(random());
      const auto place = PlaceOfAddress(AddressText(address), order);
      ASSERT_TRUE(place);
      const auto back = PlaceOfPixel(std::to_string(place->point.x) + "," + std::to_string(place->point.y), order);
      ASSERT_TRUE(back);
      ASSERT_EQ(back->network.prefix, address >> (32 - 2 * order) << (32 - 2 * order));
      ASSERT_EQ(back->network.length, 2 * order);
    }
  }
}

TEST(HeatWhere, RefusesWhatIsNoPlace) {
  const struct {
    std::vector<std::string> line;
    int code;
    const char* what;
  } table[] = {
      {{"where"}, 2, "heat where: an address or --xy X,Y is missing"},
      {{"where", "1.2.3.4", "--xy", "1,1"}, 2, "not both"},
      {{"where", "1.2.3.4", "5.6.7.8"}, 2, "unexpected argument '5.6.7.8'"},
      {{"where", "1.2.3.4", "--zone", "heat.example"}, 2, "heat where: --zone has no meaning there"},
      {{"top", "-n", "0"}, 2, "heat top: --number must be 1 or more"},
      {{"top", "--level", "0"}, 2, "heat top: --level must be 8, 16 or 24"},
      {{"where", "1.2.3.4", "--level", "0"}, 2, "heat where: --level has no meaning there"},
      {{"where", "1.2.3.4", "-n", "0"}, 2, "heat where: --number has no meaning there"},
      {{"where", "1.2.3.4", "--order", "0"}, 2, "--order must be 1 to 16"},
      {{"where", "1.2.3.4", "--order", "17"}, 2, "--order must be 1 to 16"},
      {{"where", "1.2.3.4", "--order", "-3"}, 2, "--order"},
      {{"where", "1.2.3.4", "--order", "ten"}, 2, "--order"},
      {{"nowhere"}, 2, "heat: 'nowhere' is"},
      {{"where", "1.2.3"}, 1, "rblitz: heat where: bad address '1.2.3'"},
      {{"where", "1.2.3.256"}, 1, "bad address"},
      {{"where", "4294967296"}, 1, "bad address"},
      {{"where", "mail.example.com"}, 1, "bad address 'mail.example.com'"},
      {{"where", ""}, 1, "bad address"},
      {{"where", "10.0.0.0/8"}, 1, "'10.0.0.0/8' is a network: one address is wanted"},
      {{"where", "2001:db8::1"}, 1, "is IPv6: maps of heat are of IPv4 alone"},
      {{"where", "--xy", "4096,0"}, 1, "'4096,0' is outside: a map of order 12 has pixels 0 to 4095"},
      {{"where", "--xy", "0,1024", "--order", "10"}, 1, "pixels 0 to 1023"},
      {{"where", "--xy", "1"}, 1, "'1' is not X,Y"},
      {{"where", "--xy", "1,"}, 1, "is not X,Y"},
      {{"where", "--xy", "1,2,3"}, 1, "is not X,Y"},
      {{"where", "--xy", "-1,2"}, 1, "is not X,Y"},
      {{"where", "--xy", "99999999999,2"}, 1, "is not X,Y"},
  };
  for (const auto& [line, code, what] : table) {
    const Outcome outcome = RunHeatLine(line);
    EXPECT_EQ(outcome.code, code) << what;
    EXPECT_NE(outcome.err.find(what), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace rblitz
