// rblitz-policyd: the policy service (rblitz-policyd(8)).
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include "cli/options_policyd.h"
#include "cli/output.h"
#include "cli/policyd.h"

namespace {

int Complain(const std::string& message) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) std::cerr << "rblitz-policyd: " << line << "\n";
  return rblitz::kExitFailure;
}

int Run(const rblitz::PolicydOptions& options) {
  auto settings = rblitz::PolicydSettings(options);
  if (!settings) return Complain(settings.error().message);
  if (options.check) {
    const auto checked = rblitz::CheckPolicyd(*settings);
    return checked ? rblitz::kExitSuccess : Complain(checked.error().message);
  }
  const auto policyd = rblitz::Policyd::Create(*std::move(settings));
  if (!policyd) return Complain(policyd.error().message);
  const auto served = (*policyd)->Run();
  return served ? rblitz::kExitSuccess : Complain(served.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = rblitz::ParsePolicydOptions(argc, argv, std::cout, std::cerr);
    return rblitz::FlushOutput("rblitz-policyd", options ? Run(*options) : options.error());
  } catch (const std::exception& error) {
    return Complain(std::string("failed: ") + error.what());
  }
}
