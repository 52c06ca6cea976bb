#include "dataplane/dns/cookie.h"

#include <gtest/gtest.h>

#include <random>
#include <string_view>
#include <vector>

#include "dataplane/dns/siphash.h"
#include "dataplane/dns/wire.h"

namespace rblitz::dns {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Hex(std::string_view text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}
SipKey Key(std::string_view text) {
  SipKey key{};
  const Bytes bytes = Hex(text);
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

// Appendix A of the paper: key 00 01 .. 0f, data 00 01 .. 0e.
TEST(SipHash, IsThatOfThePaper) {
  SipKey key{};
  Bytes data;
  for (uint8_t i = 0; i < 16; ++i) key[i] = i;
  EXPECT_EQ(SipHash24(key, data), 0x726fdb47dd0e0e31u);
  for (uint8_t i = 0; i < 15; ++i) data.push_back(i);
  EXPECT_EQ(SipHash24(key, data), 0xa129ca6149be45e5u);
}

const Bytes kClient100 = {198, 51, 100, 100};
const Bytes kClient203 = {203, 0, 113, 203};
const Bytes kClient6 =
    Hex("20010db802200001"
        "59ded0f4876982b8");
const SipKey kSecret = Key("e5e973e5a6b2a43f48e7dc849e37bfcf");
const SipKey kOldSecret = Key("dd3bdf9344b678b185a6f5cb60fca715");
const SipKey kNewSecret = Key("445536bcd2513298075a5d379663c962");

struct Vector {
  const char* section;
  std::vector<SipKey> secrets;
  Bytes client;
  uint32_t now;
  const char* asked;
  CookieState state;
  const char* answer;
};

// RFC 9018 appendix A.
TEST(Cookie, IsThatOfTheTestVectors) {
  const Vector vectors[] = {
      {"A.1",
       {kSecret},
       kClient100,
       1559731985,
       "2464c4abcf10c957",
       CookieState::kClientOnly,
       "2464c4abcf10c957010000005cf79f111f8130c3eee29480"},
      {"A.2",
       {kSecret},
       kClient100,
       1559734385,
       "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
       CookieState::kValid,
       "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"},
      // An hour and 51 minutes old, which A.3 says is answered with a new one; reserved bytes are hashed.
      {"A.3",
       {kSecret},
       kClient203,
       1559734700,
       "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
       CookieState::kInvalid,
       "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"},
      {"A.3 in time",
       {kSecret},
       kClient203,
       1559727985 + 1801,
       "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
       CookieState::kValid,
       nullptr},
      {"A.4",
       {kNewSecret, kOldSecret},
       kClient6,
       1559741961,
       "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
       CookieState::kValid,
       "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
      {"A.4 without the old secret",
       {kNewSecret},
       kClient6,
       1559741961,
       "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
       CookieState::kInvalid,
       "22681ab97d52c298010000005cf7c609a6bb79d16625507a"},
  };
  for (const Vector& v : vectors) {
    Cookie answer{};
    EXPECT_EQ(CheckCookie(Hex(v.asked), v.client, v.now, v.secrets, answer), v.state) << v.section;
    if (v.answer != nullptr) {
      EXPECT_EQ(Bytes(answer.begin(), answer.end()), Hex(v.answer)) << v.section;
    }
  }
}

// RFC 9018 section 4.3: an hour back, five minutes ahead, the same for half an hour.
TEST(Cookie, IsValidForAnHourAndRenewedAfterHalfOfIt) {
  struct Case {
    int age;
    CookieState state;
    bool is_renewed;
  };
  // The clock may wrap meanwhile (RFC 1982).
  for (const uint32_t now : {uint32_t{1559731985}, uint32_t{100}, uint32_t{0xffffffff}}) {
    for (const auto& [age, state, is_renewed] :
         {Case{-301, CookieState::kInvalid, true}, Case{-300, CookieState::kValid, false},
          Case{0, CookieState::kValid, false}, Case{1800, CookieState::kValid, false},
          Case{1801, CookieState::kValid, true}, Case{3600, CookieState::kValid, true},
          Case{3601, CookieState::kInvalid, true}, Case{1 << 30, CookieState::kInvalid, true}}) {
      const Bytes client_cookie = Hex("0102030405060708");
      const Cookie asked = MakeCookie(client_cookie.data(), kClient100, now - static_cast<uint32_t>(age), kSecret);
      Cookie answer{};
      EXPECT_EQ(CheckCookie(asked, kClient100, now, {&kSecret, 1}, answer), state) << age;
      EXPECT_EQ(answer != asked, is_renewed) << age;
      EXPECT_EQ(Load32(&answer[12]), is_renewed ? now : now - static_cast<uint32_t>(age)) << age;
    }
  }
}

TEST(Cookie, OfAnotherSecretThanTheFirstIsRenewedAtOnce) {
  const SipKey secrets[] = {kNewSecret, kOldSecret};
  const Bytes client_cookie = Hex("0102030405060708");
  const Cookie asked = MakeCookie(client_cookie.data(), kClient6, 1000, kOldSecret);
  Cookie answer{};
  EXPECT_EQ(CheckCookie(asked, kClient6, 1000, secrets, answer), CookieState::kValid);
  EXPECT_EQ(answer, MakeCookie(client_cookie.data(), kClient6, 1000, kNewSecret));
}

TEST(Cookie, HasEightOrSixteenToFortyBytes) {
  for (size_t size = 0; size <= 64; ++size) {
    const Bytes asked(size, 1);
    Cookie answer{};
    const CookieState state = CheckCookie({asked.data() != nullptr ? asked.data() : answer.data(), size}, kClient100, 7,
                                          {&kSecret, 1}, answer);
    EXPECT_EQ(state, size == 8                ? CookieState::kClientOnly
                     : size < 16 || size > 40 ? CookieState::kMalformed
                                              : CookieState::kInvalid)
        << size;
  }
  Cookie answer{};
  EXPECT_EQ(CheckCookie({}, kClient100, 7, {&kSecret, 1}, answer), CookieState::kNone);
}

TEST(Cookie, WithAnyBitChangedIsInvalid) {
  const Bytes client_cookie = Hex("0102030405060708");
  const Cookie good = MakeCookie(client_cookie.data(), kClient100, 7, kSecret);
  Cookie answer{};
  for (size_t bit = 0; bit < 8 * kCookieSize; ++bit) {
    Cookie bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_EQ(CheckCookie(bad, kClient100, 7, {&kSecret, 1}, answer), CookieState::kInvalid) << bit;
  }
  EXPECT_EQ(CheckCookie(good, kClient203, 7, {&kSecret, 1}, answer), CookieState::kInvalid);
  EXPECT_EQ(CheckCookie(good, kClient100, 7, {&kSecret, 1}, answer), CookieState::kValid);
}

TEST(Cookie, IsFoundAmongOptionsAndTheFirstCounts) {
  const Bytes options =
      Hex("00030000"
          "000a000201ff"
          "000a000302ffff");
  const std::span<const uint8_t> found = FindCookie(options);
  EXPECT_EQ(Bytes(found.begin(), found.end()), (Bytes{1, 0xff}));
  EXPECT_EQ(FindCookie(Hex("0003000a000a00020102030405ff")).data(), nullptr) << "inside another option";
  EXPECT_EQ(FindCookie({}).data(), nullptr);
  const Bytes empty = Hex("000a0000");
  EXPECT_NE(FindCookie(empty).data(), nullptr);
  EXPECT_TRUE(FindCookie(empty).empty());
}

}  // namespace
}  // namespace rblitz::dns
