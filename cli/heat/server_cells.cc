#include "cli/heat/server_cells.h"

#include <algorithm>
#include <variant>

#include "cli/ask.h"
#include "loaders/heat_text.h"

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

Status TakeNetwork6(const Json& network, Heat6Networks* networks6) {
  if (!network.is_array() || network.size() != 2 || !network[0].is_string() || !network[1].is_number_unsigned()) {
    return Fail("not a network and a score");
  }
  const auto read = ReadHeatNetwork(network[0].get_ref<const std::string&>());
  if (!read) return tl::unexpected(read.error());
  const auto* const prefix = std::get_if<Ip6Prefix>(&*read);
  const auto score = network[1].get<uint64_t>();
  if (prefix == nullptr || !IsHeat6Length(prefix->length) || score == 0 || score > 255) {
    return Fail("no network of IPv6 with heat");
  }
  networks6->of_length[Heat6Index(prefix->length)].push_back(
      {.prefix = prefix->address.high, .score = static_cast<uint8_t>(score)});
  return {};
}

// Visits all of a page.
Status TakePage(const Json& page, const std::function<void(const CellRun&)>& visit, Heat6Networks* networks6) {
  const Json runs = page.value("runs", Json());
  const Json networks = page.value("networks6", Json());
  if (!runs.is_array() || !networks.is_array() || !page.contains("next") || !page.contains("reading")) {
    return Fail("no runs, networks and next page");
  }
  for (const Json& item : runs) {
    const Result<CellRun> run = RunOf(item);
    if (!run) return tl::unexpected(run.error());
    visit(*run);
  }
  if (networks6 == nullptr) return {};
  for (const Json& network : networks) {
    if (Status taken = TakeNetwork6(network, networks6); !taken) return taken;
  }
  return {};
}

void SortEach(Heat6Networks* networks6) {
  if (networks6 == nullptr) return;
  for (auto& networks : networks6->of_length) std::ranges::sort(networks, {}, &Heat6Networks::One::prefix);
}

}  // namespace

Status WalkServerCells(const std::string& control, const CellsOf& whose,
                       const std::function<void(const CellRun&)>& visit, Heat6Networks* networks6) {
  Json request = {{"command", "heat"}, {"action", "cells"}, {"ip6", networks6 != nullptr}};
  request["source"] = whose.traffic ? "traffic" : whose.feed.empty() ? "zone" : "feed";
  if (!whose.traffic) request["name"] = whose.feed.empty() ? whose.zone : whose.feed;
  for (uint64_t from = 0;;) {
    const Result<Json> page = Ask(control, request);
    if (!page) return tl::unexpected(page.error());
    const auto not_understood = [&](const std::string& why) {
      return Fail(control + ": the server's cells are not understood: " + why);
    };
    if (Status taken = TakePage(*page, visit, networks6); !taken) return not_understood(taken.error().message);
    const Json& next = page->at("next");
    if (next.is_null()) break;
    // An answer that leads back would be asked for ever.
    if (!next.is_number_unsigned() || next.get<uint64_t>() <= from)
      return not_understood("the next page is no later one");
    from = next.get<uint64_t>();
    request["from"] = from;
    request["reading"] = page->at("reading");
  }
  SortEach(networks6);
  return {};
}

}  // namespace rblitz
