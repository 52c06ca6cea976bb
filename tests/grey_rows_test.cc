#include "cli/grey_rows.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cli/config_values.h"

namespace rblitz {
namespace {

constexpr GreyMasks kMasks{.ip4 = 24, .ip6 = 64};
constexpr uint64_t kNet4 = kIp4Network | 0xc0000200;  // 192.0.2.0
constexpr uint64_t kNet6 = 0x20010db800000001;
constexpr uint32_t kDay = 1750000000;

TripletRow Row(TripletKey key) { return {.key = key, .first = kDay, .last_minutes = MinutesOf(kDay + 7200)}; }

std::string Read(const std::string& text) {
  const auto row = GreyRowFromJson(ParseJson(text));
  return row ? "read" : row.error().message;
}

TEST(GreyRows, AreWrittenAsTheProtocolSays) {
  TripletRow triplet = Row({.network = kNet4, .fingerprint = 0x1234, .kind = TripletKind::kNetwork});
  triplet.passed = true;
  TripletRow domain = Row({.network = 0xabcd, .fingerprint = 0xffffffffffffffff, .kind = TripletKind::kDomain});
  domain.last_minutes = MinutesOf(kDay);
  TripletRow client = Row({.network = kNet4, .fingerprint = 0xc0000204, .kind = TripletKind::kClient});
  client.payload = WithCredit(client, kDay + 7200);
  TripletRow sender = Row({.network = kNet6, .fingerprint = 7, .kind = TripletKind::kSenderDomain});
  sender.payload = WithSender(WithSender(0, 5), 3);
  sender.epoch = 9;
  TripletRow marker = Row({.network = kNet6, .fingerprint = 1, .kind = TripletKind::kClient});
  marker.forgotten = true;
  const std::pair<TripletRow, const char*> cases[] = {
      {triplet,
       R"({"kind":"triplet","network":"192.0.2.0/24","id":"0000000000001234","first":1750000000,"last":1750007160,)"
       R"("passed":true,"epoch":0,"forgotten":false})"},
      {domain, R"({"kind":"domain","network":"000000000000abcd","id":"ffffffffffffffff","first":1750000000,)"
               R"("last":1750000000,"passed":false,"epoch":0,"forgotten":false})"},
      {client, R"({"kind":"client","network":"192.0.2.0/24","client":"192.0.2.4","first":1750000000,"last":1750007160,)"
               R"("passed":false,"epoch":0,"forgotten":false,"payload":"000000000002","credits":2})"},
      {sender, R"({"kind":"sender_domain","network":"2001:db8:0:1::/64","id":"0000000000000007","first":1750000000,)"
               R"("last":1750007160,"passed":false,"epoch":9,"forgotten":false,"payload":"000005000003","senders":2})"},
      {marker, R"({"kind":"client","network":"2001:db8:0:1::/64","client":"2001:db8:0:1::1","first":1750000000,)"
               R"("last":1750007160,"passed":false,"epoch":0,"forgotten":true,"payload":"000000000000","credits":0})"},
  };
  for (const auto& [row, text] : cases) {
    EXPECT_EQ(DumpJson(GreyRowJson(row, kMasks)), text);
    const auto read = GreyRowFromJson(ParseJson(text));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_TRUE(*read == row) << text;
  }
}

// Rows as a table can have them, of networks that fit the masks and of some that do not.
TripletRow RandomRow(std::mt19937_64& random, GreyMasks masks) {
  TripletRow row;
  row.key.kind = static_cast<TripletKind>(random() % 4);
  const bool is_ip4 = random() % 2 == 0;
  const Ip6Address address = is_ip4 ? Ip6Address{.high = 0, .low = kV4MappedLow | (random() & UINT32_MAX)}
                                    : Ip6Address{.high = random() | uint64_t{1} << 61, .low = random()};
  const GreyMasks masked = random() % 8 == 0 ? GreyMasks{.ip4 = 32, .ip6 = 64} : masks;
  row.key.network = row.key.kind == TripletKind::kDomain ? random() : GreyNetworkOf(address, masked);
  row.key.fingerprint = row.key.kind == TripletKind::kClient ? GreyClientOf(address) : random();
  row.first = static_cast<uint32_t>(std::max<uint64_t>(random() >> (32 + random() % 32), 1));
  row.last_minutes = random() % 4 == 0 ? MinutesOf(row.first) : static_cast<uint32_t>(random() >> 40);
  row.epoch = static_cast<uint16_t>(random() % 3 == 0 ? random() % (kMaxEpoch + 1) : 0);
  row.passed = random() % 2 == 0;
  row.forgotten = random() % 4 == 0;
  if (row.forgotten) return row;
  for (size_t i = random() % 7; i-- > 0;) {
    if (row.key.kind == TripletKind::kClient) {
      row.payload = WithCredit(row, row.first + static_cast<uint32_t>(random() % (200 * 86400)));
    }
    if (row.key.kind == TripletKind::kSenderDomain) row.payload = WithSender(row.payload, random());
  }
  return row;
}

TEST(GreyRows, ComeBackAsTheyWere) {
  std::mt19937_64 random(5);
  for (const GreyMasks masks :
       {kMasks, GreyMasks{.ip4 = 32, .ip6 = 48}, GreyMasks{.ip4 = 8, .ip6 = 16}, GreyMasks{.ip4 = 17, .ip6 = 63}}) {
    for (int i = 0; i < 2000; ++i) {
      const TripletRow row = RandomRow(random, masks);
      const std::string text = DumpJson(GreyRowJson(row, masks));
      const auto read = GreyRowFromJson(ParseJson(text));
      ASSERT_TRUE(read) << text << ": " << read.error().message;
      ASSERT_TRUE(*read == row) << text << "\n" << DumpJson(GreyRowJson(*read, masks));
    }
  }
}

TEST(GreyRows, OfNoTableComeBackToo) {
  // Of no client of the network, in the wrong family, or mapped.
  for (const TripletKey key : {TripletKey{kNet4, 0xc0000304, TripletKind::kClient},
                               TripletKey{kNet4, kV4MappedLow | 0xc0000204, TripletKind::kClient},
                               TripletKey{0, kV4MappedLow | 0xc0000204, TripletKind::kClient}}) {
    const std::string text = DumpJson(GreyRowJson(Row(key), kMasks));
    const auto read = GreyRowFromJson(ParseJson(text));
    ASSERT_TRUE(read) << text << ": " << read.error().message;
    EXPECT_TRUE(read->key == key) << text;
  }
}

// A sound row with other values for some keys; "-": without the key.
std::string With(std::initializer_list<std::pair<const char*, const char*>> changes) {
  Json row = ParseJson(R"({"kind":"triplet","network":"192.0.2.0/24","id":"0000000000001234","first":1750000000,)"
                       R"("last":1750007160})");
  for (const auto& [key, value] : changes) {
    row.erase(key);
    if (std::string(value) != "-") row[key] = ParseJson(value);
  }
  return DumpJson(row);
}

TEST(GreyRows, SayWhatIsWrongWithThem) {
  const std::string whole = "first: must be a whole number from 1 to 4294967295";
  const std::pair<std::string, std::string> cases[] = {
      {With({}), "read"},
      {"[]", "a row must be an object"},
      {"7", "a row must be an object"},
      {"{", "a row must be an object"},
      {"{}", "kind: is missing"},
      {With({{"kind", "-"}}), "kind: is missing"},
      {With({{"kind", "7"}}), "kind: must be a text"},
      {With({{"kind", "\"Triplet\""}}), "kind: 'Triplet' is none of triplet, domain, client and sender_domain"},
      {With({{"network", "-"}}), "network: is missing"},
      {With({{"network", "null"}}), "network: must be a text"},
      {With({{"network", "\"\""}}), "network: '' is no network"},
      {With({{"network", "\"192.0.2.4/24\""}}), "network: '192.0.2.4/24' is no network"},
      {With({{"network", "\"192.0.2.0/33\""}}), "network: '192.0.2.0/33' is no network"},
      {With({{"network", "\"2001:db8::/65\""}}), "network: is longer than 64 bits"},
      {With({{"network", "\"0:1::/64\""}}), "network: is reserved (RFC 4291 section 2.4)"},
      {With({{"network", ("\"" + std::string(65, '1') + "\"").c_str()}}), "network: is too long"},
      {With({{"kind", "\"domain\""}}), "network: '192.0.2.0/24' is not 16 hexadecimal digits"},
      {With({{"id", "-"}}), "id: is missing"},
      {With({{"id", "\"123\""}}), "id: '123' is not 16 hexadecimal digits"},
      {With({{"id", "\"000000000000123g\""}}), "id: '000000000000123g' is not 16 hexadecimal digits"},
      {With({{"id", "\"-000000000001234\""}}), "id: '-000000000001234' is not 16 hexadecimal digits"},
      {With({{"id", "\"0x00000000001234\""}}), "id: '0x00000000001234' is not 16 hexadecimal digits"},
      {With({{"id", "[]"}}), "id: must be a text"},
      {With({{"kind", "\"client\""}, {"id", "-"}}), "id: is missing"},
      {With({{"kind", "\"client\""}, {"client", "\"192.0.2.4\""}}), "read"},
      {With({{"kind", "\"client\""}, {"client", "\"::ffff:192.0.2.4\""}}), "read"},
      {With({{"kind", "\"client\""}, {"client", "\"192.0.3.4\""}}), "client: is not of the network"},
      {With({{"kind", "\"client\""}, {"client", "\"2001:db8::1\""}}), "client: is not of the network"},
      {With({{"kind", "\"client\""}, {"client", "\"192.0.2.0/25\""}}), "client: is a network"},
      {With({{"kind", "\"client\""}, {"client", "{}"}}), "client: must be a text"},
      {With({{"first", "-"}}), "first: is missing"},
      {With({{"first", "0"}}), whole},
      {With({{"first", "-1"}}), whole},
      {With({{"first", "1.5"}}), whole},
      {With({{"first", "1e9"}}), whole},
      {With({{"first", "4294967296"}}), whole},
      {With({{"first", "18446744073709551616"}}), whole},
      {With({{"first", "true"}}), whole},
      {With({{"first", "4294967295"}}), "read"},
      {With({{"last", "\"1\""}}), "last: must be a whole number from 0 to 4294967295"},
      {With({{"last", "0"}}), "read"},
      {With({{"passed", "1"}}), "passed: must be true or false"},
      {With({{"forgotten", "null"}}), "forgotten: must be true or false"},
      {With({{"epoch", "16384"}}), "epoch: must be a whole number from 0 to 16383"},
      {With({{"epoch", "16383"}}), "read"},
      {With({{"payload", "\"0000000000000\""}}), "payload: '0000000000000' is not 12 hexadecimal digits"},
      {With({{"payload", "0"}}), "payload: must be a text"},
      {With({{"colour", "\"red\""}}), "read"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Read(text), expected) << text;
}

TEST(GreyRows, AreInOrderWhateverTheirTextHad) {
  const auto payload = [](const char* kind, const char* text) {
    const std::string quoted = std::string("\"") + text + "\"";
    const std::string id = "\"0000000000001234\"";
    return GreyRowFromJson(ParseJson(With({{"kind", kind}, {"id", id.c_str()}, {"payload", quoted.c_str()}})))->payload;
  };
  EXPECT_EQ(payload("\"triplet\"", "ffffffffffff"), 0u);
  EXPECT_EQ(payload("\"sender_domain\"", "000003000005"), 0x5000003u);
  EXPECT_EQ(payload("\"sender_domain\"", "000003000003"), 3u);
  EXPECT_EQ(payload("\"sender_domain\"", "000003000000"), 3u);
  EXPECT_EQ(payload("\"client\"", "001002000002"), 0x2001u);
}

// Any value in any place: nothing is read that a table could not have.
TEST(GreyRows, OfAnyShapeAreSafeToRead) {
  std::mt19937_64 random(9);
  const std::vector<std::string> values = {"null",
                                           "true",
                                           "-1",
                                           "0",
                                           "1",
                                           "1e300",
                                           "18446744073709551615",
                                           "-9223372036854775808",
                                           "\"\"",
                                           "\"client\"",
                                           "\"domain\"",
                                           "\"sender_domain\"",
                                           "\"::/0\"",
                                           "\"0.0.0.0/0\"",
                                           "\"::ffff:0:0/96\"",
                                           "\"::1\"",
                                           "\"ffffffffffff\"",
                                           "\"ffffffffffffffff\"",
                                           "\"\\u0000\"",
                                           "[[]]",
                                           "{\"kind\":\"client\"}"};
  const char* const keys[] = {"kind", "network", "id",    "client",    "first",
                              "last", "passed",  "epoch", "forgotten", "payload"};
  int read_rows = 0;
  for (int i = 0; i < 8000; ++i) {
    Json row = ParseJson(With({}));
    for (size_t n = random() % 5; n-- > 0;)
      row[keys[random() % std::size(keys)]] = ParseJson(values[random() % values.size()]);
    const auto read = GreyRowFromJson(row);
    if (!read) continue;
    ++read_rows;
    EXPECT_NE(read->first, 0u);
    EXPECT_LE(read->last_minutes, kMaxLastMinutes);
    EXPECT_LE(read->epoch, kMaxEpoch);
    EXPECT_EQ(read->payload >> 48, 0u);
    EXPECT_TRUE(Join(*read, *read) == *read);
    const auto again = GreyRowFromJson(GreyRowJson(*read, kMasks));
    ASSERT_TRUE(again) << DumpJson(row) << ": " << again.error().message;
    EXPECT_TRUE(*again == *read) << DumpJson(row);
  }
  EXPECT_GT(read_rows, 400);
}

TEST(GreyRows, BelongToAddresses) {
  const TripletKey triplet4{kNet4, 1, TripletKind::kNetwork};
  const TripletKey client4{kNet4, 0xc0000204, TripletKind::kClient};
  const TripletKey sender6{kNet6, 1, TripletKind::kSenderDomain};
  const TripletKey client6{kNet6, 1, TripletKind::kClient};
  const TripletKey domain{kNet4, 1, TripletKind::kDomain};
  const struct {
    const char* addresses;
    TripletKey key;
    bool belongs;
  } cases[] = {
      {"192.0.2.0/24", triplet4, true},    {"192.0.2.200", triplet4, true},       {"192.0.0.0/16", triplet4, true},
      {"192.0.3.0/24", triplet4, false},   {"0.0.0.0/0", triplet4, true},         {"2001:db8::/32", triplet4, false},
      {"192.0.2.0/24", client4, true},     {"192.0.2.4", client4, true},          {"192.0.2.5", client4, false},
      {"192.0.2.0/30", client4, false},    {"2001:db8:0:1::/64", sender6, true},  {"2001:db8:0:1::7", sender6, true},
      {"2001:db8::/32", sender6, true},    {"2001:db8:0:2::/64", sender6, false}, {"2001:db8:0:1::1", client6, true},
      {"2001:db8:0:1::2", client6, false}, {"0.0.0.0/0", client6, false},         {"192.0.2.0/24", domain, false},
  };
  for (const auto& [addresses, key, belongs] : cases) {
    EXPECT_EQ(IsGreyRowOf(Row(key), kMasks, ParseClients(addresses).value()), belongs)
        << addresses << " " << DumpJson(GreyRowJson(Row(key), kMasks));
  }
}

}  // namespace
}  // namespace rblitz
