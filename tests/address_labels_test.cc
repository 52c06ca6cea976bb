#include "dataplane/dns/address_labels.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace rblitz::dns {
namespace {

using Names = std::vector<std::array<uint8_t, 128>>;

std::array<uint8_t, 128> NameOf(const std::vector<std::string>& labels) {
  std::array<uint8_t, 128> name{};
  size_t at = 0;
  for (const std::string& label : labels) {
    name[at++] = static_cast<uint8_t>(label.size());
    for (const char c : label) name[at++] = static_cast<uint8_t>(c);
  }
  return name;
}

struct Parsed {
  std::vector<uint32_t> addresses;
  std::vector<uint8_t> sizes;
  bool operator==(const Parsed&) const = default;
};

Parsed Parse(const AddressLabelsKernel& kernel, const Names& names) {
  Parsed parsed{std::vector<uint32_t>(names.size(), 99), std::vector<uint8_t>(names.size(), 99)};
  std::vector<const uint8_t*> pointers;
  for (const auto& name : names) pointers.push_back(name.data());
  kernel.parse(pointers.data(), pointers.size(), parsed.addresses.data(), parsed.sizes.data());
  return parsed;
}

class EveryKernel : public testing::TestWithParam<AddressLabelsKernel> {
 protected:
  void SetUp() override {
    if (!GetParam().supported()) GTEST_SKIP() << "this processor has no " << GetParam().name;
  }
};

TEST_P(EveryKernel, ReadsReversedOctets) {
  const struct {
    std::vector<std::string> labels;
    uint32_t address;
    uint8_t size;
  } cases[] = {
      {{"1", "2", "0", "192", "bl"}, 0xc0000201, 10},
      {{"255", "255", "255", "255"}, 0xffffffff, 16},
      {{"0", "0", "0", "0"}, 0, 8},
      {{"04", "004", "4", "40"}, 0x28040404, 12},
      {{"256", "2", "3", "4"}, 0, 0},
      {{"1", "2", "3", "999"}, 0, 0},
      {{"1", "2", "3", "4", std::string(48, 'x')}, 0x04030201, 8},
      {{"1", "2", "3", "44", std::string(57, '9')}, 0x2c030201, 9},
      {{"1", "2", "3"}, 0, 0},
      {{std::string(47, '/'), "2", "3", "4"}, 0, 0},
      {{std::string(48, '5'), "2", "3", "4"}, 0, 0},
      {{"1", "2", "3", "x"}, 0, 0},
      {{"1", "2", "3", "0001"}, 0, 0},
      {{"1", "2", "3", "-1"}, 0, 0},
      {{"1", "2", "3", " 1"}, 0, 0},
      {{"\xb1", "2", "3", "1"}, 0, 0},
      {{"1", "2", "3", "1:"}, 0, 0},
      {{"1", "2", "3", "1/"}, 0, 0},
  };
  for (const auto& [labels, address, size] : cases) {
    const Parsed parsed = Parse(GetParam(), {NameOf(labels)});
    EXPECT_EQ(parsed.addresses[0], address) << labels[0];
    EXPECT_EQ(parsed.sizes[0], size) << labels[0] << " " << labels.back();
  }
}

TEST_P(EveryKernel, AgreesWithThePlainOneOnEveryLengthAndOnDamage) {
  std::mt19937 random(1);
  for (int round = 0; round < 30000; ++round) {
    Names names(1 + random() % 9);
    for (auto& name : names) {
      std::vector<std::string> labels;
      for (int i = 0; i < 4; ++i) {
        std::string label = std::to_string(random() % (random() % 8 == 0 ? 1000 : 256));
        if (random() % 8 == 0 && label.size() < 3) label = "0" + label;
        labels.push_back(label);
      }
      labels.emplace_back("zone");
      name = NameOf(labels);
      for (auto n = random() % 3; n > 1; --n) name[random() % 16] = static_cast<uint8_t>(random());
      if (random() % 4 == 0)
        name[random() % 16] = static_cast<uint8_t>("0123456789/:\x00\x01\x02\x03\x04"[random() % 17]);
    }
    ASSERT_EQ(Parse(GetParam(), names), Parse(AddressLabelsKernels().front(), names));
  }
}

INSTANTIATE_TEST_SUITE_P(AddressLabels, EveryKernel,
                         testing::ValuesIn(AddressLabelsKernels().begin(), AddressLabelsKernels().end()),
                         [](const auto& kernel) { return std::string(kernel.param.name); });

TEST(AddressLabels, BestKernelIsOneThatThisProcessorHas) { EXPECT_TRUE(BestAddressLabelsKernel().supported()); }

}  // namespace
}  // namespace rblitz::dns
