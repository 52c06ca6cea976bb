#include "cli/heat/render_report.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/render_values.h"
#include "cli/text_table.h"

namespace rblitz {

namespace {

std::string Fixed(double value, int digits) {
  char text[64];
  return {text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.*f", digits, value))};
}

std::string Share(uint64_t part, uint64_t whole) {
  return Fixed(whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole), 1) + "%";
}

// Of addresses: there may be more of IPv6 than a number has digits for.
std::string CountText(double count) {
  char text[64];
  return {text, static_cast<size_t>(std::snprintf(text, sizeof text, count < 1e15 ? "%.0f" : "%.3g", count))};
}

std::string CsvField(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + CsvField(fields[i]);
  return line + "\r\n";
}

double Addresses(const OwnHeat& own) {
  double sum = 0;
  if (own.listed) {
    for (const OwnListing& listing : *own.listed) sum += listing.addresses;
  }
  return sum;
}

class OwnRendering {
 public:
  OwnRendering(const ReportHead& head, const std::vector<OwnHeat>& report) : head_(head), report_(report) {}

  [[nodiscard]] Rendered Render() const { return {.json = AsJson(), .text = AsText(), .csv = AsCsv()}; }

 private:
  [[nodiscard]] std::string StateOf(const OwnHeat& own) const {
    return IsListed(own) ? "listed" : own.warm > 0 ? "warm" : "clean";
  }
  [[nodiscard]] uint64_t CountOf(const std::string& state) const {
    return static_cast<uint64_t>(
        std::ranges::count_if(report_, [&](const OwnHeat& own) { return StateOf(own) == state; }));
  }
  [[nodiscard]] static std::string ChangeText(const OwnHeat& own) {
    if (!own.change) return "-";
    return (*own.change > 0 ? "+" : "") + std::to_string(*own.change);
  }
  [[nodiscard]] static std::string UnitText(const OwnHeat& own) { return "/" + std::to_string(own.unit) + "s"; }

  [[nodiscard]] static Json Named(const std::vector<ScoredNetwork>& networks) {
    Json json = Json::array();
    for (const ScoredNetwork& one : networks) json.push_back({{"network", one.network}, {"score", one.score}});
    return json;
  }
  [[nodiscard]] static Json Around(const OwnHeat& own) {
    if (!own.around) return {};
    return {{"network", own.around->network},
            {"highest", own.around->highest},
            {"warm", own.around->warm},
            {"hottest", Named(own.around->hottest)}};
  }
  [[nodiscard]] static Json Listed(const OwnHeat& own) {
    if (!own.listed) return {};
    Json json = Json::array();
    for (const OwnListing& one : *own.listed) {
      json.push_back({{"zone", one.zone},
                      {"feed", one.feed},
                      {"text", one.text},
                      {"addresses", one.addresses},
                      {"first", one.first}});
    }
    return json;
  }
  [[nodiscard]] Json One(const OwnHeat& own) const {
    return {{"network", own.own.text},
            {"label", own.own.label},
            {"state", StateOf(own)},
            {"score", own.score},
            {"change", own.change ? Json(*own.change) : Json()},
            {"sum", own.sum},
            {"length", own.unit},
            {"parts", own.parts},
            {"known", own.known},
            {"warm", own.warm},
            {"rank", own.score == 0 ? Json() : Json(own.hotter + 1)},
            {"of", own.compared},
            {"hottest", Named(own.hottest)},
            {"around", Around(own)},
            {"listed", Listed(own)}};
  }
  [[nodiscard]] Json AsJson() const {
    Json networks = Json::array();
    for (const OwnHeat& own : report_) networks.push_back(One(own));
    return {{"source", head_.source},  {"min_score", head_.min_score}, {"listed", CountOf("listed")},
            {"warm", CountOf("warm")}, {"clean", CountOf("clean")},    {"networks", std::move(networks)}};
  }

  [[nodiscard]] std::string AsCsv() const {
    std::string csv =
        CsvLine({"network", "label", "state", "score", "change", "sum", "length", "parts", "known", "warm", "rank",
                 "of", "hottest", "around", "around_highest", "around_warm", "listed_addresses", "listed_by"});
    for (const OwnHeat& own : report_) csv += CsvRow(own);
    return csv;
  }
  [[nodiscard]] std::string CsvRow(const OwnHeat& own) const {
    const OwnSurroundings around = own.around.value_or(OwnSurroundings());
    std::string zones;
    if (own.listed) {
      for (const OwnListing& one : *own.listed) zones += (zones.empty() ? "" : " ") + one.zone;
    }
    return CsvLine({own.own.text, own.own.label, StateOf(own), std::to_string(own.score),
                    own.change ? std::to_string(*own.change) : "", std::to_string(own.sum), std::to_string(own.unit),
                    std::to_string(own.parts), std::to_string(own.known), std::to_string(own.warm),
                    own.score == 0 ? "" : std::to_string(own.hotter + 1), std::to_string(own.compared),
                    own.hottest.empty() ? "" : own.hottest.front().network, around.network,
                    own.around ? std::to_string(around.highest) : "", own.around ? std::to_string(around.warm) : "",
                    own.listed ? CountText(Addresses(own)) : "", zones});
  }

  [[nodiscard]] std::string AsText() const {
    std::string text = std::to_string(report_.size()) + " own networks against the heat of " + head_.source + ": " +
                       std::to_string(CountOf("listed")) + " listed, " + std::to_string(CountOf("warm")) + " warm (" +
                       std::to_string(head_.min_score) + " or more), " + std::to_string(CountOf("clean")) +
                       " clean\n\n";
    TextTable table;
    table.AddRow({"network", "label", "state", "score", "change", "sum", "warm", "rank", "warm around"});
    for (const OwnHeat& own : report_) {
      table.AddRow({own.own.text, Printable(own.own.label), StateOf(own), std::to_string(own.score), ChangeText(own),
                    std::to_string(own.sum), WarmText(own), RankText(own), AroundText(own)});
    }
    return text + table.Text() + HottestText() + NeighboursText() + ListedText();
  }
  [[nodiscard]] static std::string WarmText(const OwnHeat& own) {
    const std::string parts = own.parts == 0 ? "" : " of " + std::to_string(own.parts);
    return std::to_string(own.warm) + parts + " " + UnitText(own);
  }
  [[nodiscard]] static std::string RankText(const OwnHeat& own) {
    if (own.score == 0) return "-";
    return std::to_string(own.hotter + 1) + " of " + std::to_string(own.compared);
  }
  [[nodiscard]] static std::string AroundText(const OwnHeat& own) {
    return own.around ? std::to_string(own.around->warm) + " in " + own.around->network : "-";
  }
  template <class NetworksOf>
  [[nodiscard]] std::string NamedText(const char* title, const NetworksOf& networks_of) const {
    TextTable table;
    bool any = false;
    for (const OwnHeat& own : report_) {
      for (const ScoredNetwork& one : networks_of(own)) {
        any = true;
        table.AddRow({one.network, std::to_string(one.score),
                      own.own.text + (own.own.label.empty() ? "" : " ") + Printable(own.own.label)});
      }
    }
    return any ? "\n" + std::string(title) + "\n" + table.Text("  ") : "";
  }
  [[nodiscard]] std::string HottestText() const {
    return NamedText("Hottest of what is yours:", [](const OwnHeat& own) { return own.hottest; });
  }
  [[nodiscard]] std::string NeighboursText() const {
    return NamedText("Hottest around it:", [](const OwnHeat& own) {
      return own.around ? own.around->hottest : std::vector<ScoredNetwork>();
    });
  }
  [[nodiscard]] std::string ListedText() const {
    if (std::ranges::none_of(report_, [](const OwnHeat& own) { return own.listed.has_value(); })) {
      return "\nNo server was asked whether they are listed.\n";
    }
    std::string text;
    for (const OwnHeat& own : report_) {
      if (!own.listed) continue;
      for (const OwnListing& one : *own.listed) {
        text += "  " + own.own.text + ": " + CountText(one.addresses) + " in " + one.zone + " by " + one.feed +
                (one.text.empty() ? "" : " (" + Printable(one.text) + ")") + ":";
        for (const std::string& network : one.first) text += " " + network;
        text += "\n";
      }
    }
    return text.empty() ? "" : "\nListed addresses:\n" + text;
  }

  const ReportHead& head_;
  const std::vector<OwnHeat>& report_;
};

Json LogJson(const ReportHead& head, const LogReport& report) {
  const LogFigures& figures = report.figures;
  Json networks = Json::array();
  for (const HotNetwork& one : report.networks) {
    networks.push_back({{"network", one.network},
                        {"length", one.length},
                        {"clients", one.clients},
                        {"hot", one.hot},
                        {"score", one.score}});
  }
  return {{"source", head.source},
          {"min_score", head.min_score},
          {"lines", figures.lines},
          {"bad", figures.bad},
          {"bad_lines", figures.bad_lines},
          {"clients", figures.clients},
          {"ip6", figures.ip6},
          {"known", figures.known},
          {"hot", figures.hot},
          {"networks", std::move(networks)}};
}

std::string LogCsv(const LogReport& report) {
  std::string csv = CsvLine({"network", "length", "clients", "hot", "score"});
  for (const HotNetwork& one : report.networks) {
    csv += CsvLine({one.network, std::to_string(one.length), std::to_string(one.clients), std::to_string(one.hot),
                    std::to_string(one.score)});
  }
  return csv;
}

std::string LogText(const ReportHead& head, const LogReport& report) {
  const LogFigures& figures = report.figures;
  std::string text = std::to_string(figures.clients) + " clients in " + std::to_string(figures.lines) +
                     " lines against the heat of " + head.source + ": " + std::to_string(figures.hot) + " (" +
                     Share(figures.hot, figures.clients) + ") from hot networks (" + std::to_string(head.min_score) +
                     " or more), " + std::to_string(figures.known) + " (" + Share(figures.known, figures.clients) +
                     ") from such as have any heat\n";
  for (size_t i = 0; i < report.networks.size();) {
    const unsigned length = report.networks[i].length;
    TextTable table;
    table.AddRow({"/" + std::to_string(length), "hot clients", "share of all", "clients", "highest score"});
    for (; i < report.networks.size() && report.networks[i].length == length; ++i) {
      const HotNetwork& one = report.networks[i];
      table.AddRow({one.network, std::to_string(one.hot), Share(one.hot, figures.clients), std::to_string(one.clients),
                    std::to_string(one.score)});
    }
    text += "\n" + table.Text();
  }
  return text;
}

}  // namespace

Rendered RenderOwnReport(const ReportHead& head, const std::vector<OwnHeat>& report) {
  return OwnRendering(head, report).Render();
}

Rendered RenderLogReport(const ReportHead& head, const LogReport& report) {
  return {.json = LogJson(head, report), .text = LogText(head, report), .csv = LogCsv(report)};
}

}  // namespace rblitz
