// The greylists of a running server: the table, the store and the keeper of each, which outlive reloads.
//
// Thread-safety: Open, Start and Stop on the main thread; ZonesOf and Apply on the thread of reloads; all else on any.
// Errors: Open says which greylist's store cannot be used and why.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "cli/grey_keeper.h"
#include "cli/privileges.h"
#include "dataplane/greylist.h"

namespace rblitz {

// The zone of a greylist with the state that its answers come from.
[[nodiscard]] ZoneConfig ZoneOf(const GreylistConfig& config, std::shared_ptr<Greylist> state);

class Greylists {
 public:
  struct One {
    std::string zone;
    std::string store;  // empty: memory alone
    std::shared_ptr<Greylist> state;
    std::unique_ptr<GreyKeeper> keeper;
  };

  // Opens the stores; `workers` will answer.
  [[nodiscard]] static Result<std::unique_ptr<Greylists>> Open(const Config& config, size_t workers);

  // Makes all stores the user's.
  [[nodiscard]] Status GiveTo(const User& user) const;

  // Begins to load.
  void Start();
  // REQUIRES: no worker answers any more. Writes what is left.
  void Stop();

  // All zones that shall be served: those of the lists, and the greylists of which there is a state since the start.
  [[nodiscard]] std::vector<ZoneConfig> ZonesOf(const Config& config) const;
  // What a reload may change beside zones.
  void Apply(const Config& config);

  [[nodiscard]] const std::vector<One>& all() const { return all_; }
  // Null: there is none of that name.
  [[nodiscard]] const One* Find(std::string_view zone) const;

 private:
  std::vector<One> all_;
};

}  // namespace rblitz
