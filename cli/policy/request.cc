#include "cli/policy/request.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace rblitz::policy {

namespace {

constexpr std::pair<std::string_view, std::string_view Request::*> kAttributes[] = {
    {"client_address", &Request::client_address},
    {"client_name", &Request::client_name},
    {"sender", &Request::sender},
    {"recipient", &Request::recipient},
    {"instance", &Request::instance},
    {"sasl_username", &Request::sasl_username},
    {"policy_context", &Request::policy_context},
};

// Up to 64 bytes, which are compared at once: a request is some twenty short lines, and a search for the end of each
// costs more than looking at all of it.
class Block {
 public:
  static constexpr size_t kSize = 64;

  // Of `bytes` from `at` on. REQUIRES: at < bytes.size().
  Block(std::string_view bytes, size_t at) noexcept : size_(std::min(kSize, bytes.size() - at)) {
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), size_, bytes_.begin());
  }

  // A bit for each, that of the first lowest.
  [[nodiscard]] uint64_t Where(char wanted) const noexcept {
    const __m128i all = _mm_set1_epi8(wanted);
    uint64_t bits = 0;
    for (size_t i = 0; i < kSize; i += sizeof all) {
      const __m128i some = _mm_load_si128(reinterpret_cast<const __m128i*>(&bytes_[i]));
      bits |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(some, all)))} << i;
    }
    return bits & ~uint64_t{0} >> (kSize - size_);
  }

 private:
  size_t size_;
  alignas(16) std::array<char, kSize> bytes_;
};

bool IsLineStart(std::string_view bytes, size_t at) noexcept { return at == 0 || bytes[at - 1] == '\n'; }

// False: the line means nothing. `equals`: where it has its first '=', or npos.
bool ReadLine(std::string_view line, size_t equals, Request* request, bool* is_policy) noexcept {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (equals >= line.size()) return line.empty();
  const std::string_view name = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  for (const auto& [known, attribute] : kAttributes) {
    if (name == known) request->*attribute = value;
  }
  if (name == "request") *is_policy = value == "smtpd_access_policy";
  return true;
}

}  // namespace

std::optional<size_t> RequestSize(std::string_view bytes, size_t* searched) noexcept {
  for (size_t at = *searched; at < bytes.size(); at += Block::kSize) {
    const Block block(bytes, at);
    const uint64_t ends = block.Where('\n');
    const uint64_t starts = ends << 1 | uint64_t{IsLineStart(bytes, at)};  // of lines
    const bool is_behind_cr = at > 0 && bytes[at - 1] == '\r' && IsLineStart(bytes, at - 1);
    const uint64_t behind_cr = (block.Where('\r') & starts) << 1 | uint64_t{is_behind_cr};
    const uint64_t empty = ends & (starts | behind_cr);
    if (empty != 0) return at + static_cast<size_t>(std::countr_zero(empty)) + 1;
  }
  *searched = bytes.size();
  return std::nullopt;
}

std::optional<Request> ReadRequest(std::string_view whole) noexcept {
  Request request;
  bool is_policy = false;
  size_t line = 0;  // where it begins
  size_t equals = std::string_view::npos;
  for (size_t at = 0; at < whole.size(); at += Block::kSize) {
    const Block block(whole, at);
    if (block.Where('\0') != 0) return std::nullopt;
    const uint64_t ends = block.Where('\n');
    for (uint64_t marks = ends | block.Where('='); marks != 0; marks &= marks - 1) {
      const auto bit = static_cast<size_t>(std::countr_zero(marks));
      if ((ends >> bit & 1) == 0) {
        equals = std::min(equals, at + bit - line);
        continue;
      }
      if (!ReadLine(whole.substr(line, at + bit - line), equals, &request, &is_policy)) return std::nullopt;
      line = at + bit + 1;
      equals = std::string_view::npos;
    }
  }
  if (!is_policy) return std::nullopt;
  return request;
}

}  // namespace rblitz::policy
