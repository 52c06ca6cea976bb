// The thread that carries out reloads, one after another: it reads the configuration again, has the reloader load
// feeds, and looks for changed files (loaders/feed_checks.h). The control thread only asks, and goes on answering
// meanwhile.
//
// Thread-safety: Start once; Ask, config and Stop from the control thread or any other.
// Lifetime: reloader, publisher and greylists must outlive it.
// Errors: are in the answers and in the log, those that something threw among them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/client_rules.h"
#include "cli/config.h"
#include "cli/greylists.h"
#include "cli/json.h"
#include "cli/publish.h"
#include "loaders/feed_checks.h"
#include "loaders/reloader.h"
#include "loaders/unique_fd.h"

namespace rblitz {

class Reloads {
 public:
  // Told what became of a request, on the thread of this object: "ok", "feeds", "needs_restart", "errors".
  using Done = std::function<void(const Json& answer)>;

  Reloads(Config config, Reloader* reloader, ZonePublisher* publisher, Greylists* greylists);
  ~Reloads();  // waits for the request that is running
  Reloads(const Reloads&) = delete;
  Reloads& operator=(const Reloads&) = delete;

  // Loads all feeds of the configuration for the first time.
  void Start(Done done);

  // Loads these feeds; without any, the configuration file and all feeds.
  void Ask(std::vector<std::string> feeds, Done done);
  // Loads these feeds even if they have not changed, and despite max_shrink and max_bad.
  void Force(std::vector<std::string> feeds, Done done);
  // What a load of this feed would change.
  void Diff(const std::string& feed, Done done);
  // Serves the copy before the one of this feed that is served.
  void RollBack(const std::string& feed, Done done);

  // Takes no more requests and waits for the one that is running, at most this long. Returns whether it has ended.
  bool Stop(std::chrono::milliseconds patience);

  // What is in force: server and ports of the start, feeds and zones of the last good reload.
  [[nodiscard]] std::shared_ptr<const Config> config() const;

 private:
  using Clock = FeedChecks::Clock;
  enum class What : uint8_t { kFirst, kReload, kForce, kDiff, kRollBack, kCheck };
  struct Request {
    std::vector<std::string> feeds;
    Done done;
    What what = What::kReload;
  };

  void Add(Request request);
  void Run();
  [[nodiscard]] bool Next(Request* request);
  [[nodiscard]] Json Load(const Request& request);
  static void Tell(const Request& request, const Json& answer);
  [[nodiscard]] Result<std::vector<FeedOutcome>> Serve(const Config& config, std::shared_ptr<const ClientRules> rules);
  [[nodiscard]] Json LoadFirst();
  [[nodiscard]] Json LoadFeeds(const std::vector<std::string>& names, bool force);
  [[nodiscard]] Json LoadConfiguration();
  [[nodiscard]] Json OneFeed(const Request& request);
  void CheckFiles();
  void PlanChecks();
  void Wait();
  void Wake() const;
  void Log(const std::vector<FeedOutcome>& outcomes);

  Reloader* reloader_;
  ZonePublisher* publisher_;
  Greylists* greylists_;
  mutable std::mutex mutex_;
  std::condition_variable ended_changed_;
  UniqueFd wake_;                                         // an eventfd: there is something in requests_, or stopping_
  std::deque<Request> requests_;                          // guarded by mutex_
  bool stopping_ = false;                                 // guarded by mutex_
  bool ended_ = false;                                    // guarded by mutex_
  std::shared_ptr<const Config> config_;                  // guarded by mutex_, written by thread_ only
  const std::vector<GreylistConfig> greylists_of_start_;  // one that a reload took out may come back with another
  // Of thread_:
  ClientRulesLoader client_rules_;
  FeedChecks checks_;
  Clock::time_point looked_at_;                // when changes of files were looked at last
  std::map<std::string, std::string> logged_;  // by feed: the failure that the log has
  std::thread thread_;
};

}  // namespace rblitz
