// What the control socket answers to `heat`:
//   {"command": "heat", "action": "top", "level": 8 | 16 | 24, "n": N}
//     {"half_life", "questions", "samples", "lost", "networks", "top": [{"prefix", "score", "highest", "active",
//      "questions", "share"}]}: the networks that the server is asked about most
//   {"command": "heat", "action": "cells", "source": "traffic" | "zone" | "feed", "name": NAME, "from": CELL}
//     {"runs": [[CELL, COUNT, SCORE], ...], "next": CELL or null}: IPv4's /24s that something is known of, by their
//     number, those that follow each other with the same score together; `next` is where the next page begins
// `rblitz heat cells [--traffic | --zone Z | --feed F]` prints all pages of the latter, one "PREFIX SCORE" a line, as
// format "heat" reads them: "203.0.113.0/24 183".
//
// Thread-safety: the control thread, as a reader of what is served. Lifetime: all that is handed in must outlive the
// call. Errors: in the answer. Cost: a page has at most kMostRuns; scores of the traffic are made for the first page
// and kept until the last one has been asked for.
#pragma once

#include <cstddef>
#include <memory>

#include "cli/json.h"
#include "cli/traffic.h"
#include "dataplane/zone.h"
#include "tables/result.h"

namespace rblitz {

class HeatAnswers {
 public:
  static constexpr size_t kMostRuns = 65536;        // a page
  static constexpr uint64_t kMostNetworks = 10000;  // of top

  // `serving`: null while nothing is served.
  HeatAnswers(Traffic& traffic, const Serving* serving) : traffic_(traffic), serving_(serving) {}

  // `request`: an object of any shape.
  [[nodiscard]] Result<Json> Answer(const Json& request) const;

 private:
  [[nodiscard]] Result<Json> Top(const Json& request) const;
  [[nodiscard]] Result<Json> Cells(const Json& request) const;

  Traffic& traffic_;
  const Serving* serving_;
};

}  // namespace rblitz
