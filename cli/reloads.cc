#include "cli/reloads.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <limits>
#include <utility>

#include "cli/log.h"
#include "cli/views.h"

namespace rblitz {

namespace {

constexpr auto kLookPause = std::chrono::milliseconds(100);

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text.empty() ? "-" : text;
}

Json EmptyAnswer() {
  return {{"ok", false}, {"feeds", Json::array()}, {"needs_restart", Json::array()}, {"errors", Json::array()}};
}

Json FailedAnswer(const std::string& message) {
  Json answer = EmptyAnswer();
  answer["errors"] = ErrorLines(message);
  return answer;
}

bool IsBad(FeedState state) { return state == FeedState::kFailed || state == FeedState::kRefused; }

// A feed that failed makes the whole a failure, though the others are served.
Json Answer(const Result<std::vector<FeedOutcome>>& outcomes) {
  if (!outcomes) return FailedAnswer(outcomes.error().message);
  Json answer = EmptyAnswer();
  for (const FeedOutcome& outcome : *outcomes) {
    answer["feeds"].push_back(OutcomeJson(outcome));
    if (IsBad(outcome.state)) answer["errors"].push_back(outcome.name + ": " + outcome.error);
  }
  answer["ok"] = answer["errors"].empty();
  return answer;
}

std::vector<FeedConfig> Feeds(const Config& config) {
  std::vector<FeedConfig> feeds;
  for (const ConfiguredFeed& feed : config.feeds) feeds.push_back(feed.feed);
  return feeds;
}

// A feed that is new or changed and whose files are missing is a mistake in the file; one that was there before has
// merely lost them and keeps its data.
Status CheckNewFeeds(const Config& running, const Config& next) {
  std::string message;
  for (const ConfiguredFeed& feed : next.feeds) {
    const auto same = [&](const ConfiguredFeed& other) { return other.feed == feed.feed; };
    if (std::any_of(running.feeds.begin(), running.feeds.end(), same)) continue;
    const auto checked = CheckFeedFiles(feed);
    if (!checked) message += (message.empty() ? "" : "\n") + checked.error().message;
  }
  if (!message.empty()) return Fail(std::move(message));
  return {};
}

}  // namespace

Reloads::Reloads(Config config, Reloader* reloader, ZonePublisher* publisher, Greylists* greylists)
    : reloader_(reloader),
      publisher_(publisher),
      greylists_(greylists),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      config_(std::make_shared<const Config>(std::move(config))),
      greylists_of_start_(config_->greylists) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "reloads");
}

Reloads::~Reloads() {
  Stop(std::chrono::milliseconds(0));
  thread_.join();
}

bool Reloads::Stop(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  Wake();
  return ended_changed_.wait_for(lock, patience, [this] { return ended_; });
}

void Reloads::Start(Done done) { Add({.feeds = {}, .done = std::move(done), .what = What::kFirst}); }

void Reloads::Ask(std::vector<std::string> feeds, Done done) {
  Add({.feeds = std::move(feeds), .done = std::move(done), .what = What::kReload});
}

void Reloads::Force(std::vector<std::string> feeds, Done done) {
  Add({.feeds = std::move(feeds), .done = std::move(done), .what = What::kForce});
}

void Reloads::Diff(const std::string& feed, Done done) {
  Add({.feeds = {feed}, .done = std::move(done), .what = What::kDiff});
}

void Reloads::RollBack(const std::string& feed, Done done) {
  Add({.feeds = {feed}, .done = std::move(done), .what = What::kRollBack});
}

void Reloads::Add(Request request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(std::move(request));
  Wake();
}

void Reloads::Wake() const {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
}

std::shared_ptr<const Config> Reloads::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void Reloads::Run() {
  for (Request request; Next(&request);) {
    try {
      if (request.what == What::kCheck) {
        CheckFiles();
      } else {
        Tell(request, Load(request));
      }
    } catch (const std::exception& error) {
      Tell(request, FailedAnswer(error.what()));
    }
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

// Waits for a request, or until files are to be looked at. False: there will be no more.
bool Reloads::Next(Request* request) {
  Wait();
  const std::lock_guard lock(mutex_);
  *request = {.feeds = {}, .done = {}, .what = What::kCheck};
  if (stopping_) return false;
  if (!requests_.empty()) {
    *request = std::move(requests_.front());
    requests_.pop_front();
    if (!requests_.empty()) Wake();
  }
  return true;
}

void Reloads::Wait() {
  using std::chrono::milliseconds;
  const Clock::time_point now = Clock::now();
  // A file that is being written changes all the time: once in a while is enough.
  const Clock::time_point may_look = looked_at_ + kLookPause;
  const bool look = may_look <= now;
  const Clock::time_point until = std::min(checks_.next(), look ? Clock::time_point::max() : may_look);
  int timeout_ms = -1;
  if (until != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<milliseconds>(until - now).count();
    timeout_ms = static_cast<int>(std::clamp<int64_t>(left, 0, std::numeric_limits<int>::max()));
  }
  // Descriptors below 0 are left out by poll(2).
  pollfd polled[] = {{wake_.get(), POLLIN, 0}, {look ? checks_.fd() : -1, POLLIN, 0}};
  poll(polled, std::size(polled), timeout_ms);
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = read(wake_.get(), &count, sizeof(count));
}

Json Reloads::Load(const Request& request) {
  if (request.what == What::kFirst) return LoadFirst();
  if (request.what == What::kDiff || request.what == What::kRollBack) return OneFeed(request);
  return request.feeds.empty() ? LoadConfiguration() : LoadFeeds(request.feeds, request.what == What::kForce);
}

void Reloads::Tell(const Request& request, const Json& answer) {
  // Of the first load, feeds that failed have been logged, and all else is in what the server says when it cannot
  // start.
  if (request.what != What::kFirst) {
    for (const Json& error : answer["errors"]) LogLine("reload_error").Add("error", error.get<std::string>());
  }
  for (const Json& key : answer["needs_restart"]) LogLine("needs_restart").Add("key", key.get<std::string>());
  if (!request.done) return;
  if (request.what == What::kReload || request.what == What::kForce)
    LogLine("reloaded").Add("ok", answer["ok"].get<bool>() ? "yes" : "no");
  request.done(answer);
}

Result<std::vector<FeedOutcome>> Reloads::Serve(const Config& config, std::shared_ptr<const ClientRules> rules) {
  return reloader_->SetFeeds(Feeds(config), publisher_->For(greylists_->ZonesOf(config), std::move(rules)));
}

Json Reloads::LoadFirst() {
  const auto config = this->config();
  auto rules = client_rules_.Load(*config);
  if (!rules) return FailedAnswer(config->file + ": " + rules.error().message);
  const auto outcomes = Serve(*config, *std::move(rules));
  if (!outcomes) return FailedAnswer(config->file + ": " + outcomes.error().message);
  for (const std::string& warning : config->warnings) LogLine("config_warning").Add("warning", warning);
  Log(*outcomes);
  PlanChecks();
  return Answer(outcomes);
}

Json Reloads::LoadFeeds(const std::vector<std::string>& names, bool force) {
  const auto outcomes = reloader_->Reload(names, force);
  if (outcomes) Log(*outcomes);
  return Answer(outcomes);
}

Json Reloads::OneFeed(const Request& request) {
  const std::string& feed = request.feeds.at(0);
  const bool diff = request.what == What::kDiff;
  const auto outcome = diff ? reloader_->Diff(feed) : reloader_->RollBack(feed);
  if (!outcome) return FailedAnswer(outcome.error().message);
  if (!diff && outcome->state == FeedState::kLoaded) {
    LogLine("rolled_back").Add("feed", feed).Add("entries", outcome->report.entries);
  }
  return Answer(std::vector<FeedOutcome>{*outcome});
}

Json Reloads::LoadConfiguration() {
  const auto running = config();
  auto next = LoadConfig(running->file, !running->server.passed.empty());
  if (!next) return FailedAnswer(next.error().message);
  if (const auto checked = CheckNewFeeds(*running, *next); !checked) return FailedAnswer(checked.error().message);
  auto rules = client_rules_.Load(*next);
  if (!rules) return FailedAnswer(running->file + ": " + rules.error().message);
  Config started = *running;
  started.greylists = greylists_of_start_;
  const std::vector<std::string> restart = NeedsRestart(started, *next);
  KeepUntilRestart(started, &*next);
  // Before anything is served: what is in force must not fall behind for want of memory.
  auto config = std::make_shared<const Config>(*std::move(next));
  const auto outcomes = Serve(*config, *std::move(rules));
  if (!outcomes) return FailedAnswer(running->file + ": " + outcomes.error().message);
  greylists_->Apply(*config);
  for (const std::string& warning : config->warnings) LogLine("config_warning").Add("warning", warning);
  {
    const std::lock_guard lock(mutex_);
    config_ = std::move(config);
  }
  Log(*outcomes);
  PlanChecks();
  Json answer = Answer(outcomes);
  answer["needs_restart"] = restart;
  return answer;
}

// Feeds whose files may be loaded, loaded only where those changed.
void Reloads::CheckFiles() {
  looked_at_ = Clock::now();
  const std::vector<std::string> due = checks_.Due(looked_at_);
  if (due.empty()) return;
  const auto outcomes = reloader_->Check(due);
  if (outcomes) {
    Log(*outcomes);
  } else {
    LogLine("reload_error").Add("error", outcomes.error().message);
  }
}

void Reloads::PlanChecks() {
  std::vector<FeedChecks::Feed> feeds;
  const auto config = this->config();
  for (const ConfiguredFeed& feed : config->feeds) {
    feeds.push_back(
        {.name = feed.feed.name, .paths = feed.feed.paths, .every = std::chrono::seconds(feed.check_seconds)});
  }
  checks_.Plan(feeds, Clock::now());
}

// A load is worth a line, a file that has not changed is not; a feed that goes on failing says so once.
void Reloads::Log(const std::vector<FeedOutcome>& outcomes) {
  for (const FeedOutcome& outcome : outcomes) {
    const LoadReport& report = outcome.report;
    if (outcome.state == FeedState::kLoaded) {
      LogLine("feed_loaded")
          .Add("feed", outcome.name)
          .Add("lines", report.lines)
          .Add("entries", report.entries)
          .Add("duplicates", report.duplicates)
          .Add("rejected", report.rejected)
          .Add("added", report.added)
          .Add("removed", report.removed)
          .Add("widest", Joined(report.widest))
          .AddSeconds("seconds", report.seconds);
      for (const std::string& note : report.notes) LogLine("feed_note").Add("feed", outcome.name).Add("note", note);
      for (const std::string& error : report.errors) LogLine("bad_line").Add("feed", outcome.name).Add("error", error);
    } else if (IsBad(outcome.state) && logged_[outcome.name] != outcome.error) {
      LogLine(outcome.state == FeedState::kRefused ? "feed_refused" : "feed_failed")
          .Add("feed", outcome.name)
          .Add("error", outcome.error);
    }
    logged_[outcome.name] = IsBad(outcome.state) ? outcome.error : "";
  }
}

}  // namespace rblitz
