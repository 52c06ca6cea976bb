#include "cli/text_table.h"

#include <algorithm>

namespace rblitz {

namespace {

bool IsNumber(const std::string& cell) { return cell == "-" || (!cell.empty() && cell[0] >= '0' && cell[0] <= '9'); }

}  // namespace

std::string TextTable::Text(const std::string& indent) const {
  std::vector<size_t> widths;
  std::vector<bool> numeric;
  for (size_t row = 0; row < rows_.size(); ++row) {
    widths.resize(std::max(widths.size(), rows_[row].size()));
    numeric.resize(widths.size(), true);
    for (size_t i = 0; i < rows_[row].size(); ++i) {
      widths[i] = std::max(widths[i], rows_[row][i].size());
      if (row > 0 && !IsNumber(rows_[row][i])) numeric[i] = false;
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line = indent;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += i > 0 ? "  " : "";
      line += numeric[i] ? space + row[i] : row[i] + space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace rblitz
