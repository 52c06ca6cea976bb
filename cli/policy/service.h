// The policy service: takes requests of mail servers, asks greylist servers, answers. One thread, one poller that the
// event loop watches as one descriptor; each round reads what is ready, and sends what came of it at its end.
//
// Lifetime: the loop must outlive the service, and not run after it. Errors: Open says what cannot be opened; later
// nothing fails: what goes wrong with the greylist passes the mail and is counted.
#pragma once

#include <memory>
#include <vector>

#include "cli/event_loop.h"
#include "cli/policy/actions.h"
#include "cli/policy/asker.h"
#include "cli/policy/clients.h"
#include "cli/policy/rules.h"
#include "cli/policy/servers.h"
#include "cli/policy/settings.h"

namespace rblitz::policy {

// The sockets of settings.listen.
[[nodiscard]] Result<std::vector<UniqueFd>> OpenListeners(const Settings& settings);

class Service {
 public:
  // `settings` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Service>> Create(const Settings* settings, GreyKey key,
                                                               std::vector<UniqueFd> listeners, EventLoop* loop);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Reads the lists again; what is wrong with them is logged.
  void ReloadLists();
  void LogCounters() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }

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

  Service(const Settings* settings, Rules rules, Poller poller, UniqueFd timer, std::vector<UniqueFd> listeners,
          EventLoop* loop);
  void Rounds();
  void OnReady(const Poller::Ready& ready);
  void OnTimer();
  void SetTimer();
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
  UniqueFd timer_;
  EventLoop* loop_;
  Counters counters_;
  Actions actions_;
  Asker::Clock::time_point now_;  // of this round
  ServerSockets servers_;
  Asker asker_;
  Clients clients_;
  std::vector<Pending> pending_;
  std::vector<uint32_t> free_;
  std::vector<bool> down_;  // servers, as the log has it
  bool timer_is_set_ = false;
};

}  // namespace rblitz::policy
