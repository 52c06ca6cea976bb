#include "cli/heat/server_cells.h"

#include "cli/ask.h"

namespace rblitz {

namespace {

constexpr uint64_t kCells = uint64_t{1} << 24;

Result<CellRun> RunOf(const Json& run) {
  if (!run.is_array() || run.size() != 3) return Fail("not three numbers");
  for (const Json& number : run) {
    if (!number.is_number_unsigned()) return Fail("not three numbers");
  }
  const auto first = run[0].get<uint64_t>();
  const auto count = run[1].get<uint64_t>();
  const auto score = run[2].get<uint64_t>();
  if (first >= kCells || count > kCells - first || score > 255) return Fail("numbers out of range");
  return CellRun{static_cast<uint32_t>(first), static_cast<uint32_t>(count), static_cast<unsigned>(score)};
}

}  // namespace

Status WalkServerCells(const std::string& control, const CellsOf& whose,
                       const std::function<void(const CellRun&)>& visit) {
  Json request = {{"command", "heat"}, {"action", "cells"}};
  request["source"] = whose.traffic ? "traffic" : whose.feed.empty() ? "zone" : "feed";
  if (!whose.traffic) request["name"] = whose.feed.empty() ? whose.zone : whose.feed;
  for (uint64_t from = 0;;) {
    request["from"] = from;
    const Result<Json> page = Ask(control, request);
    if (!page) return tl::unexpected(page.error());
    const auto not_understood = [&](const std::string& why) {
      return Fail(control + ": the server's cells are not understood: " + why);
    };
    const Json runs = page->value("runs", Json());
    if (!runs.is_array() || !page->contains("next")) return not_understood("no runs and next page");
    for (const Json& item : runs) {
      const Result<CellRun> run = RunOf(item);
      if (!run) return not_understood(run.error().message);
      visit(*run);
    }
    const Json& next = page->at("next");
    if (next.is_null()) return {};
    // An answer that leads back would be asked for ever.
    if (!next.is_number_unsigned() || next.get<uint64_t>() <= from)
      return not_understood("the next page is no later one");
    from = next.get<uint64_t>();
  }
}

}  // namespace rblitz
