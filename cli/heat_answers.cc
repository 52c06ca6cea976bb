#include "cli/heat_answers.h"

#include <algorithm>
#include <string>

#include "dataplane/heat_zone.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

std::string PrefixText(uint32_t prefix, unsigned length) {
  char text[16];
  return std::string(text, AddressToText(prefix, text)) + "/" + std::to_string(length);
}

// A page of runs; score_at(cell), and is_empty(block) where nothing is known of a whole /16.
template <class ScoreAt, class IsEmpty>
Json PageOf(uint64_t from, ScoreAt&& score_at, IsEmpty&& is_empty) {
  Json runs = Json::array();
  uint64_t cell = from;
  while (cell < kHeatCells && runs.size() < HeatAnswers::kMostRuns) {
    const auto at = static_cast<uint32_t>(cell);
    if (at % kCellsInBlock == 0 && is_empty(at / kCellsInBlock)) {
      cell += kCellsInBlock;
      continue;
    }
    const uint8_t score = score_at(at);
    const uint64_t end = (cell / kCellsInBlock + 1) * kCellsInBlock;
    uint64_t next = cell + 1;
    while (next < end && score_at(static_cast<uint32_t>(next)) == score) ++next;
    if (score != 0) runs.push_back({cell, next - cell, score});
    cell = next;
  }
  return {{"runs", std::move(runs)}, {"next", cell < kHeatCells ? Json(cell) : Json()}};
}

Json PageOf(uint64_t from, const HeatCells& cells) {
  return PageOf(
      from, [&](uint32_t cell) { return cells.at(cell); },
      [&](uint32_t block) { return cells.block(block) == nullptr; });
}

}  // namespace

Result<Json> HeatAnswers::Answer(const Json& request) const {
  const std::string action = TextAt(request, "action");
  if (action == "top") return Top(request);
  if (action == "cells") return Cells(request);
  return Fail("heat: there is no action '" + action + "'");
}

Result<Json> HeatAnswers::Top(const Json& request) const {
  const uint64_t level = NumberAt(request, "level", 24);
  if (level != 8 && level != 16 && level != 24) return Fail("heat top: level must be 8, 16 or 24");
  const uint64_t most = std::min(NumberAt(request, "n", 20), kMostNetworks);
  const Traffic::Figures figures = traffic_.figures();
  Json top = Json::array();
  for (const Traffic::Network& network : traffic_.Top(static_cast<unsigned>(level), most)) {
    const double share = figures.questions > 0 ? network.questions / figures.questions : 0;
    top.push_back({{"prefix", PrefixText(network.prefix, static_cast<unsigned>(level))},
                   {"score", network.score},
                   {"highest", network.highest},
                   {"active", network.active},
                   {"questions", network.questions},
                   {"share", std::min(share, 1.0)}});
  }
  return Json{{"half_life", figures.half_life_seconds},
              {"questions", figures.questions},
              {"samples", figures.samples},
              {"lost", figures.lost},
              {"networks", figures.networks},
              {"memory", figures.bytes},
              {"top", std::move(top)}};
}

Result<Json> HeatAnswers::Cells(const Json& request) const {
  const std::string source = TextAt(request, "source");
  const std::string name = TextAt(request, "name");
  const uint64_t from = NumberAt(request, "from", 0);
  if (source == "traffic") {
    Json page = PageOf(from, *traffic_.Page(from));
    if (page["next"].is_null()) traffic_.EndPages();
    return page;
  }
  if (source != "zone" && source != "feed") return Fail("heat cells: there is no source '" + source + "'");
  if (serving_ == nullptr) return Fail("heat cells: the server is still loading");
  if (source == "zone") {
    const Zone* const zone = serving_->zones.Find(name);
    if (zone == nullptr || !zone->is_heat())
      return Fail("heat cells: '" + name + "' is no zone of heat that is served");
    const auto cells = zone->rep().heat->table().cells();
    const HeatTable& table = zone->rep().heat->table();
    return PageOf(
        from, [&](uint32_t cell) { return cells[cell]; },
        [&](uint32_t block) { return table.Node(block << 16, 16).active == 0; });
  }
  const auto& feeds = serving_->snapshot.feeds;
  const auto found =
      std::ranges::find_if(feeds, [&](const auto& feed) { return feed != nullptr && feed->name == name; });
  if (found == feeds.end() || (*found)->heat == nullptr) {
    return Fail("heat cells: '" + name + "' is no feed of heat that is served");
  }
  return PageOf(from, *(*found)->heat);
}

}  // namespace rblitz
