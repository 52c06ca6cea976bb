#include "cli/options_parse.h"

#include <ostream>
#include <string>
#include <vector>

#include "cli/version.h"

namespace rblitz {

namespace po = boost::program_options;

namespace {

// What every program accepts: long names in full only, so that a name added later changes no script's meaning.
constexpr int kStyle = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

}  // namespace

int Misused(const Usage& usage, const std::string& what, std::ostream& err) {
  err << usage.program << ": usage: " << what << " (" << usage.program << " --help lists what there is)\n";
  return kExitUsage;
}

po::options_description CommonOptions() {
  po::options_description common("Options");
  common.add_options()("help,h", "show this text")("version,V", "show the version");
  return common;
}

Parsed<po::variables_map> ParseOptions(int argc, const char* const* argv, const Usage& usage,
                                       const po::options_description& visible, const po::options_description& all,
                                       const po::positional_options_description& positional, std::ostream& out,
                                       std::ostream& err) {
  po::variables_map values;
  try {
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).style(kStyle).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    return tl::unexpected<int>(Misused(usage, error.what(), err));
  }
  if (values.count("help") != 0) {
    out << "Usage: " << usage.synopsis << "\n"
        << usage.description << "\n\n"
        << visible << usage.commands << usage.more[0] << usage.more[1];
    return tl::unexpected<int>(kExitSuccess);
  }
  if (values.count("version") != 0) {
    out << usage.program << " " << kVersion << "\n";
    return tl::unexpected<int>(kExitSuccess);
  }
  return values;
}

Parsed<po::variables_map> ParseOptionsAlone(int argc, const char* const* argv, const Usage& usage,
                                            const po::options_description& visible, std::ostream& out,
                                            std::ostream& err, std::string_view hint) {
  std::vector<std::string> arguments;
  po::options_description all(visible);
  all.add_options()("arguments", po::value(&arguments));
  po::positional_options_description positional;
  positional.add("arguments", -1);
  auto parsed = ParseOptions(argc, argv, usage, visible, all, positional, out, err);
  if (!parsed || arguments.empty()) return parsed;
  return tl::unexpected<int>(Misused(usage, "unexpected argument '" + arguments[0] + "'" + std::string(hint), err));
}

}  // namespace rblitz
