#include "cli/heat_answers.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "dataplane/heat_zone.h"
#include "dataplane/zone_rep.h"
#include "loaders/ip6_text.h"

namespace rblitz {

namespace {

std::string PrefixText(uint32_t prefix, unsigned length) {
  char text[16];
  return std::string(text, AddressToText(prefix, text)) + "/" + std::to_string(length);
}

// What a page has taken, and where the next one begins; null: there is none.
struct Page {
  Json runs = Json::array();
  Json networks6 = Json::array();
  uint64_t next = 0;

  [[nodiscard]] bool is_full() const { return runs.size() + networks6.size() >= HeatAnswers::kMostRuns; }
};

// Runs of cells; score_at(cell), and is_empty(block) where nothing is known of a whole /16.
template <class ScoreAt, class IsEmpty>
void TakeRuns(Page* page, const ScoreAt& score_at, const IsEmpty& is_empty) {
  uint64_t cell = page->next;
  while (cell < kHeatCells && !page->is_full()) {
    const auto at = static_cast<uint32_t>(cell);
    if (at % kCellsInBlock == 0 && is_empty(at / kCellsInBlock)) {
      cell += kCellsInBlock;
      continue;
    }
    const uint8_t score = score_at(at);
    const uint64_t end = (cell / kCellsInBlock + 1) * kCellsInBlock;
    uint64_t next = cell + 1;
    while (next < end && score_at(static_cast<uint32_t>(next)) == score) ++next;
    if (score != 0) page->runs.push_back({cell, next - cell, score});
    cell = next;
  }
  page->next = cell;
}

void TakeRuns(const HeatReading& reading, Page* page) {
  if (reading.cells != nullptr) {
    const HeatCells& cells = *reading.cells;
    return TakeRuns(
        page, [&](uint32_t cell) { return cells.at(cell); },
        [&](uint32_t block) { return cells.block(block) == nullptr; });
  }
  const HeatTable& table = *reading.table;
  TakeRuns(
      page, [&](uint32_t cell) { return table.Score(cell << 8, 24); },
      [&](uint32_t block) { return table.Node(block << 16, 16).active == 0; });
}

std::span<const Heat6Networks::One> PlacesOf(const HeatReading& reading, size_t index) {
  if (reading.table6 != nullptr) return reading.table6->slots(index);
  if (reading.networks6 != nullptr) return reading.networks6->of_length[index];
  return {};
}

// Places of IPv6 stand behind the cells, length by length.
void TakeNetworks6(const HeatReading& reading, Page* page) {
  uint64_t begin = kHeatCells;
  uint64_t looked_at = 0;
  for (size_t index = 0; index < kHeat6Lengths.size(); ++index) {
    const auto places = PlacesOf(reading, index);
    for (; page->next < begin + places.size(); ++page->next) {
      if (page->is_full() || looked_at++ == HeatAnswers::kMostPlaces) return;
      const auto& [prefix, score] = places[page->next - begin];
      if (score == 0) continue;
      const Ip6Prefix network = {.address = {.high = prefix, .low = 0}, .length = kHeat6Lengths[index]};
      page->networks6.push_back({Ip6Text(network), score});
    }
    begin += places.size();
  }
  page->next = 0;
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

Result<HeatReading> HeatAnswers::Source(const Json& request) const {
  const std::string source = TextAt(request, "source");
  const std::string name = TextAt(request, "name");
  HeatReading reading;
  if (source == "traffic") {
    reading.cells = traffic_.Cells();
    return reading;
  }
  if (source != "zone" && source != "feed") return Fail("heat cells: there is no source '" + source + "'");
  if (serving_ == nullptr) return Fail("heat cells: the server is still loading");
  if (source == "zone") {
    const Zone* const zone = serving_->zones.Find(name);
    if (zone == nullptr || !zone->is_heat())
      return Fail("heat cells: '" + name + "' is no zone of heat that is served");
    reading.table = zone->rep().heat->shared_table();
    reading.table6 = zone->rep().heat->shared_table6();
    return reading;
  }
  const auto& feeds = serving_->snapshot.feeds;
  const auto found =
      std::ranges::find_if(feeds, [&](const auto& feed) { return feed != nullptr && feed->name == name; });
  if (found == feeds.end() || (*found)->heat == nullptr) {
    return Fail("heat cells: '" + name + "' is no feed of heat that is served");
  }
  reading.cells = (*found)->heat;
  reading.networks6 = (*found)->heat6;
  return reading;
}

Result<Json> HeatAnswers::Cells(const Json& request) const {
  const auto now = HeatReadings::Clock::now();
  const HeatReading* reading = nullptr;
  if (request.contains("reading")) {
    reading = readings_->Find(NumberAt(request, "reading", 0), now);
    if (reading == nullptr)
      return Fail("heat cells: others have read meanwhile, and this reading has ended: try again");
  } else {
    Result<HeatReading> source = Source(request);
    if (!source) return tl::unexpected(source.error());
    reading = &readings_->Begin(*std::move(source), now);
  }
  Page page = {.next = request.contains("reading") ? NumberAt(request, "from", 0) : 0};
  if (page.next < kHeatCells) TakeRuns(*reading, &page);
  if (page.next >= kHeatCells) {
    if (request.value("ip6", Json()) == true) {
      TakeNetworks6(*reading, &page);
    } else {
      page.next = 0;
    }
  }
  const uint64_t id = reading->id;
  if (page.next == 0) readings_->End(id);
  return Json{{"runs", std::move(page.runs)},
              {"networks6", std::move(page.networks6)},
              {"reading", id},
              {"next", page.next == 0 ? Json() : Json(page.next)}};
}

}  // namespace rblitz
