#include "cli/render_values.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <utility>

namespace rblitz {

std::string Decimal(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string Number(const Json& value) { return value.is_null() ? "-" : std::to_string(value.get<int64_t>()); }

std::string Bytes(const Json& value) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = value.get<double>();
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  return Decimal(size, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

std::string Duration(const Json& value) {
  if (value.is_null()) return "-";
  static constexpr std::pair<int64_t, char> kUnits[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  auto seconds = value.get<int64_t>();
  std::string text = seconds < 0 ? "-" : "";
  seconds = seconds < 0 ? -seconds : seconds;
  for (size_t i = 0, shown = 0; i < std::size(kUnits) && shown < 2; ++i) {
    const auto [unit, letter] = kUnits[i];
    if (seconds < unit && shown == 0 && unit > 1) continue;
    text += std::to_string(seconds / unit) + letter;
    seconds %= unit;
    ++shown;
  }
  return text;
}

std::string Printable(const Json& value) {
  auto text = value.get<std::string>();
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  }
  return text;
}

std::string Time(const Json& value) {
  if (value.is_null()) return "-";
  const auto seconds = static_cast<std::time_t>(value.get<int64_t>());
  std::tm parts{};
  std::array<char, 32> text{};
  if (localtime_r(&seconds, &parts) == nullptr) return Number(value);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

}  // namespace rblitz
