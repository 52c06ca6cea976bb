// Command lines of `rblitz heat`, run as main does.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "cli/heat_commands.h"

namespace rblitz {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

// Behind "rblitz heat": usage, or the action.
inline Outcome RunHeatLine(const std::vector<std::string>& words) {
  std::vector<const char*> line = {"rblitz", "heat"};
  for (const std::string& word : words) line.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const auto options = ParseCommandOptions(static_cast<int>(line.size()), line.data(), out, err);
  const int code = options ? RunHeat(*options, {.out = out, .err = err}) : options.error();
  return {code, out.str(), err.str()};
}

}  // namespace rblitz
