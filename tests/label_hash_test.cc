#include "tables/label_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rblitz {
namespace {

using Random = std::mt19937_64;
using Bytes = std::vector<uint8_t>;

const LabelKey kKey = LabelKey::Of(20261128);

// A label with slack behind it that is full of anything.
Bytes Label(std::string_view letters, uint8_t slack = 0xee) {
  Bytes label(1 + letters.size() + kLabelSlack, slack);
  label[0] = static_cast<uint8_t>(letters.size());
  std::copy(letters.begin(), letters.end(), label.begin() + 1);
  return label;
}

uint64_t HashOf(std::string_view letters, uint64_t parent = 1, const LabelKey& key = kKey) {
  return HashLabel(Label(letters).data(), parent, key);
}

// The plain twin: byte by byte, from a copy with zeros behind the label.
class Twin {
 public:
  static uint64_t Hash(std::string_view letters, uint64_t parent, const LabelKey& key) {
    Bytes label = Label(letters);
    label.resize(letters.size() + 1);
    label.resize((label.size() + 15) / 16 * 16);
    uint64_t state = key.state;
    for (size_t at = 0; at + 16 < label.size(); at += 16) {
      const auto [low, high] = Multiply(Word(label, at) ^ state, Word(label, at + 8) ^ key.odd);
      state = low ^ high;
    }
    const size_t at = label.size() - 16;
    const auto [mixed, last] = Multiply(Word(label, at) ^ state, Word(label, at + 8) ^ key.odd);
    const auto [low, high] = Multiply(mixed ^ parent, last ^ key.last);
    return low ^ high;
  }

 private:
  struct Words {
    uint64_t low;
    uint64_t high;
  };
  static uint64_t Word(const Bytes& bytes, size_t at) {
    uint64_t word = 0;
    for (size_t i = 8; i-- > 0;) word = word << 8 | bytes[at + i];
    return word;
  }
  // By halves, as on paper.
  static Words Multiply(uint64_t a, uint64_t b) {
    const uint64_t al = a & UINT32_MAX;
    const uint64_t ah = a >> 32;
    const uint64_t bl = b & UINT32_MAX;
    const uint64_t bh = b >> 32;
    const uint64_t middle = ah * bl + (al * bl >> 32);
    const uint64_t other = al * bh + (middle & UINT32_MAX);
    return {.low = a * b, .high = ah * bh + (middle >> 32) + (other >> 32)};
  }
};

std::string RandomLetters(Random& random, size_t size) {
  std::string letters;
  while (letters.size() < size) letters += static_cast<char>(random());
  return letters;
}

TEST(LabelHash, IsWhatItsDescriptionSays) {
  Random random(1);
  for (size_t size = 0; size < 64; ++size) {
    for (int i = 0; i < 100; ++i) {
      const std::string letters = RandomLetters(random, size);
      const uint64_t parent = random();
      const LabelKey key = LabelKey::Of(random());
      ASSERT_EQ(HashOf(letters, parent, key), Twin::Hash(letters, parent, key)) << size;
    }
  }
}

TEST(LabelHash, DoesNotDependOnWhatFollowsTheLabel) {
  Random random(2);
  for (size_t size = 0; size < 64; ++size) {
    const std::string letters = RandomLetters(random, size);
    EXPECT_EQ(HashLabel(Label(letters, 0).data(), 7, kKey), HashLabel(Label(letters, 0xff).data(), 7, kKey)) << size;
  }
}

TEST(LabelHash, EachBitOfLabelAndParentChangesHalfTheBits) {
  Random random(3);
  for (const size_t size : {1u, 3u, 7u, 8u, 12u, 15u, 16u, 31u, 40u, 63u}) {
    std::string letters = RandomLetters(random, size);
    std::vector<int> flipped(64);
    constexpr int kTrials = 4000;
    for (int trial = 0; trial < kTrials; ++trial) {
      letters = RandomLetters(random, size);
      const uint64_t parent = random();
      const uint64_t before = HashOf(letters, parent);
      uint64_t change;
      if (trial % 4 == 0) {
        change = before ^ HashOf(letters, parent ^ uint64_t{1} << random() % 64);
      } else {
        char& letter = letters[random() % size];
        letter = static_cast<char>(letter ^ 1 << random() % 8);
        change = before ^ HashOf(letters, parent);
      }
      for (size_t bit = 0; bit < 64; ++bit) flipped[bit] += change >> bit & 1;
    }
    for (size_t bit = 0; bit < 64; ++bit) EXPECT_NEAR(flipped[bit], kTrials / 2, kTrials / 20) << size << " " << bit;
  }
  EXPECT_NEAR(std::popcount(HashOf("example") ^ HashOf("example", 1, LabelKey::Of(20261129))), 32, 20);
}

// Labels as lists have them, which differ in few bits: both halves of their hashes meet as often as those of random
// numbers do, a million of which give 116 pairs of equal halves.
TEST(LabelHash, SimilarLabelsMeetNoMoreOftenThanRandomNumbers) {
  constexpr size_t kLabels = 1000000;
  for (const char* before : {"", "host-", "a-much-longer-first-part-"}) {
    for (const uint64_t shared : {0u, 1u}) {
      std::vector<uint64_t> hashes;
      for (size_t i = 0; i < kLabels; ++i) {
        // Numbers as labels of one name, and one label below many names.
        const std::string label = before + std::to_string(i);
        hashes.push_back(shared != 0 ? HashOf("www", HashOf(label)) : HashOf(label));
      }
      for (const unsigned rotated : {0u, 32u}) {
        std::vector<uint32_t> halves;
        for (const uint64_t hash : hashes) halves.push_back(static_cast<uint32_t>(hash >> rotated));
        std::sort(halves.begin(), halves.end());
        const auto distinct = std::unique(halves.begin(), halves.end()) - halves.begin();
        EXPECT_NEAR(static_cast<double>(kLabels) - static_cast<double>(distinct), 116, 50) << before << shared;
      }
      std::sort(hashes.begin(), hashes.end());
      EXPECT_EQ(std::adjacent_find(hashes.begin(), hashes.end()), hashes.end()) << before;
    }
  }
}

}  // namespace
}  // namespace rblitz
