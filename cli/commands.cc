#include "cli/commands.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <thread>

#include "cli/ask.h"
#include "cli/check.h"
#include "cli/dump.h"
#include "cli/feed_lines.h"
#include "cli/grey_commands.h"
#include "cli/heat_commands.h"
#include "cli/json.h"
#include "cli/render.h"

namespace rblitz {

namespace {

int Complain(const std::string& what) {
  std::cerr << "rblitz: " << what << "\n";
  return kExitFailure;
}

Json Request(const CommandOptions& options) {
  Json request = {{"command", options.command}};
  if (options.command == "reload") request["feeds"] = options.arguments;
  if (options.force) request["force"] = true;
  if (options.command == "diff" || options.command == "rollback") request["feed"] = options.arguments[0];
  if (options.command == "lookup") request["what"] = options.arguments[0];
  if (options.command == "dump") request["zone"] = options.arguments[0];
  if (!options.zone.empty()) request["zone"] = options.zone;
  if (options.command != "list") return request;
  request["action"] = options.arguments[0];
  if (options.arguments.size() > 1) request["what"] = options.arguments[1];
  if (!options.a.empty()) request["a"] = options.a;
  if (!options.lasting.empty()) request["for"] = options.lasting;
  if (!options.why.empty()) request["why"] = options.why;
  return request;
}

Result<Json> Ask(const CommandOptions& options, const WaitingFor& waiting = {}) {
  return rblitz::Ask(options.control, Request(options), waiting);
}

void Print(const CommandOptions& options, const Json& result, std::string (*render)(const Json&)) {
  std::cout << (options.json ? DumpJson(result, 2) + "\n" : render(result)) << std::flush;
}

// Asks and prints; returns the result for the exit code.
Result<Json> Show(const CommandOptions& options, std::string (*render)(const Json&)) {
  auto result = Ask(options);
  if (result) Print(options, *result, render);
  return result;
}

int RunStatus(const CommandOptions& options) {
  const auto result = Show(options, RenderStatus);
  return result ? kExitSuccess : Complain(result.error().message);
}

// Until interrupted, or until the server is gone.
int RunWatch(const CommandOptions& options) {
  using Clock = std::chrono::steady_clock;
  std::optional<Json> before;
  Clock::time_point then;
  for (;; std::this_thread::sleep_until(then + std::chrono::seconds(1))) {
    Result<Json> stats = Ask(options);
    if (!stats) return Complain(stats.error().message);
    const Clock::time_point now = Clock::now();
    if (before) {
      const double seconds = std::chrono::duration<double>(now - then).count();
      std::cout << (options.json ? DumpJson(*stats) + "\n" : RenderChange(*before, *stats, seconds)) << std::flush;
    }
    if (!std::cout) return kExitFailure;  // main says why
    before = *std::move(stats);
    then = now;
  }
}

int RunStats(const CommandOptions& options) {
  if (options.watch) return RunWatch(options);
  const auto result = Show(options, RenderStats);
  return result ? kExitSuccess : Complain(result.error().message);
}

// What the server reads now, as far as it says so: asked beside the request that is waited for.
std::string Reading(const CommandOptions& options) {
  CommandOptions asking = options;
  asking.command = "status";
  const Result<Json> status = Ask(asking);
  return status ? RenderProgress(*status) : "";
}

// Waits with a line on the terminal that says how far it is.
Result<Json> AskPatiently(const CommandOptions& options) {
  size_t shown = 0;
  const WaitingFor progress = [&](int seconds) {
    std::string line = "rblitz: " + options.command + ": " + std::to_string(seconds) + " s" + Reading(options);
    shown = std::max(shown, line.size());
    line.resize(shown, ' ');
    std::cerr << "\r" << line << std::flush;
  };
  auto result = Ask(options, isatty(STDERR_FILENO) == 1 ? progress : WaitingFor());
  if (shown > 0) std::cerr << "\n";
  return result;
}

// reload, diff, rollback.
int RunLoad(const CommandOptions& options) {
  const auto result = AskPatiently(options);
  if (!result) return Complain(result.error().message);
  Print(options, *result, RenderReload);
  for (const Json& error : (*result)["errors"]) Complain(options.command + ": " + error.get<std::string>());
  return (*result)["ok"].get<bool>() ? kExitSuccess : kExitFailure;
}

int RunLookup(const CommandOptions& options) {
  auto result = Ask(options);
  if (!result) return Complain(result.error().message);
  AddLines(&*result);
  Print(options, *result, RenderLookup);
  return (*result)["listed"].get<bool>() ? kExitSuccess : kExitNotListed;
}

int RunDump(const CommandOptions& options) {
  const auto plan = Ask(options);
  if (!plan) return Complain(plan.error().message);
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const DumpProgress progress = [terminal](uint64_t records) {
    if (terminal) std::cerr << "\rrblitz: dump: " << records << " records" << std::flush;
  };
  const Status dumped = DumpZone(*plan, &std::cout, progress);
  if (terminal) std::cerr << "\r\033[K";
  return dumped ? kExitSuccess : Complain(dumped.error().message);
}

int RunList(const CommandOptions& options) {
  const auto result = Show(options, RenderList);
  return result ? kExitSuccess : Complain(result.error().message);
}

}  // namespace

int RunCommand(const CommandOptions& options) {
  if (options.command == "check") return RunCheck("rblitz", options.arguments[0], options.json);
  if (options.command == "status") return RunStatus(options);
  if (options.command == "stats") return RunStats(options);
  if (options.command == "lookup") return RunLookup(options);
  if (options.command == "list") return RunList(options);
  if (options.command == "dump") return RunDump(options);
  if (options.command == "grey") {
    return RunGrey(options,
                   {.in = std::cin, .out = std::cout, .err = std::cerr, .shows_progress = isatty(STDERR_FILENO) == 1});
  }
  if (options.command == "heat") return RunHeat(options, {.out = std::cout, .err = std::cerr});
  return RunLoad(options);
}

}  // namespace rblitz
