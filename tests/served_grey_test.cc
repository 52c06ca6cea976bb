// Greylists, from questions to answers.
#include "tests/served_grey.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>

#include "dataplane/dns/hex_label.h"
#include "dataplane/greylist.h"

namespace rblitz {
namespace {

TEST_F(ServedGrey, WhoComesBackInTimePasses) {
  ServeGrey();
  const std::string name = GreyName("4.2.0.192");
  EXPECT_EQ(Says(name), "127.0.0.4");
  EXPECT_EQ(Says(name, dns::kTxt), "v=grey1 s=defer wait=300 first=1780000000 why=early");
  EXPECT_EQ(After(299, name), "127.0.0.4");
  EXPECT_EQ(Says(name, dns::kTxt), "v=grey1 s=defer wait=1 first=1780000000 why=early");
  EXPECT_EQ(After(1, GreyName("99.2.0.192")), "127.0.0.2") << "another address of the network";
  EXPECT_EQ(After(1, name), "127.0.0.3");
  EXPECT_EQ(Says(name, dns::kTxt), "v=grey1 s=pass wait=0 first=1780000000 why=known");
  EXPECT_EQ(Says(GreyName("4.3.0.192")), "127.0.0.4") << "another network";
  EXPECT_EQ(answers(GreyAnswer::kDefer), 3u);
  EXPECT_EQ(answers(GreyAnswer::kMatured), 1u);
  EXPECT_EQ(answers(GreyAnswer::kKnown), 1u);
  EXPECT_EQ(state_->worker(0).looks.value(), 3u);
  EXPECT_EQ(counted(Outcome::kOther), 8u);
}

// What is asked next by whoever defers, or says in a header how long a mail has waited.
TEST_F(ServedGrey, WhoSpeaksEdnsGetsTheTextOfWhatDefersOrMatures) {
  ServeGrey();
  const OneClient client("192.0.2.1");
  clients_ = &client;
  const auto added = [&](std::optional<Opt> opt = Opt{}) {
    std::string texts;
    const std::vector<Bytes> burst(1, Question(GreyName("4.2.0.192"), dns::kA, opt));
    for (const auto& record : AnswerReader(AskAll(burst).at(0)).Read().additional) texts += record.data;
    return texts;
  };
  EXPECT_EQ(added(std::nullopt), "") << "without EDNS";
  EXPECT_EQ(added(), "v=grey1 s=defer wait=300 first=1780000000 why=early");
  SetTime(now_ + 300);
  EXPECT_EQ(added(), "v=grey1 s=pass wait=0 first=1780000000 why=matured");
  EXPECT_EQ(added(), "") << "known";
}

TEST_F(ServedGrey, WhoComesTooLateBeginsAnew) {
  ServeGrey();
  const std::string name = GreyName("4.2.0.192");
  EXPECT_EQ(Says(name), "127.0.0.4");
  EXPECT_EQ(After(24 * 3600 + 1, name), "127.0.0.4");
  EXPECT_EQ(Says(name, dns::kTxt), "v=grey1 s=defer wait=300 first=1780086401 why=early");
  EXPECT_EQ(After(300, name), "127.0.0.2");
  EXPECT_EQ(After(35 * 24 * 3600 + 60, name), "127.0.0.4") << "not seen for its lifetime";
}

TEST_F(ServedGrey, AskingOftenMaturesNothing) {
  ServeGrey();
  const std::string name = GreyName("4.2.0.192");
  for (int i = 0; i < 20; ++i) {
    const std::vector<Bytes> burst(64, Question(name, dns::kA));
    const OneClient client("192.0.2.1");
    clients_ = &client;
    for (const Bytes& answer : AskAll(burst)) EXPECT_EQ(AnswerReader(answer).Read().answer.at(0).data, "127.0.0.4");
  }
  EXPECT_EQ(Changes().size(), 1u);
}

// Incomplete, broken, or of another type.
TEST_F(ServedGrey, WhatIsNoQuestionOfItChangesNothing) {
  ServeGrey();
  const std::string hr = kHr;
  const std::string hs = kHs;
  const std::string nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
  const std::vector<std::string> names = {
      "192",
      "0.192",
      "4.2.0.192",
      hs + ".4.2.0.192",
      hr + "." + hs + ".2.0.192",
      hr + "." + hs + ".4.2.0.256",
      hr + "." + hs + ".4.2.0.1000",
      hr + "." + hs + ".5.4.2.0.192",
      hr + "." + hs.substr(1) + ".4.2.0.192",
      hr.substr(1) + "." + hs + ".4.2.0.192",
      hr + "." + hs + "0.4.2.0.192",
      "g" + hr.substr(1) + "." + hs + ".4.2.0.192",
      hr + "." + hs.substr(1) + ":.4.2.0.192",
      hr + "." + hs.substr(1) + "`.4.2.0.192",
      hr + "." + hs.substr(1) + "/.4.2.0.192",
      hr + "." + hs + ".o-x.4.2.0.192",
      hr + "." + hs + ".o-d0123456789abcde.4.2.0.192",
      hr + "." + hs + ".o-d0123456789abcdeg.4.2.0.192",
      hr + "." + hs + ".o-n.o-n.4.2.0.192",
      hr + "." + hs + ".n.4.2.0.192",
      "x." + hr + "." + hs + ".4.2.0.192",
      hr + "." + hs + "." + nibbles.substr(2),
      hr + "." + hs + "." + nibbles + ".1",
      hr + "." + hs + ".g" + nibbles.substr(1),
  };
  for (const std::string& name : names) {
    for (const uint16_t type : {dns::kA, dns::kTxt}) {
      const OneClient client("192.0.2.1");
      clients_ = &client;
      const Answer answer = Ask(Question(name + kGreyZone, type));
      EXPECT_EQ(answer.rcode(), dns::kNoError) << name;
      EXPECT_TRUE(answer.answer.empty()) << name;
      ASSERT_EQ(answer.authority.size(), 1u) << name;
      EXPECT_EQ(answer.authority[0].type, dns::kSoa);
      EXPECT_EQ(answer.authority[0].ttl, 0u);
      EXPECT_TRUE(answer.authority[0].data.ends_with(" 0")) << answer.authority[0].data;
    }
  }
  for (const uint16_t type : {kMx, uint16_t{28}, uint16_t{dns::kAny}, uint16_t{dns::kSoa}}) {
    EXPECT_EQ(Says(GreyName("4.2.0.192"), type), "nodata") << type;
  }
  EXPECT_EQ(Says("grey.test.example", dns::kAny), "nodata");
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(Says(GreyName("4.2.0.192"), dns::kTxt), "v=grey1 s=defer wait=300 first=0 why=new");
  EXPECT_EQ(Says(GreyName("4.2.0.192", std::string(kHs) + ".o-n")), "127.0.0.4");
  EXPECT_TRUE(Changes().empty()) << "looks";
}

TEST_F(ServedGrey, NamesAreReadWithoutCaseAndEchoedAsTheyCame) {
  ServeGrey();
  EXPECT_EQ(Says(GreyName("4.2.0.192")), "127.0.0.4");
  std::string upper = GreyName("4.2.0.192");
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  SetTime(now_ + 300);
  const OneClient client("192.0.2.1");
  clients_ = &client;
  const Answer answer = Ask(Question(upper, dns::kA));
  EXPECT_EQ(answer.qname, upper);
  ASSERT_EQ(answer.answer.size(), 1u);
  EXPECT_EQ(answer.answer[0].data, "127.0.0.2");
  EXPECT_EQ(answer.answer[0].ttl, 0u);
}

TEST_F(ServedGrey, ListsComeFirst) {
  ServeGrey();
  const std::string out = "00112233445566778899aabbccddeeff";
  const std::string good6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2";
  for (const auto& [name, a, text] : std::vector<std::array<std::string, 3>>{
           {GreyName("5.100.51.198"), "127.0.0.7", "v=grey1 s=pass wait=0 first=0 why=pass_list"},
           {GreyName(good6), "127.0.0.7", "v=grey1 s=pass wait=0 first=0 why=pass_list"},
           {GreyName("8.113.0.203"), "127.0.0.10", "v=grey1 s=block wait=0 first=0 why=block_list"},
           {GreyName("7.113.0.203"), "127.0.0.10", "v=grey1 s=block wait=0 first=0 why=block_list"},
           {GreyName("9.113.0.203"), "127.0.0.4", "v=grey1 s=defer wait=300 first=1780000000 why=early"},
           {GreyName("9.100.51.198"), "127.0.0.4", "v=grey1 s=defer wait=300 first=1780000000 why=early"},
           {GreyName("4.2.0.192", kHs, out), "127.0.0.8", "v=grey1 s=pass wait=0 first=0 why=opted_out"},
           {GreyName("5.100.51.198", kHs, out), "127.0.0.7", "v=grey1 s=pass wait=0 first=0 why=pass_list"}}) {
    EXPECT_EQ(Says(name), a) << name;
    EXPECT_EQ(Says(name, dns::kTxt), text) << name;
  }
  EXPECT_EQ(Changes().size(), 2u);
}

TEST_F(ServedGrey, AnAddressEarnsCreditsAndADomainSenders) {
  ServeGrey({.credits = 1});
  const std::string first = GreyName("4.2.0.192");
  EXPECT_EQ(Says(first), "127.0.0.4");
  EXPECT_EQ(After(300, first), "127.0.0.2");
  EXPECT_EQ(Says(GreyName("4.2.0.192", kOtherHs)), "127.0.0.6");
  EXPECT_EQ(Says(GreyName("5.2.0.192", kOtherHs)), "127.0.0.4") << "another address of the network";
  EXPECT_EQ(Says(GreyName("4.2.0.192", kOtherHs), dns::kTxt), "v=grey1 s=pass wait=0 first=0 why=client");

  const std::string with_domain = std::string(kHs) + "." + kGreyDomain + "1.9.0.192" + kGreyZone;
  const std::string other_sender = std::string(kOtherHs) + "." + kGreyDomain + "2.9.0.192" + kGreyZone;
  const std::string third_address = std::string(kOtherHs) + "." + kGreyDomain + "3.9.0.192" + kGreyZone;
  const std::string hr = std::string(kHr) + ".";
  EXPECT_EQ(Says(hr + with_domain), "127.0.0.4");
  EXPECT_EQ(Says(hr + other_sender), "127.0.0.4");
  EXPECT_EQ(After(300, hr + with_domain), "127.0.0.2");
  EXPECT_EQ(Says(hr + other_sender), "127.0.0.2");
  EXPECT_EQ(Says("00000000000000000000000000000000." + third_address), "127.0.0.6") << "two senders";
}

TEST_F(ServedGrey, AnAlignedDomainIsKnownFromEveryNetwork) {
  ServeGrey({.credits = 0});
  const auto aligned = [](const std::string& client) {
    return std::string(kHr) + "." + kHs + ".o-fd0123456789abcdef." + client + kGreyZone;
  };
  EXPECT_EQ(Says(aligned("4.2.0.192")), "127.0.0.4");
  EXPECT_EQ(After(300, aligned("4.9.0.198")), "127.0.0.2");
  EXPECT_EQ(Says(GreyName("4.9.0.198")), "127.0.0.4") << "not without f";
  EXPECT_EQ(Says(std::string(kHr) + "." + kHs + ".o-f.4.2.0.192" + kGreyZone), "127.0.0.4") << "no domain: the network";
}

TEST_F(ServedGrey, WhoMayNotAskGetsNoAnswerAndChangesNothing) {
  ServeGrey();
  for (const uint16_t type : {dns::kA, dns::kTxt, dns::kSoa}) {
    EXPECT_EQ(Says(GreyName("4.2.0.192"), type, "198.51.100.1"), "-");
    EXPECT_EQ(Says("grey.test.example", type, "2001:db8::1"), "-");
  }
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(dropped(DropReason::kAcl), 6u);
}

TEST_F(ServedGrey, TransfersAreRefusedToThoseWhoMayAskAlone) {
  ServeGrey();
  for (const uint16_t type : {dns::kAxfr, dns::kIxfr}) {
    EXPECT_EQ(Says("grey.test.example", type), "REFUSED");
    EXPECT_EQ(Says("grey.test.example", type, "198.51.100.1"), "-");
    EXPECT_EQ(Says(GreyName("4.2.0.192"), type, "198.51.100.1"), "-");
  }
}

// Where a network is less than 64 bits, addresses of it that end alike are not one address.
TEST_F(ServedGrey, CreditsBelongToTheWholeAddress) {
  ServeGrey({.credits = 1}, false, true, {.ip4 = 24, .ip6 = 48});
  const std::string rest = ".0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
  const std::string one = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1" + rest;
  const std::string other = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2" + rest;
  EXPECT_EQ(Says(GreyName(one)), "127.0.0.4");
  EXPECT_EQ(After(300, GreyName(other)), "127.0.0.2") << "the same network";
  EXPECT_EQ(Says(GreyName(other, kOtherHs)), "127.0.0.6");
  EXPECT_EQ(Says(GreyName(one, kOtherHs)), "127.0.0.4");
}

TEST_F(ServedGrey, NothingIsDeferredWhileItLoads) {
  ServeGrey({}, false, false);
  EXPECT_EQ(Says(GreyName("4.2.0.192")), "127.0.0.9");
  EXPECT_EQ(Says(GreyName("4.2.0.192"), dns::kTxt), "v=grey1 s=pass wait=0 first=0 why=loading");
  EXPECT_EQ(Says(GreyName("8.113.0.203")), "127.0.0.10") << "lists are there";
  EXPECT_TRUE(Changes().empty());
  state_->SetReady();
  EXPECT_EQ(Says(GreyName("4.2.0.192")), "127.0.0.4");
}

TEST_F(ServedGrey, WhoOnlyObservesPassesAllAndSaysWhatWouldBe) {
  ServeGrey({}, true);
  const std::string name = GreyName("4.2.0.192");
  EXPECT_EQ(Says(name), "127.0.0.9");
  EXPECT_EQ(Says(name, dns::kTxt), "v=grey1 s=defer wait=300 first=1780000000 why=early");
  EXPECT_EQ(After(300, name), "127.0.0.9");
  EXPECT_EQ(Says(name, dns::kTxt), "v=grey1 s=pass wait=0 first=1780000000 why=known");
  EXPECT_EQ(Says(GreyName("8.113.0.203")), "127.0.0.9");
  EXPECT_EQ(answers(GreyAnswer::kMatured), 1u);
}

// What the journal has no room for is not recorded, so that no answer promises what the disk does not have.
TEST_F(ServedGrey, WithoutRoomInTheJournalNothingNewIsDeferred) {
  ServeGrey({.credits = 0, .new_rows = kMaxNewRows});
  size_t deferred = 0;
  for (int i = 0; i < 6000; ++i) {
    char hr[33];
    std::snprintf(hr, sizeof hr, "%032x", i);
    const std::string client = std::to_string(i % 250) + "." + std::to_string(i / 250) + ".2.10";
    deferred += Says(GreyName(client, kHs, hr)) == "127.0.0.4" ? 1 : 0;
  }
  EXPECT_GE(deferred, 4090u);
  EXPECT_LE(deferred, 4096u);
  EXPECT_EQ(answers(GreyAnswer::kUnrecorded), 6000 - deferred);
  EXPECT_EQ(Changes().size(), deferred);
  EXPECT_EQ(Says(GreyName("1.1.1.1")), "127.0.0.4") << "there is room again";
}

// All kinds in one burst, of two greylists and a list.
TEST_F(ServedGrey, ABurstOfAllKindsIsAnsweredAsIfEachCameAlone) {
  ServeGrey();
  const std::vector<std::string> names = {GreyName("4.2.0.192"),           GreyName("5.100.51.198"),
                                          GreyName("8.113.0.203"),         "0.192" + std::string(kGreyZone),
                                          GreyName("4.2.0.192", kOtherHs), GreyName("4.2.0.192")};
  std::vector<Bytes> burst;
  std::vector<std::string> expected;
  for (size_t i = 0; i < 60; ++i) {
    const std::string& name = names[i * 7 % names.size()];
    const uint16_t type = i % 3 == 2 ? dns::kTxt : dns::kA;
    burst.push_back(Question(name, type));
    expected.push_back(Says(name, type));
  }
  // All are known by now: the same again.
  for (size_t i = 0; i < 60; ++i) expected[i] = Says(names[i * 7 % names.size()], i % 3 == 2 ? dns::kTxt : dns::kA);
  const OneClient client("192.0.2.1");
  clients_ = &client;
  const std::vector<Bytes> answers = AskAll(burst);
  for (size_t i = 0; i < 60; ++i) {
    const std::vector<std::string> data = Data(AnswerReader(answers[i]).Read().answer);
    EXPECT_EQ(data.empty() ? "nodata" : data[0], expected[i]) << i;
  }
}

TEST(HexLabel, ReadsDigitsInEitherCaseAndNothingElse) {
  for (int c = 0; c < 256; ++c) {
    for (size_t at = 0; at < 16; ++at) {
      std::string digits = "012345678fabcdef";
      digits[at] = static_cast<char>(c);
      const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      std::array<uint8_t, 8> bytes;
      ASSERT_EQ(dns::ParseHex16(reinterpret_cast<const uint8_t*>(digits.data()), bytes.data()), is_digit)
          << c << " at " << at;
      if (!is_digit) continue;
      for (size_t i = 0; i < bytes.size(); ++i)
        ASSERT_EQ(bytes[i], std::stoul(digits.substr(2 * i, 2), nullptr, 16)) << digits;
    }
  }
}

TEST(GreyQuestion, NetworksAreMaskedAndMappedAddressesAreThoseOfIp4) {
  const auto read = [](const std::string& client, GreyMasks masks) {
    const dns::Name name = dns::NameFromText(std::string(kHr) + "." + kHs + "." + client);
    size_t count = 0;
    for (size_t at = 0; name.bytes[at] != 0; at += 1u + name.bytes[at]) ++count;
    return ReadGreyQuestion({name.bytes.data(), name.size - 1u}, count, masks).value_or(GreyQuestion{});
  };
  const std::string mapped = "4.0.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";
  EXPECT_EQ(read("4.2.0.192", {}).triplet.network, kIp4Network | 0xc0000200);
  EXPECT_EQ(read(mapped, {}).triplet.network, kIp4Network | 0xc0000200);
  EXPECT_EQ(read(mapped, {}).triplet.triplet, read("4.2.0.192", {}).triplet.triplet);
  EXPECT_EQ(read("4.2.0.192", {.ip4 = 32}).triplet.network, kIp4Network | 0xc0000204);
  EXPECT_EQ(read("4.2.0.192", {.ip4 = 8}).triplet.network, kIp4Network | 0xc0000000);
  EXPECT_EQ(read("4.2.0.192", {}).triplet.client, 0xc0000204u);
  const std::string nibbles = "1.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.f.e.d.c.b.a.0.0.8.b.d.0.1.0.0.2";
  EXPECT_EQ(read(nibbles, {}).triplet.network, 0x20010db800abcdefu);
  EXPECT_EQ(read(nibbles, {.ip4 = 24, .ip6 = 48}).triplet.network, 0x20010db800ab0000u);
  EXPECT_EQ(read(nibbles, {.ip4 = 24, .ip6 = 16}).triplet.network, 0x2001000000000000u);
  EXPECT_EQ(read(nibbles, {}).triplet.client, 0x21u);
}

}  // namespace
}  // namespace rblitz
