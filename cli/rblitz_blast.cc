// rblitz-blast: the load generator (rblitz-blast(1)).
#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>

#include "cli/blast/blast.h"
#include "cli/options_blast.h"
#include "cli/output.h"

namespace {

std::atomic<bool> stop{false};

int Complain(const std::string& message) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) std::cerr << "rblitz-blast: " << line << "\n";
  return rblitz::kExitFailure;
}

// What has come until then is counted and printed.
void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { stop.store(true, std::memory_order_relaxed); };
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

int Run(const rblitz::blast::Settings& settings) {
  StopOnSignals();
  const auto is_good = rblitz::blast::RunBlast(settings, stop, std::cout);
  if (!is_good) return Complain(is_good.error().message);
  return *is_good ? rblitz::kExitSuccess : rblitz::kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto settings = rblitz::ParseBlastOptions(argc, argv, std::cout, std::cerr);
    return rblitz::FlushOutput("rblitz-blast", settings ? Run(*settings) : settings.error());
  } catch (const std::exception& error) {
    return Complain(std::string("failed: ") + error.what());
  }
}
