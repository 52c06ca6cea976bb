#include "cli/policyd.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "cli/activation.h"
#include "cli/config_policyd.h"
#include "cli/config_values.h"
#include "cli/log.h"
#include "cli/log_loss.h"
#include "cli/notify.h"
#include "cli/policy/sandbox.h"
#include "cli/privileges.h"

namespace rblitz {

namespace {

constexpr rlim_t kOtherDescriptors = 128;  // sockets to servers, listeners, files

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  return signals;
}

Status Override(const PolicydOptions& options, policy::Settings* settings) {
  for (const std::string& text : options.listen) {
    if (Status good = CheckPolicydListen(text); !good) return good;
  }
  if (!options.listen.empty()) settings->listen = options.listen;
  if (!options.servers.empty()) settings->servers.clear();
  for (const std::string& text : options.servers) {
    auto server = io::ParseListen(text);
    if (!server) return tl::unexpected(server.error());
    settings->servers.push_back(*std::move(server));
  }
  if (!options.zone.empty()) {
    auto zone = ParseDomainName(options.zone);
    if (!zone) return tl::unexpected(zone.error());
    settings->zone = *std::move(zone);
  }
  if (!options.key.empty()) settings->key_file = options.key;
  if (!options.user.empty()) settings->user = options.user;
  if (!options.client_lists.empty()) settings->client_lists = options.client_lists;
  if (!options.recipient_lists.empty()) settings->recipient_lists = options.recipient_lists;
  settings->limits.closes |= options.exim;
  settings->verbose |= options.verbose;
  return {};
}

// Connections for which there are no descriptors would only be refused later, and not the longest idle ones.
void FitDescriptors(policy::ClientLimits* limits) {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return;
  const rlim_t wanted = limits->most + kOtherDescriptors;
  descriptors.rlim_cur = std::min(std::max(descriptors.rlim_cur, wanted), descriptors.rlim_max);
  setrlimit(RLIMIT_NOFILE, &descriptors);
  if (descriptors.rlim_cur >= wanted) return;
  limits->most = std::max<size_t>(descriptors.rlim_cur - std::min(descriptors.rlim_cur, kOtherDescriptors), 1);
  LogLine("few_descriptors").Add("connections", limits->most);
}

// Whoever wakes this process is not interrupted by it: what is sent meanwhile is taken together. On a processor that
// has nothing else to do it runs at once.
void RunInBatches() {
  if (sched_getscheduler(0) != SCHED_OTHER) return;  // somebody chose another
  const sched_param none{};
  static_cast<void>(sched_setscheduler(0, SCHED_BATCH, &none));  // where it may not, nothing is lost
}

Result<std::optional<User>> UserOf(const policy::Settings& settings) {
  if (settings.user.empty()) {
    if (geteuid() == 0) return Fail("user: root does not serve strangers: name one in the configuration or by --user");
    return std::nullopt;
  }
  const auto user = FindUser(settings.user);
  if (!user) return tl::unexpected(user.error());
  if (user->uid == 0) return Fail("user: '" + settings.user + "' is root");
  return *user;
}

Result<GreyKey> ReadKey(const policy::Settings& settings, const std::optional<User>& user) {
  return GreyKey::Read(settings.key_file, user ? std::optional(user->uid) : std::nullopt);
}

// For good: all that others may have written is read behind it.
Status Confine(const std::optional<User>& user) {
  policy::DropBoundingSet();
  if (user) {
    if (Status changed = BecomeUser(*user); !changed) return changed;
  }
  return policy::EnterSandbox();
}

}  // namespace

Result<policy::Settings> PolicydSettings(const PolicydOptions& options) {
  auto settings = options.config.empty() ? DefaultPolicydSettings() : LoadPolicydConfig(options.config);
  if (!settings) return settings;
  if (Status good = Override(options, &*settings); !good) return tl::unexpected(good.error());
  if (settings->servers.empty()) settings->servers = {*io::ParseListen("127.0.0.1:53")};
  if (Status good = CheckPolicydSettings(*settings); !good) return tl::unexpected(good.error());
  return settings;
}

// As the service does it, where root asks: what it cannot read then is told now.
Status CheckPolicyd(const policy::Settings& settings) {
  const auto user = UserOf(settings);
  if (!user) return tl::unexpected(user.error());
  auto key = ReadKey(settings, *user);
  if (!key) return tl::unexpected(key.error());
  if (Status confined = Confine(geteuid() == 0 ? *user : std::nullopt); !confined) return confined;
  const auto rules = policy::Rules::Create(&settings, *std::move(key));
  if (!rules) return tl::unexpected(rules.error());
  if (rules->bad_lines() == 0) return {};
  return Fail("lists: " + std::to_string(rules->bad_lines()) + " bad lines, which are passed over");
}

Result<std::unique_ptr<Policyd>> Policyd::Create(policy::Settings settings) {
  std::unique_ptr<Policyd> policyd(new Policyd(std::move(settings)));
  if (Status opened = policyd->Open(); !opened) return tl::unexpected(opened.error());
  return policyd;
}

// Root reads the key and opens the sockets, and nothing else.
Status Policyd::Open() {
  LoseLogLines();
  const auto passed = TakePassedListeners();
  if (!passed) return tl::unexpected(passed.error());
  const auto user = UserOf(settings_);
  if (!user) return tl::unexpected(user.error());
  FitDescriptors(&settings_.limits);
  RunInBatches();
  auto key = ReadKey(settings_, *user);
  if (!key) return tl::unexpected(key.error());
  auto listeners = policy::OpenListeners(settings_, *passed);
  if (!listeners) return tl::unexpected(listeners.error());
  if (Status confined = Confine(*user); !confined) return confined;
  if (Status opened = OpenSignals(); !opened) return opened;
  auto service = policy::Service::Create(&settings_, *std::move(key), *std::move(listeners));
  if (!service) return tl::unexpected(service.error());
  service_ = *std::move(service);
  return {};
}

Status Policyd::OpenSignals() {
  const sigset_t signals = Signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_ = UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_) return Fail(std::string("signalfd: ") + std::strerror(errno));
  return {};
}

void Policyd::OnSignal() {
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) return;
  const auto signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGUSR1) return service_->LogCounters();
  if (signal == SIGHUP) return service_->ReloadLists();
  LogLine("signal").Add("name", signal == SIGINT ? "SIGINT" : "SIGTERM");
  NotifyManager("STOPPING=1");
  service_->Stop();
}

Status Policyd::Run() {
  LogLine("started")
      .Add("zone", settings_.zone)
      .Add("connections", settings_.limits.most)
      .Add("bad_lines", service_->bad_lines());
  NotifyManager("READY=1");
  if (Status served = service_->Run(signals_.get(), [this] { OnSignal(); }); !served) return served;
  service_->LogCounters();
  LogLine("stopped");
  return {};
}

}  // namespace rblitz
