#include "cli/render_grey.h"

#include <utility>
#include <vector>

#include "cli/grey_rows.h"
#include "cli/render_values.h"
#include "cli/text_table.h"

namespace rblitz {

namespace {

bool IsTriplet(const TripletRow& row) {
  return row.key.kind == TripletKind::kNetwork || row.key.kind == TripletKind::kDomain;
}

// Credits of a client, senders of a domain.
uint32_t Earned(const TripletRow& row) {
  return row.key.kind == TripletKind::kClient ? Credits(row) : Senders(row.payload);
}

const char* StateOf(const TripletRow& row, const TripletRules& rules, uint32_t now) {
  if (IsExpired(Clamped(row, now), rules, now)) return "expired";
  if (row.forgotten) return "forgotten";
  if (IsTriplet(row)) return row.passed ? "passed" : "pending";
  constexpr uint32_t kSenders = 2;
  const uint32_t needed = row.key.kind == TripletKind::kClient ? rules.credits : kSenders;
  return rules.credits != 0 && Earned(row) >= needed ? "whitelisted" : "earning";
}

// Rows of an answer; what is none is left out.
std::vector<TripletRow> RowsOf(const Json& list) {
  std::vector<TripletRow> rows;
  for (const Json& json : list) {
    if (const auto row = GreyRowFromJson(json)) rows.push_back(*row);
  }
  return rows;
}

// "1234", "5.0 MiB" by the end of its name, or the text.
std::string Value(const std::string& key, const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return Printable(value);
  if (!value.is_number()) return Printable(DumpJson(value));
  if (key.ends_with("bytes")) return Bytes(value);
  return value.is_number_integer() ? Number(value) : Decimal(value.get<double>(), 1);
}

// What says nothing is left out.
std::string Group(const Json& group) {
  std::string text;
  for (const auto& [key, value] : group.items()) {
    const bool is_silent =
        value.is_null() || (value.is_array() && value.empty()) || (value.is_string() && Printable(value).empty());
    if (!is_silent) text += (text.empty() ? "" : ", ") + key + " " + Value(key, value);
  }
  return text.empty() ? "-" : text;
}

}  // namespace

std::string RowsText(uint64_t rows) { return std::to_string(rows) + (rows == 1 ? " row" : " rows"); }

std::string RenderGreyRows(std::span<const TripletRow> rows, const GreySettings& settings, uint32_t now) {
  if (rows.empty()) return "";
  TextTable table;
  table.AddRow({"network", "kind", "id", "state", "first", "last", "credits"});
  for (const TripletRow& row : rows) {
    const Json json = GreyRowJson(row, settings.masks);
    table.AddRow({Printable(json["network"]), Printable(json["kind"]),
                  Printable(json.contains("client") ? json["client"] : json["id"]), StateOf(row, settings.rules, now),
                  Time(json["first"]), Time(json["last"]), IsTriplet(row) ? "-" : std::to_string(Earned(row))});
  }
  return table.Text();
}

std::string RenderGreyAnswer(const Json& lookup, const GreySettings& settings, uint32_t now) {
  std::string text = settings.zone + ": A " + Printable(lookup["a"]) + ", " + Printable(lookup["state"]) + ": " +
                     Printable(lookup["why"]);
  const Json wait = lookup.value("wait", Json());
  if (!wait.is_null()) text += ", wait " + Duration(wait);
  const Json first = lookup.value("first", Json());
  if (!first.is_null() && first != 0) text += ", first seen " + Time(first);
  const Json row = lookup.value("row", Json());
  return text + "\n" + (row.is_null() ? "" : RenderGreyRows(RowsOf(Json::array({row})), settings, now));
}

std::string RenderGreyClients(const std::string& what, const Json& lookup, const GreySettings& settings, uint32_t now) {
  const std::vector<TripletRow> rows = RowsOf(lookup["rows"]);
  std::string text = settings.zone + ": " + what + ": " + RowsText(rows.size());
  if (lookup.value("more", false)) text += " and more";
  if (lookup.contains("credits")) {
    text += ", credits " + Number(lookup["credits"]);
    if (settings.rules.credits != 0) text += " of " + std::to_string(settings.rules.credits);
  }
  const Json list = lookup.value("list", Json());
  if (!list.is_null())
    text += ", on a " + std::string(list == "block_list" ? "block list" : "list of clients that pass");
  return text + "\n" + RenderGreyRows(rows, settings, now);
}

std::string RenderGreyStats(const Json& stats) {
  std::string text;
  for (const Json& zone : stats["zones"]) {
    TextTable table;
    for (const auto& [key, value] : zone.items()) {
      if (key == "zone") continue;
      table.AddRow({key, value.is_object() ? Group(value) : Value(key, value)});
    }
    text += (text.empty() ? "" : "\n") + Printable(zone["zone"]) + "\n" + table.Text("  ");
  }
  return text.empty() ? "no greylists\n" : text;
}

}  // namespace rblitz
