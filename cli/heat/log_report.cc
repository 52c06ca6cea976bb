#include "cli/heat/log_report.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>
#include <utility>

#include "cli/heat/where.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"

namespace rblitz {

namespace {

constexpr unsigned kCellLength = 24;
constexpr uint8_t kHotLengths6[] = {64, 56, 48};  // as zones of heat have them, the most specific first

Heat6Table TableOf(const HeatSource& source) {
  const Heat6Networks* const networks[] = {source.networks6.get()};
  return Heat6Table::Build(source.networks6 == nullptr ? std::span<const Heat6Networks* const>() : networks);
}

void KeepHottest(size_t most, std::vector<HotNetwork> hot, std::vector<HotNetwork>* networks) {
  std::ranges::stable_sort(hot, std::greater<>(),
                           [](const HotNetwork& network) { return std::pair(network.hot, network.score); });
  hot.resize(std::min(hot.size(), most));
  std::ranges::move(hot, std::back_inserter(*networks));
}

}  // namespace

LogTally::LogTally(const HeatSource& source, unsigned min_score)
    : source_(source), min_score_(min_score), table6_(TableOf(source)) {}

Status LogTally::Read(const std::string& path) {
  Seen seen{.name = InputName(path), .first_others = {}};
  Status read = EachLine(path, [&](const PlacedLine& line) -> Status {
    Take(line, &seen);
    return {};
  });
  if (!read) return read;
  figures_.lines += seen.lines;
  // In a log of a mail server there are lines of other programs.
  if (!seen.is_mail) Bad(seen.others, std::move(seen.first_others));
  if (!seen.is_mail && !seen.is_plain && seen.others > 0) {
    return Fail(seen.name + ": neither a log of Postfix or Exim nor addresses");
  }
  return {};
}

void LogTally::Bad(uint64_t count, std::vector<std::string> first) {
  figures_.bad += count;
  for (std::string& line : first) {
    if (figures_.bad_lines.size() < kKeptBad) figures_.bad_lines.push_back(std::move(line));
  }
}

void LogTally::Take(const PlacedLine& line, Seen* seen) {
  ++seen->lines;
  const auto at = [&](const std::string& why) { return seen->name + ":" + std::to_string(line.number) + ": " + why; };
  if (line.bad != nullptr) return Bad(1, {at(line.bad)});
  using Kind = LogLine::Kind;
  const LogLine read = ReadLogLine(line.text);
  seen->is_plain |= read.kind == Kind::kPlain;
  seen->is_mail |= read.kind == Kind::kMail || read.kind == Kind::kClient;
  if (read.kind == Kind::kClient || read.kind == Kind::kPlain) Count(read.client);
  if (read.kind == Kind::kBad) Bad(1, {at("no address of a client in " + Quoted(line.text))});
  if (read.kind != Kind::kOther) return;
  ++seen->others;
  if (seen->first_others.size() < kKeptBad) seen->first_others.push_back(at("no address in " + Quoted(line.text)));
}

void LogTally::Count(const ClientAddress& client) {
  if (const auto* const ip6 = std::get_if<Ip6Address>(&client)) return Count6(*ip6);
  uint32_t& count = clients_[std::get<uint32_t>(client) >> 8];
  if (count < UINT32_MAX) ++count;
}

void LogTally::Count6(const Ip6Address& address) {
  ++figures_.ip6;
  figures_.known += std::ranges::any_of(kHotLengths6, [&](uint8_t one) { return table6_.Score(address, one) > 0; });
  const HeatHit hit = table6_.Lookup(address, kHotLengths6, static_cast<uint8_t>(min_score_));
  if (hit.length == 0) return;
  ++figures_.hot;
  Counted6& counted = hot6_[Heat6Index(hit.length)][address.high & ~HostBits64(hit.length)];
  ++counted.clients;
  counted.score = hit.score;
}

// Of /24s also what the figures need.
std::vector<HotNetwork> LogTally::HotOf(unsigned length, LogFigures* figures) const {
  const uint32_t cells = 1u << (kCellLength - length);
  std::vector<HotNetwork> hot;
  for (uint32_t first = 0; first < kHeatCells; first += cells) {
    HotNetwork network = {.network = {}, .length = length};
    for (uint32_t cell = first; cell < first + cells;) {
      const CellBlocks<uint32_t>::Block* const clients = clients_.block(cell / kCellsInBlock);
      if (clients == nullptr) {
        cell = (cell / kCellsInBlock + 1) * kCellsInBlock;
        continue;
      }
      const uint32_t count = (*clients)[cell % kCellsInBlock];
      const unsigned score = source_.cells->at(cell++);
      network.clients += count;
      if (score >= min_score_) network.hot += count;
      if (count > 0) network.score = std::max(network.score, score);
      if (figures != nullptr && score > 0) figures->known += count;
    }
    if (figures != nullptr) figures->clients += network.clients;
    if (figures != nullptr) figures->hot += network.hot;
    if (network.hot == 0) continue;
    network.network = NetworkText({.prefix = first << 8, .length = length});
    hot.push_back(std::move(network));
  }
  return hot;
}

std::vector<HotNetwork> LogTally::HotOf6(unsigned length) const {
  std::vector<HotNetwork> hot;
  for (const auto& [prefix, counted] : hot6_[Heat6Index(length)]) {
    const Ip6Prefix network = {.address = {.high = prefix, .low = 0}, .length = static_cast<uint8_t>(length)};
    hot.push_back({.network = Ip6Text(network),
                   .length = length,
                   .clients = counted.clients,
                   .hot = counted.clients,
                   .score = counted.score});
  }
  // Hashed by chance: an order of its own.
  std::ranges::sort(hot, {}, &HotNetwork::network);
  return hot;
}

LogReport LogTally::Report(size_t most) const {
  LogReport report = {.figures = figures_, .networks = {}};
  report.figures.clients = figures_.ip6;
  for (const unsigned length : {8u, 16u, 24u}) {
    KeepHottest(most, HotOf(length, length == kCellLength ? &report.figures : nullptr), &report.networks);
  }
  for (const unsigned length : {48u, 56u, 64u}) KeepHottest(most, HotOf6(length), &report.networks);
  return report;
}

}  // namespace rblitz
