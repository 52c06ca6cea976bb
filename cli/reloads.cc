#include "cli/reloads.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "cli/log.h"
#include "cli/views.h"

namespace rblitz {

namespace {

Json EmptyAnswer() {
  return {{"ok", false}, {"feeds", Json::array()}, {"needs_restart", Json::array()}, {"errors", Json::array()}};
}

Json FailedAnswer(const std::string& message) {
  Json answer = EmptyAnswer();
  answer["errors"] = ErrorLines(message);
  return answer;
}

// A feed that failed makes the whole a failure, though the others are served.
Json Answer(const Result<std::vector<FeedOutcome>>& outcomes) {
  if (!outcomes) return FailedAnswer(outcomes.error().message);
  Json answer = EmptyAnswer();
  for (const FeedOutcome& outcome : *outcomes) {
    answer["feeds"].push_back(OutcomeJson(outcome));
    if (outcome.state == FeedState::kFailed) answer["errors"].push_back(outcome.name + ": " + outcome.error);
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

Reloads::Reloads(Config config, Reloader* reloader, ZonePublisher* publisher)
    : reloader_(reloader), publisher_(publisher), config_(std::make_shared<const Config>(std::move(config))) {
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
  wake_.notify_all();
  return wake_.wait_for(lock, patience, [this] { return ended_; });
}

void Reloads::Start(Done done) { Add({.feeds = {}, .done = std::move(done), .first = true}); }

void Reloads::Ask(std::vector<std::string> feeds, Done done) {
  Add({.feeds = std::move(feeds), .done = std::move(done), .first = false});
}

void Reloads::Add(Request request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  wake_.notify_all();
}

std::shared_ptr<const Config> Reloads::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void Reloads::Run() {
  for (Request request; Next(&request);) {
    try {
      if (request.done) {
        Tell(request, Load(request));
      } else {
        CheckFiles();
      }
    } catch (const std::exception& error) {
      Tell(request, FailedAnswer(error.what()));
    }
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  wake_.notify_all();
}

// Waits for a request, or until files are to be looked at: then it has no `done`. False: there will be no more.
bool Reloads::Next(Request* request) {
  std::unique_lock lock(mutex_);
  const auto due = [this] { return stopping_ || !requests_.empty(); };
  const Clock::time_point next = NextCheck();
  if (next == Clock::time_point::max()) {
    wake_.wait(lock, due);
  } else {
    wake_.wait_until(lock, next, due);
  }
  *request = {};
  if (stopping_) return false;
  if (!requests_.empty()) {
    *request = std::move(requests_.front());
    requests_.pop_front();
  }
  return true;
}

Json Reloads::Load(const Request& request) {
  if (request.first) return LoadFirst();
  return request.feeds.empty() ? LoadConfiguration() : LoadFeeds(request.feeds);
}

void Reloads::Tell(const Request& request, const Json& answer) {
  // Of the first load, feeds that failed have been logged, and all else is in what the server says when it cannot
  // start.
  if (!request.first) {
    for (const Json& error : answer["errors"]) LogLine("reload_error").Add("error", error.get<std::string>());
  }
  for (const Json& key : answer["needs_restart"]) LogLine("needs_restart").Add("key", key.get<std::string>());
  if (!request.done) return;
  if (!request.first) LogLine("reloaded").Add("ok", answer["ok"].get<bool>() ? "yes" : "no");
  request.done(answer);
}

Json Reloads::LoadFirst() {
  const auto config = this->config();
  const auto outcomes = reloader_->SetFeeds(Feeds(*config), publisher_->For(config->zones));
  if (!outcomes) return FailedAnswer(config->file + ": " + outcomes.error().message);
  Log(*outcomes);
  PlanChecks();
  return Answer(outcomes);
}

Json Reloads::LoadFeeds(const std::vector<std::string>& names) {
  const auto outcomes = reloader_->Reload(names, false);
  if (outcomes) Log(*outcomes);
  return Answer(outcomes);
}

Json Reloads::LoadConfiguration() {
  const auto running = config();
  auto next = LoadConfig(running->file);
  if (!next) return FailedAnswer(next.error().message);
  if (const auto checked = CheckNewFeeds(*running, *next); !checked) return FailedAnswer(checked.error().message);
  const std::vector<std::string> restart = NeedsRestart(*running, *next);
  next->server = running->server;
  next->dpdk = running->dpdk;
  // Before anything is served: what is in force must not fall behind for want of memory.
  auto config = std::make_shared<const Config>(*std::move(next));
  const auto outcomes = reloader_->SetFeeds(Feeds(*config), publisher_->For(config->zones));
  if (!outcomes) return FailedAnswer(running->file + ": " + outcomes.error().message);
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

// Feeds whose time has come, loaded only where their files changed.
void Reloads::CheckFiles() {
  const Clock::time_point now = Clock::now();
  std::vector<std::string> due;
  const auto config = this->config();
  for (const ConfiguredFeed& feed : config->feeds) {
    const auto check = checks_.find(feed.feed.name);
    if (check == checks_.end() || check->second > now) continue;
    check->second = now + std::chrono::seconds(feed.check_seconds);
    due.push_back(feed.feed.name);
  }
  if (due.empty()) return;
  const auto outcomes = reloader_->Reload(due, false);
  if (outcomes) {
    Log(*outcomes);
  } else {
    LogLine("reload_error").Add("error", outcomes.error().message);
  }
}

void Reloads::PlanChecks() {
  std::map<std::string, Clock::time_point> checks;
  const auto config = this->config();
  for (const ConfiguredFeed& feed : config->feeds) {
    if (feed.check_seconds > 0) checks[feed.feed.name] = Clock::now() + std::chrono::seconds(feed.check_seconds);
  }
  checks_ = std::move(checks);
}

Reloads::Clock::time_point Reloads::NextCheck() const {
  Clock::time_point next = Clock::time_point::max();
  for (const auto& [name, at] : checks_) next = std::min(next, at);
  return next;
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
          .AddSeconds("seconds", report.seconds);
      for (const std::string& error : report.errors) LogLine("bad_line").Add("feed", outcome.name).Add("error", error);
    } else if (outcome.state == FeedState::kFailed && logged_[outcome.name] != outcome.error) {
      LogLine("feed_failed").Add("feed", outcome.name).Add("error", outcome.error);
    }
    logged_[outcome.name] = outcome.state == FeedState::kFailed ? outcome.error : "";
  }
}

}  // namespace rblitz
