#include "cli/views.h"

#include <unistd.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string_view>
#include <tuple>

#include "cli/config_values.h"
#include "cli/looked_up.h"
#include "cli/version.h"
#include "cli/views_ports.h"
#include "dataplane/stats.h"

namespace rblitz {

namespace {

// Milliseconds are as much as a reader can use.
double Rounded(double value) { return std::round(value * 1000) / 1000; }

Json MemoryJson() {
  // "VmRSS:     1234 kB"
  Json memory = {{"rss_bytes", 0}, {"peak_rss_bytes", 0}};
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    uint64_t kibibytes = 0;
    words >> key >> kibibytes;
    if (key == "VmRSS:") memory["rss_bytes"] = kibibytes * 1024;
    if (key == "VmHWM:") memory["peak_rss_bytes"] = kibibytes * 1024;
  }
  return memory;
}

std::string_view FeedStateName(const FeedStatus& feed) {
  if (feed.tried_at == 0) return "loading";
  if (!feed.data) return "out";
  if (feed.expired) return "expired";
  if (feed.origin == DataOrigin::kRolledBack) return "rollback";
  return feed.error.empty() ? "ok" : "stale";
}

std::string_view StateName(FeedState state) {
  static constexpr std::string_view kNames[] = {"loaded", "unchanged", "failed", "refused"};
  return kNames[static_cast<size_t>(state)];
}

std::string_view OriginName(DataOrigin origin) {
  return origin == DataOrigin::kFiles ? "files" : origin == DataOrigin::kCopy ? "copy" : "rollback";
}

Json FeedJson(const FeedStatus& feed, int64_t now) {
  const FeedFigures data = feed.data.value_or(FeedFigures{});
  const LoadReport& report = feed.report;
  Json json = {{"name", feed.config.name},
               {"state", FeedStateName(feed)},
               {"origin", OriginName(feed.origin)},
               {"format", feed.config.format},
               {"paths", feed.config.paths},
               {"entries", data.entries},
               {"addresses", data.addresses},
               {"bytes", data.bytes},
               {"duplicates", report.duplicates},
               {"rejected", report.rejected},
               {"errors", report.errors},
               {"notes", report.notes},
               {"error", feed.error},
               {"copy_pending", feed.copy_pending},
               {"copy_error", feed.copy_error},
               {"loads", feed.loads},
               {"failed_loads", feed.failed_loads},
               {"refused_loads", feed.refused_loads},
               {"loaded_at", feed.loaded_at},
               {"load_seconds", Rounded(report.seconds)}};
  json["data_time"] = feed.data ? Json(data.data_time) : Json();
  json["age_seconds"] = feed.data ? Json(now - data.data_time) : Json();
  return json;
}

std::string RcodeName(size_t rcode) {
  static constexpr std::string_view kNames[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  if (rcode < std::size(kNames)) return std::string(kNames[rcode]);
  if (rcode == 23) return "BADCOOKIE";
  return rcode == 16 ? "BADVERS" : "RCODE" + std::to_string(rcode);
}

Json RcodesJson(const Workers& workers) {
  Json rcodes = Json::object();
  for (size_t rcode = 0; rcode < std::tuple_size_v<decltype(WorkerStats::rcodes)>; ++rcode) {
    uint64_t sum = 0;
    for (const auto& stats : workers.stats()) sum += stats->rcodes[rcode].value();
    if (sum != 0 || rcode <= 5 || rcode == 16) rcodes[RcodeName(rcode)] = sum;
  }
  return rcodes;
}

Json DroppedJson(const Workers& workers) {
  Json dropped = Json::object();
  for (size_t reason = 0; reason < static_cast<size_t>(DropReason::kCount); ++reason) {
    uint64_t sum = 0;
    for (const auto& stats : workers.stats()) sum += stats->dropped[reason].value();
    dropped[std::string(DropReasonName(static_cast<DropReason>(reason)))] = sum;
  }
  return dropped;
}

// By what the cookies of questions were worth; nothing where cookies are off.
Json CookiesJson(const Workers& workers) {
  Json cookies = Json::object();
  for (size_t state = 0; state < kCookieStates; ++state) {
    uint64_t sum = 0;
    for (const auto& stats : workers.stats()) sum += stats->cookies[state].value();
    cookies[std::string(CookieStateName(state))] = sum;
  }
  return cookies;
}

// Answers over the limit: dropped, sent truncated, and those that log_only let through.
Json RateLimitJson(const Workers& workers) {
  uint64_t dropped = 0;
  for (const auto& stats : workers.stats()) {
    dropped += stats->dropped[static_cast<size_t>(DropReason::kRateLimited)].value();
  }
  return {{"dropped", dropped},
          {"slipped", workers.Sum(&WorkerStats::slipped)},
          {"log_only", workers.Sum(&WorkerStats::over_limit)}};
}

// How clients are dealt with: what is configured.
Json ClientsJson(const Config& config) {
  Json json = {{"cookies", config.cookies.enabled}, {"cookies_required", config.cookies.require}};
  const RateLimitConfig& limit = config.rate_limit;
  json["responses_per_second"] = limit.responses_per_second;
  json["log_only"] = limit.log_only;
  return json;
}

Json TypesJson(const Workers& workers) {
  Json types = Json::object();
  for (size_t type = 0; type < static_cast<size_t>(AskedType::kCount); ++type) {
    uint64_t sum = 0;
    for (const auto& stats : workers.stats()) sum += stats->types[type].value();
    types[std::string(AskedTypeName(static_cast<AskedType>(type)))] = sum;
  }
  return types;
}

// By the most bytes that a class has; "more" is the last one.
Json SizesJson(const Workers& workers, SizeCounters WorkerStats::*sizes) {
  Json json = Json::object();
  for (size_t at = 0; at <= kSizeLimits.size(); ++at) {
    uint64_t sum = 0;
    for (const auto& stats : workers.stats()) sum += ((*stats).*sizes).counters()[at].value();
    json[at < kSizeLimits.size() ? std::to_string(kSizeLimits[at]) : "more"] = sum;
  }
  return json;
}

// Null: nothing is served over TCP.
Json TcpJson(const TcpStats* tcp) {
  if (tcp == nullptr) return {};
  Json closed = Json::object();
  uint64_t all_closed = 0;
  for (size_t reason = 0; reason < static_cast<size_t>(TcpClose::kCount); ++reason) {
    const uint64_t n = tcp->closed[reason].value();
    closed[std::string(TcpCloseName(static_cast<TcpClose>(reason)))] = n;
    all_closed += n;
  }
  // Read last: what was closed had been accepted.
  const uint64_t accepted = tcp->accepted.value();
  return {{"open", accepted - all_closed},
          {"accepted", accepted},
          {"accept_failed", tcp->accept_failed.value()},
          {"closed", std::move(closed)}};
}

Json SocketsJson(const Workers& workers) {
  Json sockets = Json::array();
  for (const Workers::Socket& socket : workers.sockets()) {
    Json json = {{"address", socket.address}, {"protocol", socket.is_tcp ? "tcp" : "udp"}};
    if (!socket.is_tcp) json.update({{"worker", socket.worker}, {"lost", socket.lost}});
    sockets.push_back(std::move(json));
  }
  return sockets;
}

Json ZoneStatsJson(const Workers& workers, const Zone& zone) {
  Json outcomes = Json::object();
  for (size_t outcome = 0; outcome < static_cast<size_t>(Outcome::kCount); ++outcome) {
    uint64_t sum = 0;
    for (const auto& stats : workers.stats()) sum += stats->zones[zone.slot()].outcomes[outcome].value();
    outcomes[std::string(OutcomeName(static_cast<Outcome>(outcome)))] = sum;
  }
  return outcomes;
}

Json FeedNames(const Config& config, const std::vector<uint32_t>& feeds) {
  Json names = Json::array();
  for (const uint32_t feed : feeds) names.push_back(config.feeds[feed].feed.name);
  return names;
}

Json ZoneLookupJson(const Zone& zone, const AskedName& asked) {
  const Explanation explanation = zone.Explain(asked);
  Json records = Json::array();
  for (const Listing& listing : explanation.listings) {
    records.push_back({{"a", listing.a_be == 0 ? Json() : Json(AText(listing.a_be))},
                       {"txt", listing.text.empty() ? Json() : Json(listing.text)},
                       {"ttl", listing.ttl_seconds},
                       {"feed", listing.feed.empty() ? Json() : Json(listing.feed)}});
  }
  const std::string& excepted_by = explanation.excepted_by;
  return {{"zone", zone.name()},
          {"part", zone.is_part() ? Json(zone.part()) : Json()},
          {"listed", !records.empty()},
          {"out", zone.out()},
          {"restricted", zone.is_restricted()},
          {"excepted_by", excepted_by.empty() ? Json() : Json(excepted_by)},
          {"records", std::move(records)}};
}

}  // namespace

Json ZonesJson(const Config& config, const Serving* serving) {
  Json zones = Json::array();
  for (const ZoneConfig& zone : config.zones) {
    const Zone* served = serving != nullptr ? serving->zones.Find(zone.name) : nullptr;
    const bool joins = served != nullptr && served->joined_bytes() > 0;
    Json allow = Json::array();
    for (const Ip6Prefix& clients : zone.allow) allow.push_back(ClientsText(clients));
    zones.push_back({{"name", zone.name},
                     {"state", served == nullptr ? "loading"
                               : served->out()   ? "out"
                                                 : "serving"},
                     {"feeds", FeedNames(config, zone.feeds)},
                     {"except", FeedNames(config, zone.except)},
                     {"access", FeedNames(config, zone.access)},
                     {"joined",
                      {{"feeds", joins ? served->joined_feeds() : std::vector<std::string>()},
                       {"bytes", joins ? served->joined_bytes() : 0}}},
                     {"allow", std::move(allow)}});
  }
  return zones;
}

Json StatusJson(const ServerView& view) {
  const int64_t now = std::time(nullptr);
  Json json = {{"state", view.serving != nullptr ? "serving" : "loading"},
               {"version", kVersion},
               {"pid", getpid()},
               {"uptime_seconds", Rounded(view.uptime_seconds)},
               {"config", view.config.file},
               {"io", view.config.server.io == IoKind::kDpdk ? "dpdk" : "kernel"},
               {"workers", view.workers.count()},
               {"ports", PortsJson(view.config, view.workers)},
               {"listen", view.config.server.listen},
               {"sockets", SocketsJson(view.workers)},
               {"tcp", TcpJson(view.workers.tcp())},
               {"queries_per_second", Rounded(view.rates.received)},
               {"clients", ClientsJson(view.config)},
               {"zones", ZonesJson(view.config, view.serving)}};
  json["reading"] = Json();
  if (!view.reading.feed.empty()) json["reading"] = {{"feed", view.reading.feed}, {"lines", view.reading.lines}};
  json["feeds"] = Json::array();
  for (const FeedStatus& feed : view.feeds) json["feeds"].push_back(FeedJson(feed, now));
  json["memory"] = MemoryJson();
  return json;
}

Json StatsJson(const Workers& workers, const Serving* serving, Rates rates) {
  Json json = {{"received", workers.Sum(&WorkerStats::received)},
               {"answered", workers.Sum(&WorkerStats::answered)},
               {"arp_replies", workers.Sum(&WorkerStats::arp_replies)},
               {"nd_replies", workers.Sum(&WorkerStats::nd_replies)},
               {"icmp_replies", workers.Sum(&WorkerStats::icmp_replies)},
               {"to_kernel", workers.Sum(&WorkerStats::to_kernel)},
               {"bursts", workers.Sum(&WorkerStats::bursts)},
               {"bytes_received", workers.Sum(&WorkerStats::bytes_received)},
               {"bytes_answered", workers.Sum(&WorkerStats::bytes_answered)},
               {"queries_per_second", Rounded(rates.received)},
               {"answers_per_second", Rounded(rates.answered)},
               {"dropped", DroppedJson(workers)},
               {"lost", LostJson(workers)},
               {"address_conflicts", ConflictsJson(workers)},
               {"tcp", TcpJson(workers.tcp())},
               {"ports", PortCountersJson(workers)},
               {"workers", WorkerCountersJson(workers)},
               {"rate_limit", RateLimitJson(workers)},
               {"cookies", CookiesJson(workers)},
               {"rcodes", RcodesJson(workers)},
               {"types", TypesJson(workers)},
               {"question_sizes", SizesJson(workers, &WorkerStats::question_sizes)},
               {"answer_sizes", SizesJson(workers, &WorkerStats::answer_sizes)},
               {"zones", Json::object()}};
  if (serving == nullptr) return json;
  for (const Zone& zone : serving->zones.zones()) {
    // Parts are counted with the zone that they are parts of.
    if (!zone.is_part()) json["zones"][zone.name()] = ZoneStatsJson(workers, zone);
  }
  return json;
}

Result<Json> LookupJson(const Serving& serving, const std::string& what, const std::string& zone) {
  Result<LookedUp> looked_up = ReadLookup(what);
  if (!looked_up) return tl::unexpected(looked_up.error());
  looked_up->asked.labels = looked_up->labels();
  const Zone* only = zone.empty() ? nullptr : serving.zones.Find(zone);
  if (!zone.empty() && only == nullptr) return Fail("lookup: zone '" + zone + "' is not served here");
  if (only != nullptr && only->is_greylist())
    return Fail("lookup: zone '" + zone + "' is a greylist: rblitz grey lookup");
  Json zones = Json::array();
  bool listed = false;
  for (const Zone& one : serving.zones.zones()) {
    if ((only != nullptr && &one != only) || one.is_greylist()) continue;
    zones.push_back(ZoneLookupJson(one, looked_up->asked));
    listed = listed || zones.back()["listed"].get<bool>();
  }
  return Json{{"what", what}, {"listed", listed}, {"zones", std::move(zones)}};
}

Json OutcomeJson(const FeedOutcome& outcome) {
  const bool loaded = outcome.state != FeedState::kUnchanged;
  const LoadReport& report = outcome.report;
  // What did not happen now is not told again.
  return {{"name", outcome.name},
          {"state", StateName(outcome.state)},
          {"lines", report.lines},
          {"entries", report.entries},
          {"duplicates", report.duplicates},
          {"rejected", report.rejected},
          {"added", loaded ? report.added : 0},
          {"removed", loaded ? report.removed : 0},
          {"widest", loaded ? report.widest : std::vector<std::string>()},
          {"seconds", loaded ? Rounded(report.seconds) : 0.0},
          {"error", outcome.error},
          {"errors", report.errors},
          {"notes", loaded ? report.notes : std::vector<std::string>()}};
}

Json ErrorLines(const std::string& message) {
  Json lines = Json::array();
  std::istringstream in(message);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace rblitz
