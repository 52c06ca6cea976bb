// `rblitz list`: keeps the overrides in the state, has them served at once, and withdraws them when their time is over.
//
// Thread-safety: the control thread, which must be no online reader. Lifetime: the publisher must outlive it.
// Errors: an answer says what was wrong; then nothing has changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/json.h"
#include "cli/override.h"
#include "cli/override_store.h"
#include "cli/publish.h"
#include "cli/request.h"
#include "tables/result.h"

namespace rblitz {

class Overrides {
 public:
  // How often what is over is looked for: less than a second later nothing of it is served any more.
  static constexpr std::chrono::milliseconds kTick{250};

  // Without a store (nothing, or why not) nothing can be changed.
  Overrides(Result<OverrideStore> store, ZonePublisher* publisher);

  // Hands what is kept to the publisher; logs what was wrong with it.
  [[nodiscard]] Status Start(int64_t now);

  // `list` with an action: add, remove, forget or show. `is_zone` says which zones there are.
  [[nodiscard]] Result<Json> Answer(const ControlRequest& request, const std::string& user, int64_t now,
                                    const std::function<bool(const std::string&)>& is_zone);

  // Withdraws what is over.
  void Expire(int64_t now);

  // That are served.
  [[nodiscard]] const std::vector<Override>& all() const noexcept { return overrides_; }

  // What status shows.
  [[nodiscard]] Json Summary() const;

 private:
  [[nodiscard]] Result<Json> Set(const ControlRequest& request, OverrideSubject subject, const std::string& user,
                                 int64_t now);
  [[nodiscard]] Result<Json> Forget(const ControlRequest& request, const OverrideSubject& subject);
  [[nodiscard]] Json Show(const ControlRequest& request, const std::optional<OverrideSubject>& subject) const;
  // Kept, then served; on failure as before.
  [[nodiscard]] Status Change(const std::vector<Override>& next);

  [[nodiscard]] Status Serve(std::vector<Override> next);

  Result<OverrideStore> store_;
  ZonePublisher* publisher_;
  std::vector<Override> overrides_;  // that are served
  std::string expiry_error_;         // that the log has
};

}  // namespace rblitz
