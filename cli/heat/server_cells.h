// The scores of networks that a server has, page by page over its control socket (cli/heat_answers.h), all of one
// moment.
//
// Thread-safety: one thread. Errors: Result's; what was walked before is good.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tables/heat6_table.h"
#include "tables/result.h"

namespace rblitz {

// Whose: of a zone, a feed, or what the server is asked.
struct CellsOf {
  std::string zone;
  std::string feed;
  bool traffic = false;
};

// /24s that follow one another and have the same score; those of score 0 are left out.
struct CellRun {
  uint32_t first = 0;  // address >> 8
  uint32_t count = 0;
  unsigned score = 0;
};

// `networks6`: gets those of IPv6, sorted; null: they are not asked for.
[[nodiscard]] Status WalkServerCells(const std::string& control, const CellsOf& whose,
                                     const std::function<void(const CellRun&)>& visit,
                                     Heat6Networks* networks6 = nullptr);

}  // namespace rblitz
