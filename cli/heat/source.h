// Where the heat that is drawn and reported comes from: a file of any format of heat, which needs no server, or what a
// server has, as it sends it over its control socket.
//
// The format of a file is guessed from its first lines unless it is named. Counts of a file are drawn as they are, 255
// standing for itself and all above; with `log` on a logarithmic scale. For reports they become scores as a feed's do.
//
// Thread-safety: pure but for files and the socket. Errors: name the file or the socket; a file of which nothing can be
// used fails.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tables/cell_blocks.h"
#include "tables/heat6_table.h"
#include "tables/result.h"

namespace rblitz {

struct HeatRequest {
  std::string file;  // one of these four
  std::string zone;
  std::string feed;
  bool traffic = false;
  std::string format;   // of the file; empty: guessed
  std::string palette;  // of a file that is a picture
  bool log = false;
  bool as_feed = false;  // each address of a list counts once, and counts become scores, as they are served
  bool ip6 = false;      // of a server: networks of IPv6 too
  std::string control;
};

// What scores stand for.
struct HeatScaleOf {
  bool log = false;
  double top = 255;  // what 255 stands for
};

struct HeatSource {
  std::shared_ptr<const HeatCells> cells;
  std::shared_ptr<const Heat6Networks> networks6;  // null: nothing is known of IPv6
  std::string name;                                // for titles
  bool counts = false;
  bool log = false;
  bool is_traffic = false;         // which is known of IPv4 alone
  double top = 255;                // what 255 stands for
  std::vector<std::string> notes;  // what is worth a warning

  [[nodiscard]] HeatScaleOf scale() const noexcept { return {.log = log, .top = top}; }
};

[[nodiscard]] Result<HeatSource> LoadHeatSource(const HeatRequest& request);

[[nodiscard]] double ValueOf(const HeatScaleOf& scale, unsigned score) noexcept;

// The format that the first bytes of a file have: "heat-png", "heat-list", ...
[[nodiscard]] std::string GuessHeatFormat(std::string_view bytes);

}  // namespace rblitz
