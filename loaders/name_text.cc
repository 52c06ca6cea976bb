#include "loaders/name_text.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <memory>
#include <string>

#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr size_t kMaxLabel = 63;

bool IsDigit(char c) noexcept { return c >= '0' && c <= '9'; }
char Lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Puts labels together byte by byte.
class LabelWriter {
 public:
  // False when the label or the name gets too long.
  bool Put(char c) noexcept {
    if (label_size_ == 0) {
      if (labels_.size == NameLabels::kMaxSize) return false;
      label_at_ = labels_.size++;
    }
    if (label_size_ == kMaxLabel || labels_.size == NameLabels::kMaxSize) return false;
    labels_.bytes[labels_.size++] = static_cast<uint8_t>(c);
    labels_.bytes[label_at_] = ++label_size_;
    return true;
  }
  void EndLabel() noexcept { label_size_ = 0; }
  [[nodiscard]] bool in_label() const noexcept { return label_size_ > 0; }
  [[nodiscard]] const NameLabels& labels() const noexcept { return labels_; }

 private:
  NameLabels labels_;
  uint8_t label_at_ = 0;
  uint8_t label_size_ = 0;
};

// What stands behind a backslash. Nothing if it says more than a byte can.
std::optional<char> TakeEscaped(std::string_view& text) noexcept {
  if (text.size() < 3 || !IsDigit(text[0]) || !IsDigit(text[1]) || !IsDigit(text[2])) {
    const char c = text[0];
    text.remove_prefix(1);
    return c;
  }
  const int byte = 100 * (text[0] - '0') + 10 * (text[1] - '0') + (text[2] - '0');
  text.remove_prefix(3);
  if (byte > 255) return std::nullopt;
  return static_cast<char>(byte);
}

// What a name of a list may consist of.
bool IsNameByte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '-' || c == '_';
}

bool IsAscii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

// The A-labels of a name in UTF-8.
Result<std::string> ToAscii(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return Fail("bad name " + Quoted(text));
  char* ascii = nullptr;
  const int error = idn2_to_ascii_8z(std::string(text).c_str(), &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<char, void (*)(void*)> owner(ascii, idn2_free);
  if (error != IDN2_OK) return Fail("bad international name " + Quoted(text) + ": " + idn2_strerror(error));
  return std::string(ascii);
}

Result<NameLabels> FromAscii(std::string_view name, std::string_view text) {
  LabelWriter writer;
  bool only_digits = true;  // of the last label
  for (const char c : name) {
    if (c == '.' && writer.in_label()) {
      writer.EndLabel();
      only_digits = true;
    } else if (!IsNameByte(c) || !writer.Put(Lower(c))) {
      return Fail("bad name " + Quoted(text));
    } else {
      only_digits &= IsDigit(c);
    }
  }
  // No top-level domain is a number (RFC 3696 section 2): this is an address that went wrong.
  if (only_digits) return Fail("bad name " + Quoted(text));
  return writer.labels();
}

}  // namespace

std::optional<NameLabels> NameFromRbldnsd(std::string_view text, NameCase letters) noexcept {
  LabelWriter writer;
  while (!text.empty()) {
    char c = text[0];
    text.remove_prefix(1);
    if (c == '.') {
      writer.EndLabel();
      continue;
    }
    if (c == '\\') {
      if (text.empty()) break;  // rbldnsd drops a last backslash
      const std::optional<char> escaped = TakeEscaped(text);
      if (!escaped) return std::nullopt;
      c = *escaped;
    }
    if (!writer.Put(letters == NameCase::kLower ? Lower(c) : c)) return std::nullopt;
  }
  return writer.labels();
}

Result<NameLabels> NameFromList(std::string_view text) {
  if (IsAddressText(text)) return Fail("address in a list of names: " + Quoted(text));
  std::string_view name = text;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return Fail("bad name " + Quoted(text));
  if (IsAscii(name)) return FromAscii(name, text);
  const Result<std::string> ascii = ToAscii(name);
  if (!ascii) return tl::unexpected(ascii.error());
  return FromAscii(*ascii, text);
}

bool IsAddressText(std::string_view text) noexcept {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  text = text.substr(0, text.find('%'));
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return false;
  *std::copy(text.begin(), text.end(), copy) = '\0';
  in6_addr address;
  return inet_pton(AF_INET, copy, &address) == 1 || inet_pton(AF_INET6, copy, &address) == 1;
}

}  // namespace rblitz
