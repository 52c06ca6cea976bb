// The policy service: takes requests of mail servers, asks greylist servers, answers. One thread, one poller; each
// round waits once, reads all that is ready, and sends what came of it: questions first, so that servers work
// meanwhile.
//
// A round takes what clients and servers say before new connections, and signals last: what came together with SIGTERM
// came before it.
//
// Errors: Create and Run say what cannot be opened; later nothing fails: what goes wrong with the greylist passes the
// mail and is counted.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cli/activation.h"
#include "cli/policy/actions.h"
#include "cli/policy/asker.h"
#include "cli/policy/clients.h"
#include "cli/policy/rules.h"
#include "cli/policy/servers.h"
#include "cli/policy/settings.h"

namespace rblitz::policy {

// The sockets of settings.listen, those among them that a service manager has passed; where nothing is configured, all
// of these, or else kDefaultListen.
[[nodiscard]] Result<std::vector<UniqueFd>> OpenListeners(const Settings& settings,
                                                          const std::vector<PassedListener>& passed);

class Service {
 public:
  // `settings` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Service>> Create(const Settings* settings, GreyKey key,
                                                               std::vector<UniqueFd> listeners);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Serves until Stop. `on_signals` is called when `signals`, a descriptor, is ready. An error: nothing was served.
  [[nodiscard]] Status Run(int signals, const std::function<void()>& on_signals);
  // Ends Run once the requests that have come are answered: those that have no answer after the servers' time and a
  // second pass.
  void Stop();

  // Reads the lists again; what is wrong with them is logged.
  void ReloadLists();
  void LogCounters() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }
  // Of the lists.
  [[nodiscard]] uint64_t bad_lines() const { return rules_.bad_lines(); }

 private:
  // A request that the greylist is asked about.
  struct Pending {
    Ticket ticket;
    uint64_t instance = 0;
    Asker::Clock::time_point asked;
    Outcome outcome = Outcome::kUnanswered;
    bool is_looking = false;
    std::string who;  // for the log, where that is wanted
  };

  Service(const Settings* settings, Rules rules, Poller poller, std::vector<UniqueFd> listeners);
  void Round(const std::function<void()>& on_signals);
  [[nodiscard]] std::chrono::milliseconds Timeout() const;
  [[nodiscard]] bool IsDone() const;
  void OnReady(std::span<const Poller::Ready> ready, const std::function<void()>& on_signals);
  void OnSecond();
  [[nodiscard]] bool IsOver() const { return end_ && now_ >= *end_; }
  void OnRequest(Ticket ticket, const Request& request);
  void OnAsked(Asker::Token token, const Asked& asked);
  [[nodiscard]] bool LooksCloser(uint32_t index, const Asked& asked);
  void Finish(uint32_t index, const Look& look);
  void Answer(Ticket ticket, Outcome outcome, const Look& look, uint64_t instance);
  void Log(Outcome outcome, const std::string& who) const;
  void NoteServers();

  const Settings* settings_;
  Rules rules_;
  Poller poller_;
  Counters counters_;
  Actions actions_;
  Asker::Clock::time_point now_;  // of this round
  ServerSockets servers_;
  Asker asker_;
  Clients clients_;
  std::vector<Pending> pending_;
  std::vector<uint32_t> free_;
  std::vector<bool> down_;  // servers, as the log has it
  Asker::Clock::time_point next_second_;
  Asker::Clock::time_point next_counters_;
  std::optional<Asker::Clock::time_point> end_;  // of Run, at the latest
};

}  // namespace rblitz::policy
