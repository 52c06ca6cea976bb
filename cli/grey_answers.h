// What the control socket answers to `grey`: how greylists are configured and stand, what a question would get, rows by
// the page, rows that are forgotten and rows that are joined (docs/man/rblitz.1).
//
// Thread-safety: the control thread, as a reader of what is served. Lifetime: all that is handed in must outlive the
// call; a Reply may be called later, on a keeper's thread, and once at most.
// Errors: in the answer. Cost: rows are looked at kSlots at a time; forgetting by network, and looking an address up,
// walks the whole table, 10 million rows in a quarter of a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/config.h"
#include "cli/greylists.h"
#include "cli/json.h"
#include "dataplane/zone.h"
#include "tables/result.h"

namespace rblitz {

class GreyAnswers {
 public:
  using Reply = std::function<void(const Result<Json>&)>;

  static constexpr size_t kMostRows = 4096;            // a page
  static constexpr size_t kSlots = size_t{1} << 20;    // looked at for a page
  static constexpr size_t kMostForgotten = 1'000'000;  // at once

  // `serving`: null while nothing is served.
  GreyAnswers(const Config& config, const Greylists& greylists, const Serving* serving, uint32_t now)
      : config_(config), greylists_(greylists), serving_(serving), now_(now) {}

  // `request`: an object of any shape.
  void Answer(const Json& request, const Reply& reply) const;

 private:
  struct Chosen;

  [[nodiscard]] Result<Chosen> Choose(const std::string& name) const;
  [[nodiscard]] Json Configured() const;
  [[nodiscard]] Result<Json> Stats(const std::string& name) const;
  [[nodiscard]] const Zone* Served(const Chosen& zone) const;
  [[nodiscard]] Result<Json> Lookup(const Chosen& zone, const Json& request) const;
  [[nodiscard]] Result<Json> LookupName(const Chosen& zone, const std::string& labels) const;
  [[nodiscard]] Result<Json> LookupClient(const Chosen& zone, const std::string& address) const;
  [[nodiscard]] static Result<Json> Rows(const Chosen& zone, const Json& request);
  void Forget(const Chosen& zone, const Json& request, const Reply& reply) const;
  void Join(const Chosen& zone, const Json& request, const Reply& reply) const;

  const Config& config_;
  const Greylists& greylists_;
  const Serving* serving_;
  uint32_t now_;
};

}  // namespace rblitz
