#include "cli/heat/own_report.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <tuple>

#include "cli/heat/where.h"
#include "loaders/ip6_text.h"

namespace rblitz {

namespace {

constexpr unsigned kCellLength = 24;
constexpr unsigned kAround[] = {20, 16, 8};
constexpr unsigned kAround6[] = {48, 32};

struct CellRange {
  uint32_t first;
  uint32_t last;
};

CellRange CellsOf(HeatNetwork network) {
  const uint32_t hosts = network.length == 0 ? UINT32_MAX : ~uint32_t{0} >> (network.length - 1) >> 1;
  return {network.prefix >> 8, (network.prefix | hosts) >> 8};
}

std::string CellText(uint32_t cell) { return NetworkText({.prefix = cell << 8, .length = kCellLength}); }

// High halves of addresses.
struct HighRange {
  uint64_t first;
  uint64_t last;
};

HighRange HighsOf(const Ip6Prefix& network) {
  return {network.address.high, network.address.high | HostBits64(std::min<unsigned>(network.length, 64))};
}

// The length of what counts in an IPv6 network.
unsigned UnitOf(const Ip6Prefix& network) {
  const auto* const unit = std::ranges::lower_bound(kHeat6Lengths, network.length);
  return unit == kHeat6Lengths.end() ? kHeat6Lengths.back() : *unit;
}

std::string NetworkText6(uint64_t prefix, unsigned length) {
  return Ip6Text({.address = {.high = prefix, .low = 0}, .length = static_cast<uint8_t>(length)});
}

class Reporter {
 public:
  Reporter(const std::vector<OwnNetwork>& own, const HeatSource& source, const OwnQuestion& question)
      : source_(source), question_(question), counts_(CountScores(*source.cells)) {
    for (const OwnNetwork& one : own) {
      if (one.ip4) own_.push_back(CellsOf(*one.ip4));
      if (one.ip6) own6_.push_back(HighsOf(*one.ip6));
    }
    for (const unsigned length : kHeat6Lengths) {
      for (const Heat6Networks::One& network : Networks(length)) counts6_[length].Add(network.score);
    }
  }

  [[nodiscard]] OwnHeat Report(const OwnNetwork& own) {
    OwnHeat heat = {.own = own, .hottest = {}, .around = {}, .change = {}, .listed = {}};
    if (own.ip4) Report4(*own.ip4, &heat);
    if (own.ip6) Report6(*own.ip6, &heat);
    const ScoreCounts& counts = own.ip4 ? counts_ : counts6_[heat.unit];
    heat.hotter = counts.Hotter(heat.score);
    heat.compared = counts.known();
    return heat;
  }

 private:
  [[nodiscard]] std::span<const Heat6Networks::One> Networks(unsigned length) const {
    if (source_.networks6 == nullptr) return {};
    return source_.networks6->of_length[Heat6Index(length)];
  }
  // Those that begin within.
  [[nodiscard]] std::span<const Heat6Networks::One> Within(const HighRange& range, unsigned length) const {
    const auto all = Networks(length);
    const auto first = std::ranges::lower_bound(all, range.first, {}, &Heat6Networks::One::prefix);
    const auto last = std::ranges::upper_bound(first, all.end(), range.last, {}, &Heat6Networks::One::prefix);
    return {first, last};
  }

  template <class Text>
  void Count(unsigned score, OwnHeat* heat, Hottest* hottest, const Text& text) const {
    heat->score = std::max(heat->score, score);
    heat->sum += score;
    heat->known += score != 0;
    if (score < question_.min_score) return;
    ++heat->warm;
    if (hottest->Wants(score)) hottest->Add(text(), score);
  }
  template <class Text>
  void CountAround(unsigned score, OwnSurroundings* around, Hottest* hottest, const Text& text) const {
    around->highest = std::max(around->highest, score);
    if (score < question_.min_score) return;
    ++around->warm;
    if (hottest->Wants(score)) hottest->Add(text(), score);
  }

  void Report4(HeatNetwork own, OwnHeat* heat) const {
    const CellRange cells = CellsOf(own);
    heat->parts = uint64_t{cells.last} - cells.first + 1;
    Hottest hottest(question_.most);
    for (uint32_t cell = cells.first; cell <= cells.last; ++cell) {
      Count(source_.cells->at(cell), heat, &hottest, [cell] { return CellText(cell); });
    }
    heat->hottest = hottest.networks();
    const auto* const length = std::ranges::find_if(kAround, [&](unsigned one) { return one < own.length; });
    if (length != std::end(kAround)) heat->around = Around4(own, *length);
  }
  [[nodiscard]] OwnSurroundings Around4(HeatNetwork own, unsigned length) const {
    const HeatNetwork network = {.prefix = own.prefix >> (32 - length) << (32 - length), .length = length};
    OwnSurroundings around = {.network = NetworkText(network), .hottest = {}};
    const CellRange cells = CellsOf(network);
    Hottest hottest(question_.most);
    for (uint32_t cell = cells.first; cell <= cells.last; ++cell) {
      const unsigned score = source_.cells->at(cell);
      if (score == 0 || IsOwn(cell)) continue;
      CountAround(score, &around, &hottest, [cell] { return CellText(cell); });
    }
    around.hottest = hottest.networks();
    return around;
  }
  [[nodiscard]] bool IsOwn(uint32_t cell) const {
    return std::ranges::any_of(own_, [cell](const CellRange& own) { return own.first <= cell && cell <= own.last; });
  }

  void Report6(const Ip6Prefix& own, OwnHeat* heat) const {
    heat->unit = UnitOf(own);
    const HighRange highs = HighsOf(own);
    const unsigned bits = heat->unit - std::min<unsigned>(own.length, heat->unit);
    heat->parts = bits < 63 ? uint64_t{1} << bits : 0;
    Hottest hottest(question_.most);
    // A smaller one is in one that begins before it.
    const HighRange units = {highs.first & ~HostBits64(heat->unit), highs.last};
    for (const Heat6Networks::One& network : Within(units, heat->unit)) {
      Count(network.score, heat, &hottest, [&] { return NetworkText6(network.prefix, heat->unit); });
    }
    heat->hottest = hottest.networks();
    const auto* const length = std::ranges::find_if(kAround6, [&](unsigned one) { return one < own.length; });
    if (length != std::end(kAround6)) heat->around = Around6(own, *length, heat->unit);
  }
  [[nodiscard]] OwnSurroundings Around6(const Ip6Prefix& own, unsigned length, unsigned unit) const {
    const uint64_t first = own.address.high & ~HostBits64(length);
    const uint64_t last = first | HostBits64(length);
    OwnSurroundings around = {.network = NetworkText6(first, length), .hottest = {}};
    Hottest hottest(question_.most);
    for (const Heat6Networks::One& network : Within({first, last}, unit)) {
      if (IsOwn6(network.prefix, unit)) continue;
      CountAround(network.score, &around, &hottest, [&] { return NetworkText6(network.prefix, unit); });
    }
    around.hottest = hottest.networks();
    return around;
  }
  [[nodiscard]] bool IsOwn6(uint64_t prefix, unsigned length) const {
    const uint64_t last = prefix | HostBits64(length);
    return std::ranges::any_of(own6_, [&](const HighRange& own) { return own.first <= last && prefix <= own.last; });
  }

  const HeatSource& source_;
  const OwnQuestion& question_;
  std::vector<CellRange> own_;
  std::vector<HighRange> own6_;
  ScoreCounts counts_;
  std::map<unsigned, ScoreCounts> counts6_;  // by length
};

}  // namespace

std::vector<OwnHeat> ReportOwn(const std::vector<OwnNetwork>& own, const HeatSource& source,
                               const OwnQuestion& question) {
  Reporter reporter(own, source, question);
  std::vector<OwnHeat> report;
  report.reserve(own.size());
  for (const OwnNetwork& one : own) report.push_back(reporter.Report(one));
  return report;
}

void SortWorstFirst(std::vector<OwnHeat>* report) {
  std::ranges::stable_sort(*report, std::greater<>(), [](const OwnHeat& heat) {
    return std::tuple(IsListed(heat), heat.score, heat.warm, heat.sum);
  });
}

bool IsListed(const OwnHeat& own) { return own.listed && !own.listed->empty(); }

}  // namespace rblitz
