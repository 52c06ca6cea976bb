#include "cli/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace rblitz {

namespace {

bool IsPlain(char c) { return c > ' ' && c < 127 && c != '"' && c != '\\' && c != '='; }

// A feed's bad line may hold anything; the log stays one line of printable text.
std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') quoted += '\\';
    if (byte >= ' ' && byte != 127) {
      quoted += c;
    } else {
      std::array<char, 5> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      quoted += escape.data();
    }
  }
  return quoted + '"';
}

}  // namespace

LogLine::~LogLine() {
  line_ += '\n';
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line_.data(), line_.size());
}

LogLine& LogLine::Add(std::string_view key, std::string_view value) {
  line_ += ' ';
  line_ += key;
  line_ += '=';
  line_ += !value.empty() && std::all_of(value.begin(), value.end(), IsPlain) ? std::string(value) : Quoted(value);
  return *this;
}

LogLine& LogLine::AddSeconds(std::string_view key, double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", seconds);
  return Add(key, text.data());
}

}  // namespace rblitz
