// What a lookup yields: verdicts (an A value and a text), interned per feed, and the texts as templates.
//
// A table maps an address to a ValueId. A ValueId names a short list of verdicts, because rbldnsd's ip4set answers with
// all values that an address has at its most specific level. A text is kept as literal parts with the listed thing
// (the address asked for) between them; variables and base templates are already resolved by the loader.
//
// Thread-safety: const after the feed is built. Cost: 8 bytes a verdict, one copy of each distinct text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rblitz {

// 0 is "not listed"; tables store nothing for it.
using ValueId = uint32_t;
inline constexpr ValueId kNotListed = 0;

// Tables are asked for this many things at once at most.
inline constexpr size_t kMaxBatch = 64;

using TextId = uint32_t;
inline constexpr TextId kNoText = 0;

// rbldnsd keeps 254 of the 255 bytes that a character-string could hold.
inline constexpr size_t kMaxTextBytes = 254;

struct Verdict {
  uint32_t a_be = 0;  // RDATA of the A record, in network order
  TextId text = kNoText;

  bool operator==(const Verdict&) const = default;
  auto operator<=>(const Verdict&) const = default;
};

// What stands between two literal parts of a text.
enum class TextPlace : uint8_t {
  kListed,  // the listed thing: the address asked for
  kPrefix,  // the network that lists it
};

class Verdicts {
 public:
  Verdicts();

  // A text from its literal parts and what stands between each two: {"Listed "," twice ",""} has two places. Those that
  // `places` does not name are the listed thing. No part at all, or only an empty one, is kNoText. Literals past
  // kMaxTextBytes in all are cut.
  [[nodiscard]] TextId InternText(std::span<const std::string_view> parts, std::span<const TextPlace> places = {});

  // The id of this list of verdicts, in this order. The empty list is kNotListed.
  [[nodiscard]] ValueId Intern(std::span<const Verdict> verdicts);
  [[nodiscard]] ValueId Intern(Verdict verdict) { return Intern(std::span<const Verdict>(&verdict, 1)); }

  // The next id, values(), for a list of this one verdict, even where an id for it exists. A loader numbers values
  // while it reads and knows their texts only at the end, when two of them may turn out to be the same.
  ValueId Append(Verdict verdict);

  [[nodiscard]] std::span<const Verdict> at(ValueId id) const noexcept {
    return {verdicts_.data() + first_[id], first_[id + 1] - first_[id]};
  }

  // Writes the text with `subject` and `prefix` in its places, at most kMaxTextBytes, and returns the bytes written; 0
  // for kNoText.
  size_t Render(TextId text, std::string_view subject, char* out, std::string_view prefix = {}) const noexcept;

  // Whether the text names the subject at all; if not, one rendering serves every question.
  [[nodiscard]] bool HasSubject(TextId text) const noexcept;
  // Whether it names the network.
  [[nodiscard]] bool HasPrefix(TextId text) const noexcept;
  // Whether any text does.
  [[nodiscard]] bool has_prefixes() const noexcept { return has_prefixes_; }

  // Ids in use are 0 .. values()-1.
  [[nodiscard]] uint32_t values() const noexcept { return static_cast<uint32_t>(first_.size() - 1); }
  [[nodiscard]] size_t bytes() const noexcept;

  // Frees what only interning needs. Intern and InternText must not be called after it.
  void Seal();

 private:
  std::vector<uint32_t> first_;    // by ValueId: its first verdict; one more than there are ids
  std::vector<Verdict> verdicts_;  // lists, one after another
  std::vector<uint32_t> text_at_;  // by TextId: its offset in text_bytes_
  std::string text_bytes_;  // per text: parts - 1, then per part its length (1 byte) and its bytes, a TextPlace before
                            // each but the first
  bool has_prefixes_ = false;
  std::map<std::vector<Verdict>, ValueId> value_ids_;
  std::unordered_map<std::string, TextId> text_ids_;
};

}  // namespace rblitz
