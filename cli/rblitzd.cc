// rblitzd: the server (rblitzd(8)).
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include "cli/activation.h"
#include "cli/check.h"
#include "cli/config.h"
#include "cli/daemon.h"
#include "cli/options.h"
#include "cli/output.h"

namespace {

int Complain(const std::string& message) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) std::cerr << "rblitzd: " << line << "\n";
  return rblitz::kExitFailure;
}

int Serve(const rblitz::ServerOptions& options) {
  auto passed = rblitz::TakePassedSockets();
  if (!passed) return Complain(passed.error().message);
  auto config = rblitz::LoadConfig(options.config, !passed->empty());
  if (!config) return Complain(config.error().message);
  config->server.passed = *std::move(passed);
  rblitz::BlockSignals();
  const auto daemon = rblitz::Daemon::Create(*std::move(config), options.control);
  if (!daemon) return Complain(daemon.error().message);
  const int code = (*daemon)->Run();
  // A large table may take many seconds more, and all that is left of it is memory, which goes with the process.
  if ((*daemon)->still_loading()) std::_Exit(code);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto options = rblitz::ParseServerOptions(argc, argv, std::cout, std::cerr);
    if (options && !options->check) return Serve(*options);
    const int code = options ? rblitz::RunCheck("rblitzd", options->config, false) : options.error();
    return rblitz::FlushOutput("rblitzd", code);
  } catch (const std::exception& error) {
    return Complain(std::string("failed: ") + error.what());
  }
}
