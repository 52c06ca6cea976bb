// Rows of cells as aligned text: words to the left, numbers to the right.
//
// Thread-safety: one thread.
#pragma once

#include <string>
#include <vector>

namespace rblitz {

class TextTable {
 public:
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Each line after `indent`; a column is numeric when all its cells but the first are.
  [[nodiscard]] std::string Text(const std::string& indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace rblitz
