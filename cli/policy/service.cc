#include "cli/policy/service.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <utility>

#include "cli/log.h"
#include "cli/log_loss.h"
#include "cli/unix_listener.h"

namespace rblitz::policy {

namespace {

constexpr std::chrono::seconds kSecond{1};
constexpr std::chrono::hours kCountersEvery{1};
constexpr std::string_view kUnix = "unix:";

std::string HostName(const Settings& settings) {
  if (!settings.host.empty()) return settings.host;
  std::array<char, HOST_NAME_MAX + 1> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

std::vector<io::SocketAddress> AddressesOf(const std::vector<io::SocketConfig>& servers) {
  std::vector<io::SocketAddress> addresses;
  for (const io::SocketConfig& server : servers) {
    if (const auto address = io::ResolveListen(server)) addresses.push_back(*address);
  }
  return addresses;
}

// For the log: who sends what to whom.
std::string Who(const Request& request) {
  return std::string(request.client_address) + " <" + std::string(request.sender) + "> <" +
         std::string(request.recipient) + ">";
}

Result<UniqueFd> OpenListener(const std::string& text, mode_t socket_mode) {
  if (text.starts_with(kUnix)) {
    const mode_t before = umask(0);
    Result<UniqueFd> listener = ListenUnix(text.substr(kUnix.size()), socket_mode, SOMAXCONN);
    umask(before);
    return listener;
  }
  const auto socket = io::ParseListen(text);
  if (!socket) return tl::unexpected(socket.error());
  const auto listener = io::ListenTcp(*socket);
  if (!listener) return tl::unexpected(listener.error());
  return UniqueFd(listener->fd);
}

}  // namespace

Result<std::vector<UniqueFd>> OpenListeners(const Settings& settings, const std::vector<PassedListener>& passed) {
  std::vector<std::string> listen = settings.listen;
  for (const PassedListener& one : passed) {
    if (settings.listen.empty()) listen.push_back(one.address);
  }
  if (listen.empty()) listen = {std::string(kDefaultListen)};
  Result<std::vector<int>> chosen = ChooseListeners(listen, passed);
  if (!chosen) return tl::unexpected(chosen.error());
  std::vector<UniqueFd> listeners;
  for (size_t i = 0; i < listen.size(); ++i) {
    Result<UniqueFd> listener =
        (*chosen)[i] >= 0 ? UniqueFd((*chosen)[i]) : OpenListener(listen[i], settings.socket_mode);
    if (!listener) return tl::unexpected(listener.error());
    listeners.push_back(*std::move(listener));
  }
  return listeners;
}

Result<std::unique_ptr<Service>> Service::Create(const Settings* settings, GreyKey key,
                                                 std::vector<UniqueFd> listeners) {
  Result<Rules> rules = Rules::Create(settings, std::move(key));
  if (!rules) return tl::unexpected(rules.error());
  Result<Poller> poller = Poller::Create();
  if (!poller) return tl::unexpected(poller.error());
  return std::unique_ptr<Service>(new Service(settings, *std::move(rules), *std::move(poller), std::move(listeners)));
}

Service::Service(const Settings* settings, Rules rules, Poller poller, std::vector<UniqueFd> listeners)
    : settings_(settings),
      rules_(std::move(rules)),
      poller_(std::move(poller)),
      actions_(settings->text, settings->header, settings->block_action, HostName(*settings)),
      servers_(
          AddressesOf(settings->servers), settings->timeout, &poller_,
          [this](size_t server, std::span<const uint8_t> message) { asker_.OnMessage(server, message, now_); },
          [this](size_t server, bool over_tcp) { asker_.OnRefused(server, over_tcp, now_); }),
      asker_(settings->servers.size(), settings->timeout, settings->transport, RandomIds(), &servers_,
             [this](Asker::Token token, const Asked& asked) { OnAsked(token, asked); }),
      clients_(std::move(listeners), settings->limits, &poller_, &counters_,
               [this](Ticket ticket, const Request& request) { OnRequest(ticket, request); }),
      down_(settings->servers.size()) {}

Status Service::Run(int signals, const std::function<void()>& on_signals) {
  if (!poller_.Add(signals, EPOLLIN, Kind::kSignals, 0)) {
    return Fail(std::string("signals: epoll_ctl: ") + std::strerror(errno));
  }
  if (Status listens = clients_.Listen(); !listens) return listens;
  now_ = Asker::Clock::now();
  next_second_ = now_ + kSecond;
  next_counters_ = now_ + kCountersEvery;
  while (!IsDone()) Round(on_signals);
  return {};
}

void Service::Stop() {
  if (end_) return;
  end_ = now_ + settings_->timeout * static_cast<int>(settings_->servers.size()) + kSecond;
  clients_.Drain(now_);
}

bool Service::IsDone() const { return end_ && (!clients_.is_answering() || IsOver()); }

void Service::Round(const std::function<void()>& on_signals) {
  const auto ready = poller_.Wait(Timeout());
  now_ = Asker::Clock::now();
  OnReady(ready, on_signals);
  asker_.OnTime(now_);
  if (IsOver()) asker_.GiveUp();
  if (now_ >= next_second_) OnSecond();
  servers_.Flush();  // first: servers work while clients get their answers
  clients_.Flush(now_);
  servers_.Flush();  // requests that were kept back are asked about in this round
}

// Until a question is asked again or given up, or the next second; rounded up, so that the time has come then.
std::chrono::milliseconds Service::Timeout() const {
  auto next = next_second_;
  if (const auto deadline = asker_.next()) next = std::min(next, *deadline);
  if (end_) next = std::min(next, *end_);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now_);
  return std::max(left, std::chrono::milliseconds(0));
}

void Service::OnReady(std::span<const Poller::Ready> ready, const std::function<void()>& on_signals) {
  for (const Poller::Ready& one : ready) {
    if (one.kind == Kind::kClient) clients_.OnReady(one, now_);
    if (one.kind == Kind::kServerUdp || one.kind == Kind::kServerTcp) servers_.OnReady(one);
  }
  for (const Poller::Ready& one : ready) {
    if (one.kind == Kind::kListener) clients_.OnReady(one, now_);
  }
  for (const Poller::Ready& one : ready) {
    if (one.kind == Kind::kSignals) on_signals();
  }
}

void Service::OnSecond() {
  next_second_ = now_ + kSecond;
  clients_.Sweep(now_);
  NoteServers();
  if (now_ < next_counters_) return;
  next_counters_ = now_ + kCountersEvery;
  LogCounters();
}

void Service::OnRequest(Ticket ticket, const Request& request) {
  std::optional<Outcome> outcome = rules_.WithoutAsking(request);
  if (!outcome && IsOver()) outcome = Outcome::kUnanswered;
  std::optional<Question> question;
  if (!outcome && !(question = rules_.QuestionFor(request))) outcome = Outcome::kUnusable;
  if (outcome) {
    if (settings_->verbose) Log(*outcome, Who(request));
    return Answer(ticket, *outcome, {}, 0);
  }
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(pending_.size()));
    pending_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Pending& pending = pending_[index];
  pending.ticket = ticket;
  pending.instance = InstanceHash(request.instance);
  pending.asked = now_;
  pending.is_looking = false;
  pending.who = settings_->verbose ? Who(request) : std::string();
  if (asker_.Ask(*question, index, now_)) return;
  pending.outcome = Outcome::kOverload;
  Finish(index, {});
}

void Service::OnAsked(Asker::Token token, const Asked& asked) {
  const auto index = static_cast<uint32_t>(token);
  Pending& pending = pending_[index];
  if (pending.is_looking) return Finish(index, LookFromText(asked.reply.text));
  pending.outcome = asked.answered ? OutcomeOf(asked.reply.a) : Outcome::kUnanswered;
  if (asked.answered && asked.reply.text.empty() && LooksCloser(index, asked)) return;
  Finish(index, LookFromText(asked.reply.text));
}

// How many seconds: worth a question, unless that might take longer than the servers have.
bool Service::LooksCloser(uint32_t index, const Asked& asked) {
  Pending& pending = pending_[index];
  if (!actions_.WantsLook(pending.outcome, pending.instance)) return false;
  const auto limit = settings_->timeout * static_cast<int>(settings_->servers.size());
  if (now_ - pending.asked + asker_.step() > limit) return false;
  Question look = *asked.question;
  look.set_type(kTypeTxt);
  pending.is_looking = true;
  return asker_.Look(look, asked.server, index, now_);
}

void Service::Finish(uint32_t index, const Look& look) {
  Pending& pending = pending_[index];
  if (settings_->verbose) Log(pending.outcome, pending.who);
  Answer(pending.ticket, pending.outcome, look, pending.instance);
  free_.push_back(index);
}

void Service::Answer(Ticket ticket, Outcome outcome, const Look& look, uint64_t instance) {
  counters_.Count(outcome);
  clients_.Reply(ticket, actions_.Of(outcome, look, instance, std::time(nullptr), &counters_.headers));
}

void Service::Log(Outcome outcome, const std::string& who) const {
  LogLine("request").Add("outcome", NameOf(outcome)).Add("who", who);
}

void Service::ReloadLists() {
  const Status read = rules_.Reload();
  if (!read) LogLine("reload_error").Add("what", read.error().message);
  if (read) LogLine("reloaded").Add("bad_lines", rules_.bad_lines());
}

void Service::NoteServers() {
  for (size_t server = 0; server < down_.size(); ++server) {
    if (asker_.is_down(server)) servers_.Renew(server, Asker::kHoldOff);
    if (asker_.is_down(server) == down_[server]) continue;
    down_[server] = !down_[server];
    LogLine(down_[server] ? "server_down" : "server_up").Add("server", io::ListenText(settings_->servers[server]));
  }
}

void Service::LogCounters() const {
  LogLine line("counters");
  line.Add("clients", clients_.count()).Add("connections", counters_.connections).Add("requests", counters_.requests);
  for (size_t i = 0; i < kOutcomeNames.size(); ++i) line.Add(kOutcomeNames[i], counters_.outcomes[i]);
  line.Add("headers", counters_.headers).Add("broken", counters_.broken).Add("timed_out", counters_.timed_out);
  line.Add("evicted", counters_.evicted).Add("refused", counters_.refused).Add("outstanding", asker_.outstanding());
  line.Add("log_lost", LostLogLines());
}

}  // namespace rblitz::policy
