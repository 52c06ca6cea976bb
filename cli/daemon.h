// A running rblitzd: opens what it serves on, loads, serves, answers the control socket and obeys signals.
//
// Thread-safety: Create and Run on the main thread, with the signals of BlockSignals blocked before any other thread
// exists. Errors: Create says what could not be opened; Run returns the exit code.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cli/config.h"
#include "cli/conflict_watch.h"
#include "cli/control.h"
#include "cli/event_loop.h"
#include "cli/greylists.h"
#include "cli/heat_readings.h"
#include "cli/link_watch.h"
#include "cli/overrides.h"
#include "cli/publish.h"
#include "cli/reloads.h"
#include "cli/request.h"
#include "cli/traffic.h"
#include "cli/views.h"
#include "cli/workers.h"
#include "loaders/feed_copies.h"
#include "loaders/reloader.h"
#include "loaders/unique_fd.h"
#include "tables/rcu.h"

namespace rblitz {

// SIGHUP, SIGINT and SIGTERM are taken by Daemon::Run; every thread made after this call leaves them alone. SIGPIPE is
// ignored.
void BlockSignals();

class Daemon {
 public:
  // `control` is where the control socket shall be; empty: where the configuration says.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> Create(Config config, const std::string& control);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until SIGTERM or SIGINT; returns with ports and sockets closed.
  int Run();

  // Limited answers are logged so often at most.
  static constexpr auto kLimitedPause = std::chrono::seconds(60);

  // Whether a load goes on after Run: a table that is being built is not interrupted, and the destructor waits for it.
  [[nodiscard]] bool still_loading() const { return still_loading_; }

 private:
  using Clock = std::chrono::steady_clock;

  explicit Daemon(Identity identity) : publisher_(std::move(identity)) {}
  [[nodiscard]] Status Open(Config config, const std::string& control);
  [[nodiscard]] Status OpenSignals();
  [[nodiscard]] Status OpenState(const Config& config);
  void OnSignal();
  [[nodiscard]] bool Defer(const ControlRequest& request, ControlServer::ClientId client);
  void Started(const Json& answer);
  void PublishTraffic(const std::shared_ptr<const HeatCells>& cells);
  void Stop();
  void Measure();
  void LogLimited();
  void Answer(ControlServer::ClientId client, std::string_view line);
  [[nodiscard]] Result<Json> AnswerHeat(std::string_view line);
  void AnswerGrey(std::string_view line, ControlServer::ClientId client);
  [[nodiscard]] Result<Json> AnswerNow(const ControlRequest& request);
  [[nodiscard]] Result<Json> AnswerList(const ControlRequest& request, ControlServer::ClientId client);
  [[nodiscard]] Json StatusNow(const Serving* serving) const;
  void Reply(ControlServer::ClientId client, const Result<Json>& result);

  const Clock::time_point started_at_ = Clock::now();
  // In the order of their dependence: each uses those before it.
  std::unique_ptr<EventLoop> loop_;
  UniqueFd signals_;
  ZonePublisher publisher_;
  std::unique_ptr<Greylists> greylists_;  // which write what workers changed, once those have ended
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<Traffic> traffic_;
  std::unique_ptr<FeedCopies> copies_;  // null: the state cannot be used
  std::unique_ptr<Overrides> overrides_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<Reloads> reloads_;
  std::unique_ptr<ControlServer> control_;
  HeatReadings heat_readings_;
  Rates rates_;
  LinkWatch links_;
  ConflictWatch conflicts_;
  int64_t asked_before_ = 0;
  uint64_t answered_before_ = 0;
  Clock::time_point measured_at_ = started_at_;
  uint64_t limited_logged_ = 0;
  Clock::time_point limited_logged_at_;
  bool serving_ = false;
  bool still_loading_ = false;
  int exit_code_ = 0;
};

}  // namespace rblitz
