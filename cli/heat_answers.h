// What the control socket answers to `heat`:
//   {"command": "heat", "action": "top", "level": 8 | 16 | 24, "n": N}
//     {"half_life", "questions", "samples", "lost", "networks", "top": [{"prefix", "score", "highest", "active",
//      "questions", "share"}]}: the networks that the server is asked about most
//   {"command": "heat", "action": "cells", "source": "traffic" | "zone" | "feed", "name": NAME, "ip6": true | false}
//     {"runs": [[CELL, COUNT, SCORE], ...], "networks6": [["2001:db8:7::/48", SCORE], ...], "reading": ID,
//      "next": PLACE or null}: IPv4's /24s that something is known of, by their number, those that follow each other
//      with the same score together; behind them IPv6's networks, if that is wanted, in any order
//   {"command": "heat", "action": "cells", "reading": ID, "from": PLACE, "ip6": true | false}
//     the page that begins at what the one before it calls `next`; all are of one moment, that of the first
// `rblitz heat cells [--traffic | --zone Z | --feed F]` prints all pages of IPv4, one "PREFIX SCORE" a line, as format
// "heat" reads them: "203.0.113.0/24 183".
//
// Thread-safety: the control thread, as a reader of what is served. Lifetime: all that is handed in must outlive the
// call. Errors: in the answer. Cost: a page has at most kMostRuns, and looks at no more than kMostPlaces for IPv6;
// scores of the traffic are made for the first page (cli/heat_readings.h).
#pragma once

#include <cstddef>
#include <memory>

#include "cli/heat_readings.h"
#include "cli/json.h"
#include "cli/traffic.h"
#include "dataplane/zone.h"
#include "tables/result.h"

namespace rblitz {

class HeatAnswers {
 public:
  static constexpr size_t kMostRuns = 65536;        // a page, with networks of IPv6
  static constexpr uint64_t kMostPlaces = 1 << 20;  // of IPv6, a page
  static constexpr uint64_t kMostNetworks = 10000;  // of top

  // `serving`: null while nothing is served.
  HeatAnswers(const Traffic& traffic, const Serving* serving, HeatReadings* readings)
      : traffic_(traffic), serving_(serving), readings_(readings) {}

  // `request`: an object of any shape.
  [[nodiscard]] Result<Json> Answer(const Json& request) const;

 private:
  [[nodiscard]] Result<Json> Top(const Json& request) const;
  [[nodiscard]] Result<Json> Cells(const Json& request) const;
  // What is read now.
  [[nodiscard]] Result<HeatReading> Source(const Json& request) const;

  const Traffic& traffic_;
  const Serving* serving_;
  HeatReadings* readings_;
};

}  // namespace rblitz
