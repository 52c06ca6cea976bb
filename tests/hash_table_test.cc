#include "tables/hash_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tables/digest.h"
#include "tables/hash_builder.h"
#include "tests/names.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;

std::string Hex(const Digest& digest) {
  std::string hex;
  for (const uint8_t byte : digest.span()) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

// The digests that a question for this name may mean, in hexadecimal.
std::vector<std::string> Readings(std::string_view name) {
  std::vector<std::string> hex;
  const WireName wire = Wire(name);
  const DigestReadings readings = DigestsFromLabels(wire);
  for (size_t i = 0; i < readings.count; ++i) hex.push_back(Hex(readings.digests[i]));
  return hex;
}

std::string FromText(std::string_view text, Base32 alphabet = Base32::kRfc4648) {
  const std::optional<Digest> digest = DigestFromText(text, alphabet);
  return digest ? Hex(*digest) : "-";
}

constexpr char kMd5[] = "a4626f9d3e6802aebbff46697248e0b9";
constexpr char kSha1[] = "71df8292998ea3208ce9ce9fb1a5d0c05c9f1748";
constexpr char kSha256[] = "5a9392784e07eb40cfb3f4a464e0a91451f573eeb59d600983e190bd8aaddca6";

// Encodings by Python's base64 and hashlib, and for z-base-32 the alphabet exchanged.
TEST(Digest, IsReadInHexadecimalAndBase32) {
  EXPECT_EQ(FromText(kMd5), kMd5);
  EXPECT_EQ(FromText("A4626F9D3E6802AEBBFF46697248E0B9"), kMd5);
  EXPECT_EQ(FromText(kSha1), kSha1);
  EXPECT_EQ(FromText(kSha256), kSha256);
  EXPECT_EQ(FromText("5a9392784e07eb40cfb3f4a464e0a914.51f573eeb59d600983e190bd8aaddca6"), kSha256);
  // SHA-256 of nothing; MD5 of "spammer@example.com".
  EXPECT_EQ(FromText("4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(FromText("4OYMIQUY7QOBJGX36TEJS35ZEQT24QPEMSNZGTFESWMRW6CSXBKQ"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(FromText("qoieiki4fzeuwiqaruhdqwybue"), "839044291c2e494b22008d0e385b01a1");
  EXPECT_EQ(FromText("oqerekehf3rwseoytw8dosabwr", Base32::kZ), "839044291c2e494b22008d0e385b01a1");
  EXPECT_EQ(FromText("oqerekehf3rwseoytw8dosabwr"), "-");  // 8 is no digit there
}

TEST(Digest, RejectsWhatIsNone) {
  for (const char* text : {"", ".", "x", "a4626f9d3e6802aebbff46697248e0b", "a4626f9d3e6802aebbff46697248e0b9a",
                           "g4626f9d3e6802aebbff46697248e0b9", "71df8292998ea3208ce9ce9fb1a5d0c05c9f174g",
                           "5a9392784e07eb40cfb3f4a464e0a914..51f573eeb59d600983e190bd8aaddca6",
                           ".a4626f9d3e6802aebbff46697248e0b9", "a4626f9d3e6802aebbff46697248e0b9.",
                           "4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkr",  // bits left of the last character
                           "5a9392784e07eb40cfb3f4a464e0a91451f573eeb59d600983e190bd8aaddca65a9392784e07eb40"}) {
    EXPECT_EQ(FromText(text), "-") << text;
  }
}

TEST(Digest, OfAQuestionIsReadInEveryWayThatFits) {
  EXPECT_EQ(Readings(kMd5), std::vector<std::string>{kMd5});
  EXPECT_EQ(Readings("5a9392784e07eb40cfb3f4a464e0a914.51f573eeb59d600983e190bd8aaddca6"),
            std::vector<std::string>{kSha256});
  EXPECT_EQ(Readings("5a93.92784e07eb40cfb3f4a464e0a91451f573eeb59d.600983e190bd8aaddca6"),
            std::vector<std::string>{kSha256});
  EXPECT_EQ(Readings("example.com"), std::vector<std::string>{});
  EXPECT_EQ(Readings(""), std::vector<std::string>{});
  const std::string both(32, 'g');  // in both alphabets, and no hexadecimal digit
  EXPECT_EQ(Readings(both), (std::vector<std::string>{FromText(both), FromText(both, Base32::kZ)}));
  const std::string only_z = std::string(31, 'g') + "9";
  EXPECT_EQ(Readings(only_z), std::vector<std::string>{FromText(only_z, Base32::kZ)});
}

TEST(Digest, ComesBackFromRandomDigestsInEveryEncoding) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    Digest digest{.size = static_cast<uint8_t>(kDigestSizes[random() % 3])};
    for (size_t at = 0; at < digest.size; ++at) digest.bytes[at] = static_cast<uint8_t>(random());
    EXPECT_EQ(DigestFromText(Hex(digest), Base32::kRfc4648), digest);
    for (const Base32 alphabet : {Base32::kRfc4648, Base32::kZ}) {
      const std::string_view digits =
          alphabet == Base32::kZ ? "ybndrfg8ejkmcpqxot1uwisza345h769" : "abcdefghijklmnopqrstuvwxyz234567";
      std::string text;
      for (size_t bit = 0; bit < size_t{8} * digest.size; bit += 5) {
        unsigned digit = 0;
        for (size_t b = bit; b < bit + 5; ++b) {
          digit = digit << 1 | (b < size_t{8} * digest.size ? digest.bytes[b / 8] >> (7 - b % 8) & 1u : 0u);
        }
        text += digits[digit];
      }
      EXPECT_EQ(DigestFromText(text, alphabet), digest) << text;
      const WireName wire = Wire(text);
      const DigestReadings readings = DigestsFromLabels(wire);
      EXPECT_TRUE(std::find(readings.digests.begin(), readings.digests.begin() + readings.count, digest) !=
                  readings.digests.begin() + readings.count);
    }
  }
}

struct Fixture {
  ValueId Value(uint32_t a) { return verdicts.Intern({.a_be = a, .text = kNoText}); }
  HashTable Build(const HashTable* previous = nullptr) { return builder.Build(previous, &report); }
  Verdicts verdicts;
  HashBuilder builder{&verdicts};
  BuildReport report;
};

// Few of them, so that they meet.
Digest SmallDigest(uint64_t number) {
  Digest digest{.size = static_cast<uint8_t>(kDigestSizes[number % 3])};
  digest.bytes[number % digest.size] = static_cast<uint8_t>(number / 3);
  return digest;
}

TEST(HashTable, EmptyTableListsNothing) {
  Fixture f;
  const HashTable table = f.Build();
  for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(table.Lookup(SmallDigest(i)), kNotListed);
  EXPECT_EQ(table.entries(), 0u);
}

TEST(HashTable, AgreesWithAMapOnRandomDigests) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Fixture f;
    std::map<std::string, std::set<ValueId>> model;
    const uint64_t space = 1 + random() % 3000;
    const uint32_t values = 1 + seed % 4;
    const size_t entries = random() % 2000;
    for (size_t i = 0; i < entries; ++i) {
      const Digest digest = SmallDigest(random() % space);
      const ValueId value =
          random() % 8 == 0 && values > 1 ? kNotListed : f.Value(2 + static_cast<uint32_t>(random() % values));
      f.builder.Add(digest, value);
      model[Hex(digest)].insert(value);
    }
    const HashTable table = f.Build();
    EXPECT_EQ(f.report.entries, model.size());
    EXPECT_EQ(f.report.duplicates, entries - model.size());
    std::vector<Digest> questions;
    for (size_t i = 0; i < 40 * kMaxBatch; ++i) questions.push_back(SmallDigest(random() % (space + 50)));
    for (size_t at = 0; at < questions.size(); at += kMaxBatch) {
      ValueId found[kMaxBatch];
      table.LookupBatch({&questions[at], kMaxBatch}, found);
      for (size_t i = 0; i < kMaxBatch; ++i) {
        const Digest& question = questions[at + i];
        const auto known = model.find(Hex(question));
        ASSERT_EQ(table.Contains(question), known != model.end());
        std::set<Verdict> expected;
        if (known != model.end() && !known->second.contains(kNotListed)) {
          for (const ValueId value : known->second) expected.insert(f.verdicts.at(value).front());
        }
        const auto verdicts = f.verdicts.at(found[i]);
        ASSERT_EQ(std::set<Verdict>(verdicts.begin(), verdicts.end()), expected) << Hex(question);
        ASSERT_EQ(table.Lookup(question), found[i]);
      }
    }
  }
}

TEST(HashTable, SurvivesManyEntriesForOneDigest) {
  Fixture f;
  for (uint32_t i = 0; i < 300000; ++i) f.builder.Add(SmallDigest(i % 2), f.Value(2 + i % 3));
  const HashTable table = f.Build();
  EXPECT_EQ(table.entries(), 2u);
  EXPECT_EQ(f.verdicts.at(table.Lookup(SmallDigest(1))).size(), 3u);
}

TEST(HashTable, AddedAndRemovedCountDigests) {
  Fixture before;
  Fixture after;
  for (uint64_t i = 0; i < 900; ++i) before.builder.Add(SmallDigest(i), i % 5 == 0 ? kNotListed : before.Value(2));
  for (uint64_t i = 300; i < 1000; ++i) after.builder.Add(SmallDigest(i), after.Value(3));
  const HashTable old = before.Build();
  const HashTable table = after.Build(&old);
  std::set<std::string> keys[2];
  for (uint64_t i = 0; i < 900; ++i) keys[0].insert(Hex(SmallDigest(i)));
  for (uint64_t i = 300; i < 1000; ++i) keys[1].insert(Hex(SmallDigest(i)));
  const auto missing = [](const std::set<std::string>& from, const std::set<std::string>& in) {
    return static_cast<uint64_t>(
        std::ranges::count_if(from, [&](const std::string& key) { return !in.contains(key); }));
  };
  EXPECT_EQ(after.report.added, missing(keys[1], keys[0]));
  EXPECT_EQ(after.report.removed, missing(keys[0], keys[1]));
}

TEST(HashTable, DigestsTakeLittleMoreThanThemselves) {
  for (const size_t size : kDigestSizes) {
    for (const uint32_t values : {1u, 100u}) {
      Random random(size);
      Fixture f;
      std::vector<Digest> listed(100000);
      for (Digest& digest : listed) {
        digest.size = static_cast<uint8_t>(size);
        for (size_t at = 0; at < size; ++at) digest.bytes[at] = static_cast<uint8_t>(random());
        f.builder.Add(digest, f.Value(1 + digest.bytes[0] % values));
      }
      const HashTable table = f.Build();
      EXPECT_LE(static_cast<double>(table.bytes()) / 1e5, static_cast<double>(size) + (values == 1 ? 1.2 : 5.3));
      for (Digest& digest : listed) {
        ASSERT_EQ(table.Lookup(digest), f.Value(1 + digest.bytes[0] % values));
        ++digest.bytes[size - 1];
        ASSERT_EQ(table.Lookup(digest), kNotListed);
      }
    }
  }
}

}  // namespace
}  // namespace rblitz
