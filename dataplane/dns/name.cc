#include "dataplane/dns/name.h"

namespace rblitz::dns {

namespace {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// One byte of a label, its escape resolved (RFC 1035 section 5.1); `at` moves behind it. Negative: a bad escape.
int NextByte(std::string_view text, size_t& at) {
  const char c = text[at++];
  if (c != '\\') return static_cast<uint8_t>(c);
  if (at >= text.size()) return -1;
  if (!IsDigit(text[at])) return static_cast<uint8_t>(text[at++]);
  if (text.size() - at < 3 || !IsDigit(text[at + 1]) || !IsDigit(text[at + 2])) return -1;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  at += 3;
  return value <= 255 ? value : -1;
}

}  // namespace

Name NameFromText(std::string_view text) noexcept {
  Name name;
  size_t label = 0;  // where its length byte stands
  size_t end = 1;    // behind its last byte
  if (text == ".") text = {};
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (end - label == 1) return {};  // empty label
      name.bytes[label] = static_cast<uint8_t>(end - label - 1);
      label = end++;
      ++at;
      continue;
    }
    const int byte = NextByte(text, at);
    if (byte < 0 || end - label > kMaxLabel || end >= kMaxName) return {};
    name.bytes[end++] = static_cast<uint8_t>(byte);
  }
  if (end - label > 1) {  // no final dot: the last label is still open
    name.bytes[label] = static_cast<uint8_t>(end - label - 1);
    label = end++;
  }
  if (end > kMaxName) return {};
  name.bytes[label] = 0;
  name.size = static_cast<uint8_t>(end);
  return name;
}

bool SameName(const uint8_t* a, const uint8_t* b, size_t size) noexcept {
  for (size_t i = 0; i < size; ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

size_t NameToText(const uint8_t* name, char* out) noexcept {
  char* const begin = out;
  if (name[0] == 0) *out++ = '.';
  while (name[0] != 0) {
    if (out != begin) *out++ = '.';
    const uint8_t* const end = name + 1 + name[0];
    for (++name; name < end; ++name) {
      const auto c = static_cast<char>(*name);
      if (c > ' ' && c < 0x7f) {
        if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '@' || c == '$' || c == '(' || c == ')')
          *out++ = '\\';
        *out++ = c;
      } else {
        *out++ = '\\';
        *out++ = static_cast<char>('0' + *name / 100);
        *out++ = static_cast<char>('0' + *name / 10 % 10);
        *out++ = static_cast<char>('0' + *name % 10);
      }
    }
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace rblitz::dns
