// The command lines of the programs. The only files that include Boost are options*.
//
// Errors: wrong usage is written to `err` as "program: what: why" and ends as exit code 2; --help and --version write
// to `out` and end as exit code 0.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace rblitz {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotListed = 3;
// Of `rblitz heat report`.
inline constexpr int kExitWarm = 3;
inline constexpr int kExitListed = 4;

inline constexpr const char* kDefaultControl = "/run/rblitz/control.sock";

struct ServerOptions {
  std::string config;
  std::string control;  // empty: as the configuration says
  bool check = false;
};

// Of `rblitz grey`.
struct GreyOptions {
  std::string key;      // a file; empty: as the configuration says
  std::string config;   // a file; empty: the server is asked
  std::string into;     // merge
  std::string from;     // import; empty: rows of an export
  bool normal = false;  // import --from
  uint64_t limit = 0;   // list; 0: all
  bool domain = false;  // of the sender is told
  bool aligned = false;
};

inline constexpr int kNoOrder = std::numeric_limits<int>::min();

// Of `rblitz heat`.
struct HeatCommandOptions {
  std::string xy;  // where
  int order = kNoOrder;
  std::string output;  // map
  std::string file;    // map: its heat; none of these: of the server's one zone of heat
  std::string feed;    // map, cells
  bool traffic = false;
  std::optional<uint64_t> number;   // top, report; absent: as many as are read with ease
  std::optional<unsigned> level;    // top; absent: 24
  std::string format;               // of the file; empty: guessed
  std::string file_palette;         // of a file that is a picture; empty: grey
  std::string prefix;               // map; empty: the world
  std::string palette;              // map; empty: viridis
  std::string title;                // map
  std::vector<std::string> labels;  // map
  std::string shade;
  std::string own;
  std::string diff;
  bool rebase = false;
  bool log = false;  // map: the scale; report: arguments are logs
  bool legend = false;
  bool bare = false;
  bool csv = false;                   // report
  std::optional<unsigned> min_score;  // report; absent: 64
  std::string last;                   // report: what the last run found
};

struct CommandOptions {
  std::string control = kDefaultControl;
  bool json = false;
  bool watch = false;   // stats
  bool force = false;   // reload
  std::string zone;     // lookup, list, grey
  std::string a;        // list add
  std::string lasting;  // list add, remove; grey allow
  std::string why;      // list add, remove; grey allow
  GreyOptions grey;
  HeatCommandOptions heat;
  std::string command;
  std::vector<std::string> arguments;
};

// Options, or the exit code of a program that has nothing more to do.
template <class T>
using Parsed = tl::expected<T, int>;

[[nodiscard]] Parsed<ServerOptions> ParseServerOptions(int argc, const char* const* argv, std::ostream& out,
                                                       std::ostream& err);
[[nodiscard]] Parsed<CommandOptions> ParseCommandOptions(int argc, const char* const* argv, std::ostream& out,
                                                         std::ostream& err);

}  // namespace rblitz
