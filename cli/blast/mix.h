// Questions of our own making, as mail servers ask them, instead of a file's: "KIND:ZONE[:WEIGHT]".
//
//   ip4    reversed IPv4 addresses; a share of them from a list
//   names  domain names of two or three labels; a share of them from a list of names
//   grey   a greylist's: two hashes of 32 digits and a reversed address, new triplets each
//   heat   reversed addresses in runs of sixteen neighbours in one /24, as whoever scans comes by
//
// Thread-safety: pure but for reading the list. Errors: quote what is wrong. Cost: about 100 ns a question.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cli/blast/question_set.h"
#include "loaders/ip4_text.h"
#include "tables/result.h"

namespace rblitz::blast {

enum class MixKind : uint8_t { kIp4, kNames, kGrey, kHeat };

struct Mix {
  MixKind kind;
  dns::Name zone;
  unsigned weight = 1;
};
[[nodiscard]] Result<Mix> ParseMix(const std::string& text);

// What is listed: of lines with an address, a prefix or a name as their first word.
struct Listed {
  std::vector<AddressRange> ranges;
  std::vector<dns::Name> names;
};
[[nodiscard]] Result<Listed> ReadListed(const std::string& path);

// Makes one question after the other, the same ones for the same seed.
class MixMaker {
 public:
  // `share` (0 to 1) of the questions for addresses and names are listed ones, where there are any.
  MixMaker(std::vector<Mix> mixes, Listed listed, double share, uint64_t seed);

  // Adds `count` questions.
  void Fill(size_t count, QuestionSet& set);

 private:
  [[nodiscard]] bool PicksListed();
  [[nodiscard]] uint32_t Address();
  [[nodiscard]] dns::Name Make(const Mix& mix);
  [[nodiscard]] std::string RandomName();

  std::vector<Mix> mixes_;
  Listed listed_;
  double share_;
  std::mt19937_64 random_;
  std::discrete_distribution<size_t> choose_;
  uint32_t hot_ = 0;  // the address that is asked for last in a hot network
  unsigned left_ = 0;
};

}  // namespace rblitz::blast
