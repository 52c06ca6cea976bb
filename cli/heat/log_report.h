// From how hot networks the clients of a log come: "does my traffic come from hot ranges?"
//
// A client of IPv4 is hot where its /24 is from a score on; one of IPv6 where the most specific network around it that
// is that hot is a /64, /56 or /48.
//
// Thread-safety: one thread. Lifetime: the source outlives the tally. Units: clients are counted as often as a log
// tells of them (cli/heat/log_line.h). Cost: at most 64 MiB for clients of IPv4 and 16 bytes for each network of IPv6
// that heat is known of, however long the logs are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/heat/lines.h"
#include "cli/heat/log_line.h"
#include "cli/heat/source.h"
#include "tables/cell_blocks.h"
#include "tables/heat6_table.h"

namespace rblitz {

struct LogFigures {
  uint64_t lines = 0;
  uint64_t bad = 0;
  std::vector<std::string> bad_lines;  // the first of them: "mail.log:17: why"
  uint64_t clients = 0;
  uint64_t ip6 = 0;    // of these
  uint64_t known = 0;  // of these: something is known of their network
  uint64_t hot = 0;    // of these
};

// A network that hot clients come from.
struct HotNetwork {
  std::string network;
  unsigned length = 0;
  uint64_t clients = 0;
  uint64_t hot = 0;
  unsigned score = 0;  // the highest in it
};

struct LogReport {
  LogFigures figures;
  std::vector<HotNetwork> networks;  // /8s, /16s, /24s, then those of IPv6; of each length the most clients first
};

class LogTally {
 public:
  LogTally(const HeatSource& source, unsigned min_score);

  // All logs are read, one after another. Fails where one cannot be read, and where one is of no kind that is known.
  [[nodiscard]] Status Read(const std::string& path);

  // `most`: networks of each length.
  [[nodiscard]] LogReport Report(size_t most) const;

 private:
  static constexpr size_t kKeptBad = 10;
  // What one log is like.
  struct Seen {
    std::string name;
    bool is_mail = false;   // some line is a mail server's
    bool is_plain = false;  // some line begins with an address
    uint64_t others = 0;    // lines that may be bad ones
    std::vector<std::string> first_others;
    uint64_t lines = 0;
  };
  struct Counted6 {
    uint64_t clients = 0;
    unsigned score = 0;
  };
  using Counts6 = std::unordered_map<uint64_t, Counted6>;  // by prefix

  void Take(const PlacedLine& line, Seen* seen);
  void Bad(uint64_t count, std::vector<std::string> first);
  void Count(const ClientAddress& client);
  void Count6(const Ip6Address& address);
  [[nodiscard]] std::vector<HotNetwork> HotOf(unsigned length, LogFigures* figures) const;
  [[nodiscard]] std::vector<HotNetwork> HotOf6(unsigned length) const;

  const HeatSource& source_;
  const unsigned min_score_;
  const Heat6Table table6_;
  LogFigures figures_;  // of IPv4 clients only what needs no scores
  CellBlocks<uint32_t> clients_;
  std::array<Counts6, kHeat6Lengths.size()> hot6_;
};

}  // namespace rblitz
