// The command line of rblitz-policyd. What is given there beats the configuration.
//
// Errors: as cli/options.h says.
#pragma once

#include "cli/options.h"

namespace rblitz {

struct PolicydOptions {
  std::string config;  // empty: none
  std::vector<std::string> listen;
  std::vector<std::string> servers;
  std::string zone;
  std::string key;
  std::string user;
  std::vector<std::string> client_lists;
  std::vector<std::string> recipient_lists;
  bool exim = false;
  bool verbose = false;
  bool check = false;
};

[[nodiscard]] Parsed<PolicydOptions> ParsePolicydOptions(int argc, const char* const* argv, std::ostream& out,
                                                         std::ostream& err);

}  // namespace rblitz
