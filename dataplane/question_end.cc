#include "dataplane/question_end.h"

#include "dataplane/dns/wire.h"

namespace rblitz {

void QuestionEnd::Set(const uint8_t* apex, size_t apex_size, bool has_opt) noexcept {
  wanted_.fill(0xff);
  ignored_.fill(0xff);
  for (size_t i = 0; i < apex_size; ++i) {
    const bool is_letter = apex[i] >= 'a' && apex[i] <= 'z';
    wanted_[i] = apex[i];
    ignored_[i] = is_letter ? 'a' - 'A' : 0;
  }
  const size_t class_at = apex_size + 2;
  dns::Store16(&wanted_[class_at], dns::kIn);
  dns::Store16(&ignored_[class_at], 0);
  size_ = class_at + 2;
  if (!has_opt) return;
  // Root, type, and behind the size extended RCODE and version 0.
  for (const size_t at : {0u, 1u, 2u, 5u, 6u}) {
    wanted_[size_ + at] = at == 2 ? dns::kOpt : 0;
    ignored_[size_ + at] = 0;
  }
  size_ += dns::kOptSize;
}

bool QuestionEnd::AllowsAlike(const uint8_t* differences, bool has_opt) const noexcept {
  U64x2 differ{};
  for (size_t at = 0; at < size_; at += kVectorSize) {
    differ |= LoadVector<U64x2>(differences + at) & ~LoadAligned<U64x2>(ignored_.data() + at);
  }
  const size_t type_at = size_ - (has_opt ? dns::kOptSize : 0) - 4;
  const size_t options_at = has_opt ? size_ - 2 : type_at;
  return IsAllZero(differ) & ((differences[type_at] | differences[type_at + 1] | differences[options_at] |
                               differences[options_at + 1]) == 0);
}

}  // namespace rblitz
