// The reports of heat as text, JSON and CSV (RFC 4180, with a header line).
//
// Thread-safety: pure.
#pragma once

#include <string>
#include <vector>

#include "cli/heat/log_report.h"
#include "cli/heat/own_report.h"
#include "cli/json.h"

namespace rblitz {

// What a report is of.
struct ReportHead {
  std::string source;
  unsigned min_score = 64;
};

struct Rendered {
  Json json;
  std::string text;
  std::string csv;
};

[[nodiscard]] Rendered RenderOwnReport(const ReportHead& head, const std::vector<OwnHeat>& report);
[[nodiscard]] Rendered RenderLogReport(const ReportHead& head, const LogReport& report);

}  // namespace rblitz
