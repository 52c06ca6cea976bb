// The questions that are asked, ready to be sent: whole DNS messages with id 0, side by side in memory, each with a
// hash by which its answer is known again.
//
// Thread-safety: const once filled. Units: bytes. Errors: messages name file and line.
// Cost: a question takes its message and 6 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dns/name.h"
#include "tables/result.h"

namespace rblitz::blast {

// Header, name, type and class, OPT.
inline constexpr size_t kMaxQuestion = dns::kHeaderSize + dns::kMaxName + 4 + dns::kOptSize;
// What one set may hold.
inline constexpr size_t kMostQuestions = 50'000'000;

// Of the question section that begins at `section`: of a question and of its answer the same.
[[nodiscard]] uint32_t QuestionHash(const uint8_t* section, size_t size) noexcept;

// "A", "TXT", "TYPE257", in either case; 0: no type that can be asked for.
[[nodiscard]] uint16_t TypeFromText(std::string_view text) noexcept;
[[nodiscard]] std::string TypeText(uint16_t type);

class QuestionSet {
 public:
  // With `edns` every question offers answers of 1232 bytes.
  explicit QuestionSet(bool edns = false) noexcept : edns_(edns) {}

  // REQUIRES: name.size != 0.
  void Add(const dns::Name& name, uint16_t type);

  [[nodiscard]] size_t size() const noexcept { return starts_.size(); }
  [[nodiscard]] std::span<const uint8_t> message(size_t i) const noexcept {
    const uint8_t* const record = records_.data() + starts_[i];
    return {record + kMessageAt, Load<uint16_t>(record + kSizeAt)};
  }
  [[nodiscard]] uint32_t hash(size_t i) const noexcept { return Load<uint32_t>(records_.data() + starts_[i]); }
  // "1.2.0.192.bl.example.com A"
  [[nodiscard]] std::string Text(size_t i) const;

 private:
  static constexpr size_t kSizeAt = 4;
  static constexpr size_t kMessageAt = 6;
  template <class T>
  [[nodiscard]] static T Load(const uint8_t* p) noexcept {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }

  bool edns_;
  std::vector<uint8_t> records_;
  std::vector<size_t> starts_;
};

// Takes a name and a type off the front of a line.
struct AskedLine {
  dns::Name name;
  uint16_t type;
};
[[nodiscard]] Result<AskedLine> TakeQuestion(std::string_view& line);

// Adds the questions of a file as dnsperf reads them: a name and a type a line, empty lines and lines that begin with #
// or ; left out. A file with a bad line is refused; the first ten are told.
[[nodiscard]] Status ReadQuestions(const std::string& path, QuestionSet& set);

}  // namespace rblitz::blast
