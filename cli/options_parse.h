// What the command lines of all programs have in common: --help, --version, and how a mistake is told.
//
// Errors: as cli/options.h says.
#pragma once

#include <array>
#include <boost/program_options.hpp>
#include <iosfwd>
#include <string>
#include <string_view>

#include "cli/options.h"

namespace rblitz {

struct Usage {
  std::string_view program;
  std::string_view synopsis;
  std::string_view description;
  std::string_view commands;
  std::array<std::string_view, 2> more = {};
};

// Writes what is wrong; returns the exit code.
int Misused(const Usage& usage, const std::string& what, std::ostream& err);

// --help and --version.
[[nodiscard]] boost::program_options::options_description CommonOptions();

// The parsed command line, or the exit code where --help, --version or a mistake ends it.
[[nodiscard]] Parsed<boost::program_options::variables_map> ParseOptions(
    int argc, const char* const* argv, const Usage& usage, const boost::program_options::options_description& visible,
    const boost::program_options::options_description& all,
    const boost::program_options::positional_options_description& positional, std::ostream& out, std::ostream& err);

// The same of a program that takes no arguments; `hint` says to whoever gave one what was meant, perhaps.
[[nodiscard]] Parsed<boost::program_options::variables_map> ParseOptionsAlone(
    int argc, const char* const* argv, const Usage& usage, const boost::program_options::options_description& visible,
    std::ostream& out, std::ostream& err, std::string_view hint = "");

}  // namespace rblitz
