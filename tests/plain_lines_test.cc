#include "loaders/plain_lines.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "loaders/line_reader.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

struct Read {
  std::vector<uint32_t> addresses;
  size_t used = 0;
  bool operator==(const Read&) const = default;
};

template <class Reader>
Read Take(Reader reader, std::string_view text, size_t room = 100) {
  std::string padded(text);
  padded.append(kBlockSlack, '1');
  Read read;
  read.addresses.resize(room);
  const PlainRun run = reader(padded.data(), padded.data() + text.size(), read.addresses);
  read.addresses.resize(run.count);
  read.used = static_cast<size_t>(run.next - padded.data());
  return read;
}

TEST(PlainLines, ReadsAddressesAloneOnTheirLines) {
  for (const char* line :
       {"0.0.0.0", "1.2.3.4", "10.20.30.40", "255.255.255.255", "192.0.2.1", "9.99.199.0", "100.0.10.255"}) {
    for (const char* end : {"\n", "\r\n"}) {
      const std::string text = std::string(line) + end;
      EXPECT_EQ(Take(ReadPlainLines, text), (Read{{HostOrder(line)}, text.size()})) << line;
      EXPECT_EQ(Take(ReadPlainLinesPortable, text), (Read{{HostOrder(line)}, text.size()})) << line;
    }
  }
}

TEST(PlainLines, FindAnAddressBeforeOtherText) {
  for (auto* const read : {ReadAddress, ReadAddressPortable}) {
    const auto length = [read](std::string text) {
      uint32_t address = 0;
      text.append(kBlockSlack, '\n');
      const unsigned taken = read(text.data(), &address);
      if (taken > 0) {
        EXPECT_EQ(address, HostOrder("198.51.100.7"));
      }
      return taken;
    };
    for (const char* rest : {"", " ", "/24", "-9", ":5:x", "#", "x", "\r", "\xff"}) {
      EXPECT_EQ(length(std::string("198.51.100.7") + rest), 12u) << rest;
    }
    for (const char* rest : {".", ".1", "777", "0000000000000"})
      EXPECT_EQ(length(std::string("198.51.100.7") + rest), 0u);
  }
}

TEST(PlainLines, LeavesEveryOtherLine) {
  for (const std::string line : {"",
                                 "#",
                                 "1",
                                 "1.2.3",
                                 "1.2.3.",
                                 ".1.2.3",
                                 "1..2.3",
                                 "1.2.3.4.5",
                                 "1.2.3.4.",
                                 "256.1.1.1",
                                 "1.1.1.256",
                                 "1.999.1.1",
                                 "01.2.3.4",
                                 "1.2.3.04",
                                 "1.00.3.4",
                                 "1.2.3.4 ",
                                 " 1.2.3.4",
                                 "1.2.3.4\rx",
                                 "1.2.3.4/5",
                                 "1.2.3.4-5",
                                 "1.2.3.4#",
                                 "1.2.3:4",
                                 "1,2.3.4",
                                 "a.b.c.d",
                                 "1.2.3.4444",
                                 "0001.2.3.4",
                                 "1.2.3.4\xb0",
                                 "\xb1.2.3.4",
                                 "1.2.3./",
                                 "111.111.111.1111",
                                 "1111111111111111",
                                 "................",
                                 "255.255.255.255 "}) {
    EXPECT_EQ(Take(ReadPlainLines, line + "\n"), Read{}) << line;
    EXPECT_EQ(Take(ReadPlainLinesPortable, line + "\n"), Read{}) << line;
  }
}

TEST(PlainLines, StopsWhenThereIsNoRoomAndAtTheFirstOtherLine) {
  const std::string text = "1.1.1.1\n2.2.2.2\n3.3.3.3\nx\n4.4.4.4\n";
  EXPECT_EQ(Take(ReadPlainLines, text, 2), (Read{{0x01010101, 0x02020202}, 16}));
  EXPECT_EQ(Take(ReadPlainLines, text), (Read{{0x01010101, 0x02020202, 0x03030303}, 24}));
  EXPECT_EQ(Take(ReadPlainLines, ""), Read{});
}

// Bytes that look like addresses, and like addresses with one byte changed.
TEST(PlainLines, AgreesWithThePortableReader) {
  std::mt19937 random(42);
  constexpr std::string_view kBytes = "0123456789..\n\r /-x";
  size_t plain = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (auto lines = random() % 3; lines-- > 0;) text += Dotted(static_cast<uint32_t>(random())) + "\n";
    for (auto changes = random() % 3; changes-- > 0 && !text.empty();) {
      const char byte = kBytes[random() % kBytes.size()];
      const size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = byte;
      } else {
        text.insert(at, 1, byte);
      }
    }
    text += "\n";
    const Read expected = Take(ReadPlainLinesPortable, text);
    plain += expected.addresses.size();
    ASSERT_EQ(Take(ReadPlainLines, text), expected) << text;
  }
  EXPECT_GT(plain, 50'000u);
}

}  // namespace
}  // namespace rblitz
