#include "dataplane/dns/nibble_labels.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace rblitz::dns {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefABCDEF";

using Name = std::array<uint8_t, kNibbleLabelsSize>;

// From the 32 digits in the order of the labels.
Name NameOf(std::string_view digits) {
  Name name{};
  for (size_t i = 0; i < 32; ++i) {
    name[2 * i] = 1;
    name[2 * i + 1] = static_cast<uint8_t>(digits[i]);
  }
  return name;
}

struct Parsed {
  std::vector<NibbleAddress> addresses;
  std::vector<uint8_t> good;
  bool operator==(const Parsed&) const = default;
};

Parsed Parse(const NibbleLabelsKernel& kernel, const std::vector<Name>& names) {
  Parsed parsed{std::vector<NibbleAddress>(names.size(), {9, 9}), std::vector<uint8_t>(names.size(), 9)};
  std::vector<const uint8_t*> pointers;
  for (const Name& name : names) pointers.push_back(name.data());
  kernel.parse(pointers.data(), pointers.size(), parsed.addresses.data(), parsed.good.data());
  return parsed;
}

class EveryNibbleKernel : public testing::TestWithParam<NibbleLabelsKernel> {
 protected:
  void SetUp() override {
    if (!GetParam().supported()) GTEST_SKIP() << "this processor has no " << GetParam().name;
  }
};

TEST_P(EveryNibbleKernel, ReadsReversedDigitsOfEitherCase) {
  const struct {
    const char* digits;
    NibbleAddress address;
  } cases[] = {
      {"10000000000000000000000000000000", {0, 1}},
      {"00000000000000000000000000000001", {0x1000000000000000, 0}},
      {"20000f7ffff000000000000000000000", {0, 0xffff7f00002}},
      {"feeba000f000ecaff24000da8bd01002", {0x20010db8ad00042f, 0xface000f000abeef}},
      {"FEEBA000F000ECAFF24000DA8BD01002", {0x20010db8ad00042f, 0xface000f000abeef}},
      {"ffffffffffffffffffffffffffffffff", {0xffffffffffffffff, 0xffffffffffffffff}},
  };
  for (const auto& [digits, address] : cases) {
    const Parsed parsed = Parse(GetParam(), {NameOf(digits)});
    EXPECT_EQ(parsed.good[0], 1) << digits;
    EXPECT_EQ(parsed.addresses[0], address) << digits;
  }
}

TEST_P(EveryNibbleKernel, RefusesAnyOtherByteInAnyPlace) {
  for (size_t at = 0; at < kNibbleLabelsSize; ++at) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      Name name = NameOf("0123456789abcdefABCDEF9876543210");
      name[at] = static_cast<uint8_t>(byte);
      const bool fine = at % 2 == 0 ? byte == 1 : kDigits.find(static_cast<char>(byte)) != std::string_view::npos;
      const Parsed parsed = Parse(GetParam(), {name});
      ASSERT_EQ(parsed.good[0], fine) << at << " " << byte;
      if (!fine) {
        ASSERT_EQ(parsed.addresses[0], NibbleAddress{});
      }
    }
  }
}

TEST_P(EveryNibbleKernel, AgreesWithThePlainOneOnRandomNames) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::vector<Name> names(1 + random() % 9);
    for (Name& name : names) {
      std::string digits;
      for (int i = 0; i < 32; ++i) digits += kDigits[random() % kDigits.size()];
      name = NameOf(digits);
      if (random() % 2 == 0) name[random() % name.size()] = static_cast<uint8_t>(random());
    }
    ASSERT_EQ(Parse(GetParam(), names), Parse(NibbleLabelsKernels().front(), names));
  }
}

INSTANTIATE_TEST_SUITE_P(NibbleLabels, EveryNibbleKernel,
                         testing::ValuesIn(NibbleLabelsKernels().begin(), NibbleLabelsKernels().end()),
                         [](const auto& kernel) { return std::string(kernel.param.name); });

TEST(NibbleLabels, BestKernelIsOneThatThisProcessorHas) { EXPECT_TRUE(BestNibbleLabelsKernel().supported()); }

}  // namespace
}  // namespace rblitz::dns
