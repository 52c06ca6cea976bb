// rblitz-policyd as a whole: settings, sockets, the user it becomes, the sandbox, signals (rblitz-policyd(8)).
//
// Errors: as "what: why", several lines where the configuration has several mistakes.
#pragma once

#include <memory>

#include "cli/options_policyd.h"
#include "cli/policy/service.h"
#include "cli/policy/settings.h"

namespace rblitz {

// The configuration, and what the command line says instead.
[[nodiscard]] Result<policy::Settings> PolicydSettings(const PolicydOptions& options);

// Reads all that a start would read.
[[nodiscard]] Status CheckPolicyd(const policy::Settings& settings);

class Policyd {
 public:
  // Once it returns, the process is no longer root and can write nothing.
  [[nodiscard]] static Result<std::unique_ptr<Policyd>> Create(policy::Settings settings);

  // Until SIGTERM or SIGINT; requests that have come are answered first.
  [[nodiscard]] Status Run();

 private:
  explicit Policyd(policy::Settings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] Status Open();
  [[nodiscard]] Status OpenSignals();
  void OnSignal();

  policy::Settings settings_;
  UniqueFd signals_;
  std::unique_ptr<policy::Service> service_;
};

}  // namespace rblitz
