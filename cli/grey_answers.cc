#include "cli/grey_answers.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "cli/config_values.h"
#include "cli/grey_name.h"
#include "cli/grey_rows.h"
#include "cli/views_grey.h"
#include "dataplane/grey_zone.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

// For who has another working folder than the server.
std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.string();
}

std::string AText(GreyAnswer answer) { return "127.0.0." + std::to_string(static_cast<unsigned>(answer)); }

}  // namespace

struct GreyAnswers::Chosen {
  const Greylists::One& one;
  const GreylistConfig& config;

  [[nodiscard]] TripletTable& table() const { return one.state->table(); }
  [[nodiscard]] const TripletRules& rules() const { return config.rules; }
  [[nodiscard]] GreyMasks masks() const { return one.state->masks(); }
};

void GreyAnswers::Answer(const Json& request, const Reply& reply) const {
  const std::string action = TextAt(request, "action");
  const std::string name = TextAt(request, "zone");
  if (action == "config") return reply(Configured());
  if (action == "stats") return reply(Stats(name));
  const Result<Chosen> zone = Choose(name);
  if (!zone) return reply(tl::unexpected(zone.error()));
  if (action == "lookup") return reply(Lookup(*zone, request));
  if (action == "rows") return reply(Rows(*zone, request));
  if (action != "forget" && action != "join") return reply(Fail("grey: there is no action '" + action + "'"));
  if (!zone->one.state->is_ready()) return reply(Fail("grey " + action + ": the store has not been read yet"));
  if (action == "forget") return Forget(*zone, request, reply);
  Join(*zone, request, reply);
}

// Where none is named, the only one.
Result<GreyAnswers::Chosen> GreyAnswers::Choose(const std::string& name) const {
  std::vector<std::string> zones;
  for (const Greylists::One& one : greylists_.all()) zones.push_back(one.zone);
  if (zones.empty()) return Fail("grey: there is no greylist");
  if (name.empty() && zones.size() > 1) return Fail("grey: there are several greylists: the zone is missing");
  const std::string zone = name.empty() ? zones[0] : ParseDomainName(name).value_or(name);
  const Greylists::One* const one = greylists_.Find(zone);
  const GreylistConfig* const config = FindGreylist(config_, zone);
  if (one == nullptr || config == nullptr) return Fail("grey: zone '" + zone + "' is no greylist of this server");
  return Chosen{.one = *one, .config = *config};
}

Json GreyAnswers::Configured() const {
  Json zones = Json::array();
  for (const GreylistConfig& greylist : config_.greylists) {
    zones.push_back({{"zone", greylist.zone.name},
                     {"key_file", AbsolutePath(greylist.key_file)},
                     {"store", greylist.store},
                     {"delay", greylist.rules.delay_seconds},
                     {"window", greylist.rules.window_seconds},
                     {"lifetime", greylist.rules.lifetime_seconds},
                     {"auto_whitelist", greylist.rules.credits},
                     {"new_per_network", greylist.rules.new_rows},
                     {"mask_v4", greylist.masks.ip4},
                     {"mask_v6", greylist.masks.ip6},
                     {"max_triplets", greylist.max_triplets},
                     {"journal_interval_ms", greylist.journal_interval_ms},
                     {"observe", greylist.observe}});
  }
  return {{"zones", std::move(zones)}};
}

Result<Json> GreyAnswers::Stats(const std::string& name) const {
  Json zones = Json::array();
  for (const GreylistConfig& greylist : config_.greylists) {
    const Greylists::One* const one = greylists_.Find(greylist.zone.name);
    if (one == nullptr || (!name.empty() && ParseDomainName(name).value_or(name) != one->zone)) continue;
    zones.push_back(GreyStatsJson(*one, greylist.rules, now_));
  }
  if (zones.empty() && !name.empty()) return Fail("grey: zone '" + name + "' is no greylist of this server");
  return Json{{"zones", std::move(zones)}};
}

Result<Json> GreyAnswers::Lookup(const Chosen& zone, const Json& request) const {
  if (request.contains("name")) return LookupName(zone, TextAt(request, "name"));
  return LookupClient(zone, TextAt(request, "client"));
}

// Null: not yet.
const Zone* GreyAnswers::Served(const Chosen& zone) const {
  const Zone* const served = serving_ == nullptr ? nullptr : serving_->zones.Find(zone.one.zone);
  return served != nullptr && served->is_greylist() ? served : nullptr;
}

// What a question for A would get; nothing changes.
Result<Json> GreyAnswers::LookupName(const Chosen& zone, const std::string& labels) const {
  const Result<GreyQuestion> question = GreyQuestionOf(labels, zone.masks());
  if (!question) return tl::unexpected(question.error());
  const Zone* const served = Served(zone);
  if (served == nullptr) return Fail("grey lookup: the server is still loading");
  const GreyZone& grey = *served->rep().grey;
  const GreyDecision decision = grey.Look(*question, now_);
  const bool defers = decision.answer == GreyAnswer::kDefer;
  const std::optional<TripletRow> row = zone.table().Find(KeyOf(question->triplet));
  return Json{{"zone", zone.one.zone},
              {"a", AText(grey.observe ? GreyAnswer::kUnrecorded : decision.answer)},
              {"state", GreyStateName(decision.answer)},
              {"why", GreyReasonName(decision.reason)},
              {"wait", defers ? Json(decision.wait_seconds) : Json()},
              {"first", decision.first == 0 ? Json() : Json(decision.first)},
              {"observe", grey.observe},
              {"row", row ? GreyRowJson(*row, zone.masks()) : Json()}};
}

Result<Json> GreyAnswers::LookupClient(const Chosen& zone, const std::string& address) const {
  const Result<Ip6Prefix> client = ParseClients(address);
  if (!client) return tl::unexpected(client.error());
  if (client->length != 128) return Fail("grey lookup: '" + address + "' is no address");
  const Zone* const served = Served(zone);
  if (served == nullptr) return Fail("grey lookup: the server is still loading");
  const std::optional<GreyDecision> listed = served->rep().grey->ByClient(client->address);
  Json rows = Json::array();
  uint32_t credits = 0;
  bool more = false;
  zone.table().Walk([&](const TripletRow& row) {
    if (!IsGreyRowOf(row, zone.masks(), *client)) return;
    const bool counts = row.key.kind == TripletKind::kClient && !row.forgotten && !IsExpired(row, zone.rules(), now_);
    if (counts) credits = Credits(row);
    more |= rows.size() == kMostRows;
    if (!more) rows.push_back(GreyRowJson(row, zone.masks()));
  });
  return Json{{"zone", zone.one.zone}, {"list", listed ? Json(GreyReasonName(listed->reason)) : Json()},
              {"credits", credits},    {"auto_whitelist", zone.rules().credits},
              {"more", more},          {"rows", std::move(rows)}};
}

Result<Json> GreyAnswers::Rows(const Chosen& zone, const Json& request) {
  std::optional<Ip6Prefix> addresses;
  if (const std::string network = TextAt(request, "network"); !network.empty()) {
    const Result<Ip6Prefix> parsed = ParseClients(network);
    if (!parsed) return tl::unexpected(parsed.error());
    addresses = *parsed;
  }
  const TripletTable& table = zone.table();
  const uint64_t limit = std::clamp<uint64_t>(NumberAt(request, "limit", kMostRows), 1, kMostRows);
  Json rows = Json::array();
  size_t at = std::min<uint64_t>(NumberAt(request, "from", 0), table.slots());
  for (const size_t last = std::min(at + kSlots, table.slots()); at < last && rows.size() < limit; ++at) {
    table.Walk(at, at + 1, [&](const TripletRow& row) {
      if (!addresses || IsGreyRowOf(row, zone.masks(), *addresses)) rows.push_back(GreyRowJson(row, zone.masks()));
    });
  }
  return Json{{"rows", std::move(rows)}, {"next", at < table.slots() ? Json(at) : Json()}};
}

// Answered when the markers are on the disk.
void GreyAnswers::Forget(const Chosen& zone, const Json& request, const Reply& reply) const {
  std::vector<TripletKey> keys;
  if (request.contains("name")) {
    const Result<GreyQuestion> question = GreyQuestionOf(TextAt(request, "name"), zone.masks());
    if (!question) return reply(tl::unexpected(question.error()));
    keys.push_back(KeyOf(question->triplet));
  } else {
    const std::string what = TextAt(request, request.contains("network") ? "network" : "client");
    const Result<Ip6Prefix> addresses = ParseClients(what);
    if (!addresses) return reply(tl::unexpected(addresses.error()));
    uint64_t count = 0;
    zone.table().Walk([&](const TripletRow& row) {
      if (row.forgotten || !IsGreyRowOf(row, zone.masks(), *addresses)) return;
      if (++count <= kMostForgotten) keys.push_back(row.key);
    });
    if (count > kMostForgotten) {
      return reply(Fail("grey forget: these are " + std::to_string(count) + " rows, at once can be forgotten " +
                        std::to_string(kMostForgotten) + ": name smaller networks"));
    }
  }
  std::vector<TripletRow> markers;
  for (const TripletKey& key : keys) {
    if (const auto marker = zone.table().Forget(key, zone.rules(), now_)) markers.push_back(*marker);
  }
  const size_t forgotten = markers.size();
  zone.one.keeper->Submit(std::move(markers), [reply, forgotten](const Status& written) {
    if (!written) return reply(Fail("grey forget: done, but not on the disk yet: " + written.error().message));
    reply(Json{{"forgotten", forgotten}});
  });
}

void GreyAnswers::Join(const Chosen& zone, const Json& request, const Reply& reply) const {
  const auto given = request.find("rows");
  if (given == request.end() || !given->is_array()) return reply(Fail("grey join: there are no rows"));
  std::vector<TripletRow> rows;
  for (const Json& json : *given) {
    const Result<TripletRow> row = GreyRowFromJson(json);
    if (!row) return reply(Fail("grey join: row " + std::to_string(rows.size() + 1) + ": " + row.error().message));
    rows.push_back(*row);
  }
  std::vector<TripletRow> joined;
  uint64_t expired = 0;
  for (const TripletRow& row : rows) {
    if (IsExpired(Clamped(row, now_), zone.rules(), now_)) {
      ++expired;
    } else if (const auto now_there = zone.table().Join(row, zone.rules(), now_)) {
      joined.push_back(*now_there);
    }
  }
  const Json result = {
      {"joined", joined.size()}, {"expired", expired}, {"full", rows.size() - expired - joined.size()}};
  zone.one.keeper->Submit(std::move(joined), [reply, result](const Status& written) {
    if (!written) return reply(Fail("grey join: done, but not on the disk yet: " + written.error().message));
    reply(result);
  });
}

}  // namespace rblitz
