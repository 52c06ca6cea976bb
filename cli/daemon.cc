#include "cli/daemon.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "cli/config_values.h"
#include "cli/dump.h"
#include "cli/feed_sources.h"
#include "cli/grey_answers.h"
#include "cli/heat_answers.h"
#include "cli/log.h"
#include "cli/notify.h"
#include "cli/options.h"
#include "cli/privileges.h"
#include "cli/version.h"
#include "cli/views_grey.h"
#include "dataplane/rate_limit.h"
#include "loaders/spare_time.h"

namespace rblitz {

namespace {

// What a load that was cancelled needs to end, unless it builds a table.
constexpr auto kLoadPatience = std::chrono::milliseconds(300);

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&signals, signal);
  return signals;
}

// Holds what is published for the control thread, which is no reader otherwise.
class Reading {
 public:
  explicit Reading(const Published<Serving>& published) : serving_(published.Read()) {}

  [[nodiscard]] const Serving* serving() const { return serving_; }

 private:
  RcuReader reader_;  // before serving_: its constructor makes this thread a reader
  const Serving* serving_;
};

}  // namespace

void BlockSignals() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<Daemon>> Daemon::Create(Config config, const std::string& control) {
  std::unique_ptr<Daemon> daemon(new Daemon(config.server.identity));
  if (const auto opened = daemon->Open(std::move(config), control); !opened)
    return tl::unexpected<Error>(opened.error());
  return daemon;
}

Status Daemon::Open(Config config, const std::string& control_path) {
  auto loop = EventLoop::Create();
  if (!loop) return tl::unexpected<Error>(loop.error());
  loop_ = *std::move(loop);
  if (auto opened = OpenSignals(); !opened) return opened;
  // Before ports are taken: a second server with the same configuration must not disturb the first one's.
  auto control =
      ControlServer::Open(control_path.empty() ? config.server.control : control_path, loop_.get(),
                          [this](ControlServer::ClientId client, std::string_view line) { Answer(client, line); });
  if (!control) return Fail("control socket " + control.error().message);
  control_ = *std::move(control);
  auto workers = Workers::Open(config);
  if (!workers) return tl::unexpected<Error>(workers.error());
  workers_ = *std::move(workers);
  if (auto ready = OpenState(config); !ready) return ready;
  traffic_ = std::make_unique<Traffic>(
      workers_->stats(), config.traffic, [this] { return publisher_.wants_traffic(); },
      [this](const std::shared_ptr<const HeatCells>& cells) { PublishTraffic(cells); });
  reloader_ = std::make_unique<Reloader>(
      ReloaderOptions{.idle_priority = workers_->occupy_every_cpu(), .copies = copies_.get(), .settle = kSettle});
  reloads_ = std::make_unique<Reloads>(std::move(config), reloader_.get(), &publisher_, greylists_.get());
  if (Status started = overrides_->Start(std::time(nullptr)); !started) return started;
  loop_->Every(std::chrono::seconds(1), [this] { Measure(); });
  loop_->Every(Overrides::kTick, [this] { overrides_->Expire(std::time(nullptr)); });
  loop_->Every(HeatReadings::kPatience, [this] { heat_readings_.Expire(HeatReadings::Clock::now()); });
  return {};
}

// The folders for copies and greylists, and the user whose they are: ports and sockets are open by now. Without the one
// for copies the server serves all the same, but a later start has nothing to fall back on.
Status Daemon::OpenState(const Config& config) {
  const ServerConfig& server = config.server;
  std::optional<User> user;
  if (!server.user.empty()) {
    const Result<User> found = FindUser(server.user);
    if (!found) return Fail("server.user: " + found.error().message);
    user = *found;
  }
  auto greylists = Greylists::Open(config, workers_->stats().size());
  if (!greylists) return tl::unexpected<Error>(greylists.error());
  greylists_ = *std::move(greylists);
  Result<OverrideStore> store = Fail("the state cannot be used");
  if (auto copies = FeedCopies::Open(server.state + "/feeds")) {
    copies_ = *std::move(copies);
    store = OverrideStore::Open(server.state);
    publisher_.KeepSerialsIn(server.state + "/serials");
  } else {
    LogLine("state_unusable").Add("error", copies.error().message);
  }
  overrides_ = std::make_unique<Overrides>(std::move(store), &publisher_);
  if (!user) {
    if (geteuid() == 0) LogLine("runs_as_root").Add("hint", "set user in [server]");
    return {};
  }
  if (copies_ != nullptr && geteuid() == 0) {
    if (Status given = GiveTo(server.state, *user); !given) return given;
  }
  if (geteuid() == 0) {
    if (Status given = greylists_->GiveTo(*user); !given) return given;
  }
  SpareTime::OutliveRoot();
  if (const Status became = BecomeUser(*user); !became) return Fail("server.user: " + became.error().message);
  return {};
}

Status Daemon::OpenSignals() {
  const sigset_t signals = Signals();
  signals_ = UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_) return Fail(std::string("signalfd: ") + std::strerror(errno));
  loop_->Watch(signals_.get(), POLLIN, [this](short) { OnSignal(); });
  return {};
}

Daemon::~Daemon() = default;

int Daemon::Run() {
  greylists_->Start();
  reloads_->Start([this](const Json& answer) { loop_->Post([this, answer] { Started(answer); }); });
  loop_->Run();
  Stop();
  return exit_code_;
}

// Everything has loaded or failed: only now is anything received.
void Daemon::Started(const Json& answer) {
  {
    const Reading reading(publisher_.serving());
    if (reading.serving() == nullptr) {
      for (const Json& error : answer["errors"]) LogLine("start_failed").Add("error", error.get<std::string>());
      exit_code_ = kExitFailure;
      return loop_->Stop();
    }
  }
  workers_->Launch(&publisher_.serving());
  traffic_->Start();
  serving_ = true;
  const auto config = reloads_->config();
  LogLine line("started");
  line.Add("version", kVersion)
      .Add("config", config->file)
      .Add("io", config->server.io == IoKind::kDpdk ? "dpdk" : "kernel")
      .Add("zones", config->zones.size())
      .Add("greylists", config->greylists.size())
      .Add("feeds", config->feeds.size())
      .AddSeconds("seconds", std::chrono::duration<double>(Clock::now() - started_at_).count());
  NotifyManager("READY=1\nSTATUS=serving " + std::to_string(config->zones.size() + config->greylists.size()) +
                " zones");
}

void Daemon::OnSignal() {
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return;
  const auto signal = static_cast<int>(info.ssi_signo);
  LogLine("signal").Add("name", signal == SIGHUP ? "SIGHUP" : signal == SIGINT ? "SIGINT" : "SIGTERM");
  if (signal == SIGHUP) {
    NotifyReloading();
    reloads_->Ask({}, [](const Json&) { NotifyManager("READY=1"); });
  } else {
    loop_->Stop();
  }
}

// Who asks first, then who serves; what still loads meanwhile is told to end.
void Daemon::Stop() {
  NotifyManager("STOPPING=1");
  reloader_->Cancel();
  control_.reset();
  workers_->Stop();
  traffic_->Stop();
  greylists_->Stop();
  still_loading_ = !reloads_->Stop(kLoadPatience);
  LogLine("stopped")
      .Add("received", workers_->Sum(&WorkerStats::received))
      .Add("answered", workers_->Sum(&WorkerStats::answered));
  workers_.reset();
}

void Daemon::PublishTraffic(const std::shared_ptr<const HeatCells>& cells) {
  const Status published = publisher_.SetTraffic(cells, std::time(nullptr));
  if (!published) LogLine("traffic_unserved").Add("error", published.error().message);
}

void Daemon::Measure() {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - measured_at_).count();
  // What neighbours and the kernel's peers send is no question. Workers count on between two sums: a difference may be
  // off by what came in these microseconds, and less than nothing.
  const auto asked =
      static_cast<int64_t>(workers_->Sum(&WorkerStats::received) - workers_->Sum(&WorkerStats::arp_replies) -
                           workers_->Sum(&WorkerStats::nd_replies) - workers_->Sum(&WorkerStats::icmp_replies) -
                           workers_->Sum(&WorkerStats::to_kernel));
  const uint64_t answered = workers_->Sum(&WorkerStats::answered);
  rates_ = {static_cast<double>(std::max<int64_t>(asked - asked_before_, 0)) / seconds,
            static_cast<double>(answered - answered_before_) / seconds};
  asked_before_ = asked;
  answered_before_ = answered;
  measured_at_ = now;
  links_.Look(workers_->ports());
  conflicts_.Look(workers_->stats(), now);
  LogLimited();
  traffic_->Configure(reloads_->config()->traffic);
}

// One line when answers begin to be limited, and one a minute while it goes on.
void Daemon::LogLimited() {
  uint64_t dropped = 0;
  uint64_t last = 0;
  for (const auto& stats : workers_->stats()) {
    dropped += stats->dropped[static_cast<size_t>(DropReason::kRateLimited)].value();
    last = std::max(last, stats->last_limited.load(std::memory_order_relaxed));
  }
  const uint64_t slipped = workers_->Sum(&WorkerStats::slipped);
  const uint64_t log_only = workers_->Sum(&WorkerStats::over_limit);
  const uint64_t limited = dropped + slipped + log_only;
  if (limited == limited_logged_ || measured_at_ - limited_logged_at_ < kLimitedPause) return;
  const RateLimitConfig& config = reloads_->config()->rate_limit;
  const Ip6Address network = RateLimit::AddressOf({last});
  const auto length = static_cast<uint8_t>(IsV4Mapped(network) ? 96 + config.prefix_v4 : config.prefix_v6);
  LogLine("rate_limited")
      .Add("network", ClientsText({.address = network, .length = length}))
      .Add("dropped", dropped)
      .Add("slipped", slipped)
      .Add("log_only", log_only);
  limited_logged_ = limited;
  limited_logged_at_ = measured_at_;
}

void Daemon::Answer(ControlServer::ClientId client, std::string_view line) {
  const Result<ControlRequest> request = ParseRequest(line);
  if (!request) return Reply(client, tl::unexpected<Error>(request.error()));
  if (request->command == "list") return Reply(client, AnswerList(*request, client));
  if (request->command == "grey") return AnswerGrey(line, client);
  if (request->command == "heat") return Reply(client, AnswerHeat(line));
  if (!Defer(*request, client)) Reply(client, AnswerNow(*request));
}

Result<Json> Daemon::AnswerList(const ControlRequest& request, ControlServer::ClientId client) {
  const auto config = reloads_->config();
  const auto is_zone = [&](const std::string& name) {
    return greylists_->Find(name) != nullptr ||
           std::ranges::any_of(config->zones, [&](const ZoneConfig& zone) { return zone.name == name; });
  };
  return overrides_->Answer(request, control_->UserOf(client), std::time(nullptr), is_zone);
}

Result<Json> Daemon::AnswerHeat(std::string_view line) {
  const Reading reading(publisher_.serving());
  return HeatAnswers(*traffic_, reading.serving(), &heat_readings_).Answer(ParseJson(std::string(line)));
}

void Daemon::AnswerGrey(std::string_view line, ControlServer::ClientId client) {
  const Reading reading(publisher_.serving());
  const auto config = reloads_->config();
  GreyAnswers(*config, *greylists_, reading.serving(), static_cast<uint32_t>(std::time(nullptr)))
      .Answer(ParseJson(std::string(line)), [this, client](const Result<Json>& result) {
        loop_->Post([this, client, result] { Reply(client, result); });
      });
}

// Commands that load something: answered when they are done. False: it is another command.
bool Daemon::Defer(const ControlRequest& request, ControlServer::ClientId client) {
  const std::string& command = request.command;
  if (command != "reload" && command != "diff" && command != "rollback") return false;
  if (!serving_) {
    Reply(client, Fail(command + ": the server is still loading"));
    return true;
  }
  const Reloads::Done done = [this, client](const Json& answer) {
    loop_->Post([this, client, answer] { Reply(client, answer); });
  };
  if (command == "reload" && request.force) reloads_->Force(request.feeds, done);
  if (command == "reload" && !request.force) reloads_->Ask(request.feeds, done);
  if (command == "diff") reloads_->Diff(request.feed, done);
  if (command == "rollback") reloads_->RollBack(request.feed, done);
  return true;
}

Result<Json> Daemon::AnswerNow(const ControlRequest& request) {
  const Reading reading(publisher_.serving());
  if (request.command == "status") return StatusNow(reading.serving());
  if (request.command == "stats") return StatsJson(*workers_, reading.serving(), rates_);
  if (request.command == "dump") {
    return ZonePlanJson({.config = *reloads_->config(),
                         .serving = reading.serving(),
                         .feeds = reloader_->Feeds(),
                         .overrides = overrides_->all()},
                        request.zone);
  }
  if (request.command != "lookup") return Fail("there is no command '" + request.command + "'");
  if (reading.serving() == nullptr) return Fail("lookup: the server is still loading");
  Result<Json> lookup = LookupJson(*reading.serving(), request.what, request.zone);
  if (lookup) AddSources(reloader_->Feeds(), reloads_->config()->server.state, &*lookup);
  return lookup;
}

Json Daemon::StatusNow(const Serving* serving) const {
  const auto config = reloads_->config();
  const std::vector<FeedStatus> feeds = reloader_->Feeds();
  Json status = StatusJson({.config = *config,
                            .workers = *workers_,
                            .feeds = feeds,
                            .serving = serving_ ? serving : nullptr,
                            .reading = reloader_->Progress(),
                            .uptime_seconds = std::chrono::duration<double>(Clock::now() - started_at_).count(),
                            .rates = rates_});
  status["overrides"] = overrides_->Summary();
  status["greylists"] = GreylistsJson(*config, *greylists_);
  return status;
}

void Daemon::Reply(ControlServer::ClientId client, const Result<Json>& result) {
  const Json answer = result ? Json{{"result", *result}} : Json{{"error", result.error().message}};
  control_->Reply(client, DumpJson(answer));
}

}  // namespace rblitz
