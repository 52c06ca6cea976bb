// rblitz: the operator's command (rblitz(1)).
#include <exception>
#include <iostream>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"

int main(int argc, char** argv) {
  try {
    const auto options = rblitz::ParseCommandOptions(argc, argv, std::cout, std::cerr);
    return rblitz::FlushOutput("rblitz", options ? rblitz::RunCommand(*options) : options.error());
  } catch (const std::exception& error) {
    std::cerr << "rblitz: failed: " << error.what() << "\n";
    return rblitz::kExitFailure;
  }
}
