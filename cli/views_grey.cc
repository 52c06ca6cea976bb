#include "cli/views_grey.h"

#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "dataplane/greylist.h"
#include "tables/triplet_row.h"

namespace rblitz {

namespace {

// Why it does not answer as it should, or from what.
std::string StateOf(const Greylists::One& one, const GreyFigures& figures) {
  if (!one.state->is_ready()) return figures.error.empty() ? "loading" : "unreadable";
  if (!one.keeper->keeps_store()) return "memory";
  return figures.error.empty() ? "ready" : "not written";
}

Json StoreJson(const Greylists::One& one, const GreyFigures& figures) {
  return {{"folder", one.store},
          {"error", figures.error},
          {"notes", figures.notes},
          {"loaded_rows", figures.loaded_rows},
          {"load_seconds", std::round(figures.load_seconds * 1000) / 1000},
          {"cut_bytes", figures.cut_bytes},
          {"written_rows", figures.written_rows},
          {"waiting_rows", figures.waiting_rows},
          {"failed_writes", figures.failed_writes},
          {"journal_bytes", figures.journal_bytes},
          {"snapshots", figures.snapshots},
          {"snapshot_at", figures.snapshot_at == 0 ? Json() : Json(figures.snapshot_at)}};
}

// By what `counters` counts.
template <class Value, class Counters, class Name>
Json SumsJson(const Greylist& state, Counters counters, Name name) {
  Json json = Json::object();
  for (size_t i = 0; i < (state.worker(0).*counters).size(); ++i) {
    const std::string text(name(static_cast<Value>(i)));
    if (text.empty()) continue;
    uint64_t sum = 0;
    for (size_t w = 0; w < state.workers(); ++w) sum += (state.worker(w).*counters)[i].value();
    json[text] = sum;
  }
  return json;
}

std::string_view PushedOutName(PushedOut what) {
  static constexpr std::string_view kNames[kPushedOuts] = {"", "expired", "pending", "confirmed"};
  return kNames[static_cast<size_t>(what)];
}

Json RowsJson(const TripletTable& table, const TripletRules& rules, uint32_t now) {
  uint64_t expired = 0, forgotten = 0, pending = 0, passed = 0, clients = 0, sender_domains = 0;
  table.Walk([&](const TripletRow& seen) {
    const TripletRow row = Clamped(seen, now);
    const bool is_triplet = row.key.kind == TripletKind::kNetwork || row.key.kind == TripletKind::kDomain;
    if (IsExpired(row, rules, now)) {
      ++expired;
    } else if (row.forgotten) {
      ++forgotten;
    } else if (is_triplet) {
      ++(row.passed ? passed : pending);
    } else {
      ++(row.key.kind == TripletKind::kClient ? clients : sender_domains);
    }
  });
  return {{"pending", pending},     {"passed", passed},   {"clients", clients},    {"sender_domains", sender_domains},
          {"forgotten", forgotten}, {"expired", expired}, {"slots", table.slots()}};
}

}  // namespace

Json GreylistsJson(const Config& config, const Greylists& greylists) {
  Json json = Json::array();
  for (const Greylists::One& one : greylists.all()) {
    const GreylistConfig* const found = FindGreylist(config, one.zone);
    const GreyFigures figures = one.keeper->figures();
    json.push_back({{"zone", one.zone},
                    {"state", found == nullptr ? "not configured" : StateOf(one, figures)},
                    {"observe", found != nullptr && found->observe},
                    {"bytes", one.state->table().bytes()},
                    {"store", StoreJson(one, figures)}});
  }
  return json;
}

Json GreyStatsJson(const Greylists::One& one, const TripletRules& rules, uint32_t now) {
  const Greylist& state = *one.state;
  const GreyFigures figures = one.keeper->figures();
  uint64_t looks = 0;
  for (size_t i = 0; i < state.workers(); ++i) looks += state.worker(i).looks.value();
  return {{"zone", one.zone},
          {"state", StateOf(one, figures)},
          {"rows", RowsJson(state.table(), rules, now)},
          {"bytes", state.table().bytes()},
          {"answers", SumsJson<GreyAnswer>(state, &Greylist::PerWorker::answers, GreyAnswerName)},
          {"reasons", SumsJson<GreyReason>(state, &Greylist::PerWorker::reasons, GreyReasonName)},
          {"looks", looks},
          {"pushed_out", SumsJson<PushedOut>(state, &Greylist::PerWorker::pushed_out, PushedOutName)},
          {"store", StoreJson(one, figures)}};
}

}  // namespace rblitz
