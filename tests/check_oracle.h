// What a DNS blocklist must answer: the addresses that are listed, those that are not, and those of which nobody can
// say while two versions of the data are being swapped. Makes questions and judges answers for tests/check_client.
//
// Thread-safety: const after loading. Units: addresses are in host order, A values in network order.
// Errors: Load says which line of which file is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tables/result.h"

namespace rblitz::check {

enum class Kind : uint8_t { kListed, kUnlisted, kEither };

struct Question {
  uint32_t address = 0;
  Kind kind = Kind::kListed;
};

// The addresses first to last, which have these A values.
struct Range {
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t values = 0;  // index of a set of A values
};

class Oracle {
 public:
  // `zone` is the apex as text; `expected_a` what listed addresses have when their line names no value.
  [[nodiscard]] static Result<Oracle> Make(const std::string& zone, const std::string& expected_a);

  // Lines "ADDRESS[/LENGTH] [A...]"; empty ones and those that start with # or ; are skipped.
  [[nodiscard]] Status Load(Kind kind, const std::string& path);
  // Once, after all files: sorts, and checks that no address has two truths.
  [[nodiscard]] Status Prepare();

  // Whether questions of this kind can be made. Unlisted ones are invented when no file names any.
  [[nodiscard]] bool Has(Kind kind) const { return kind == Kind::kUnlisted || !ranges(kind).empty(); }
  [[nodiscard]] Question Pick(Kind kind, std::mt19937_64& random) const;

  // "listed 192.0.2.1", for messages.
  [[nodiscard]] static std::string Describe(const Question& question);

  // Writes the query to `out` (at least 512 bytes) and returns its size. Letters of the zone change case with the id.
  [[nodiscard]] size_t Write(const Question& question, uint16_t id, uint8_t* out) const;

  // Empty when the answer is right, else what is wrong with it.
  [[nodiscard]] std::string Judge(const Question& question, uint16_t id, std::span<const uint8_t> answer) const;

 private:
  using ValueSet = std::vector<uint32_t>;  // sorted

  [[nodiscard]] const std::vector<Range>& ranges(Kind kind) const { return ranges_[static_cast<size_t>(kind)]; }
  [[nodiscard]] const Range* Find(Kind kind, uint32_t address) const;
  [[nodiscard]] Result<Range> ParseLine(const std::string& line);
  [[nodiscard]] uint32_t Intern(ValueSet values);

  std::vector<uint8_t> zone_;  // in wire form, lower case
  std::vector<Range> ranges_[3];
  std::vector<ValueSet> value_sets_;  // 0: the expected one
  std::map<ValueSet, uint32_t> value_ids_;
};

}  // namespace rblitz::check
