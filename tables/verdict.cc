#include "tables/verdict.h"

#include <algorithm>
#include <cstring>

namespace rblitz {

namespace {

// A text as Render reads it, kMaxTextBytes of literals at most.
std::string Encode(std::span<const std::string_view> parts, std::span<const TextPlace> places) {
  std::string encoded(1, static_cast<char>(parts.size() - 1));
  size_t room = kMaxTextBytes;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) encoded += static_cast<char>(i <= places.size() ? places[i - 1] : TextPlace::kListed);
    const std::string_view part = parts[i].substr(0, room);
    room -= part.size();
    encoded += static_cast<char>(part.size());
    encoded += part;
  }
  return encoded;
}

}  // namespace

Verdicts::Verdicts() : first_{0, 0}, text_at_{0}, text_bytes_(1, '\0') {}

TextId Verdicts::InternText(std::span<const std::string_view> parts, std::span<const TextPlace> places) {
  if (parts.empty() || (parts.size() == 1 && parts[0].empty())) return kNoText;
  // A text that has more places than bytes to put between them cannot show the last ones.
  parts = parts.first(std::min<size_t>(parts.size(), kMaxTextBytes + 1));
  const auto [known, inserted] = text_ids_.try_emplace(Encode(parts, places), static_cast<TextId>(text_at_.size()));
  if (inserted) {
    text_at_.push_back(static_cast<uint32_t>(text_bytes_.size()));
    text_bytes_ += known->first;
    has_prefixes_ |= HasPrefix(known->second);
  }
  return known->second;
}

ValueId Verdicts::Intern(std::span<const Verdict> verdicts) {
  if (verdicts.empty()) return kNotListed;
  const auto [known, inserted] =
      value_ids_.try_emplace(std::vector<Verdict>(verdicts.begin(), verdicts.end()), values());
  if (inserted) {
    verdicts_.insert(verdicts_.end(), verdicts.begin(), verdicts.end());
    first_.push_back(static_cast<uint32_t>(verdicts_.size()));
  }
  return known->second;
}

ValueId Verdicts::Append(Verdict verdict) {
  const ValueId id = values();
  value_ids_.try_emplace({verdict}, id);
  verdicts_.push_back(verdict);
  first_.push_back(static_cast<uint32_t>(verdicts_.size()));
  return id;
}

size_t Verdicts::Render(TextId text, std::string_view subject, char* out, std::string_view prefix) const noexcept {
  if (text == kNoText) return 0;
  const char* in = text_bytes_.data() + text_at_[text];
  const auto places = static_cast<uint8_t>(*in++);
  size_t size = 0;
  const auto append = [&](const char* data, size_t n) {
    n = std::min(n, kMaxTextBytes - size);
    std::copy_n(data, n, out + size);  // which, unlike memcpy, takes a null of no bytes
    size += n;
  };
  for (unsigned part = 0; part <= places; ++part) {
    if (part > 0) {
      const std::string_view in_place = static_cast<TextPlace>(*in++) == TextPlace::kPrefix ? prefix : subject;
      append(in_place.data(), in_place.size());
    }
    const auto length = static_cast<uint8_t>(*in++);
    append(in, length);
    in += length;
  }
  return size;
}

bool Verdicts::HasSubject(TextId text) const noexcept { return text != kNoText && text_bytes_[text_at_[text]] != 0; }

bool Verdicts::HasPrefix(TextId text) const noexcept {
  if (text == kNoText) return false;
  const char* in = text_bytes_.data() + text_at_[text];
  for (auto places = static_cast<uint8_t>(*in++); places > 0; --places) {
    in += 1 + static_cast<uint8_t>(*in);  // the part before the place
    if (static_cast<TextPlace>(*in++) == TextPlace::kPrefix) return true;
  }
  return false;
}

size_t Verdicts::bytes() const noexcept {
  return first_.capacity() * sizeof(uint32_t) + verdicts_.capacity() * sizeof(Verdict) +
         text_at_.capacity() * sizeof(uint32_t) + text_bytes_.capacity();
}

void Verdicts::Seal() {
  value_ids_.clear();
  text_ids_ = {};
  first_.shrink_to_fit();
  verdicts_.shrink_to_fit();
  text_at_.shrink_to_fit();
  text_bytes_.shrink_to_fit();
}

}  // namespace rblitz
