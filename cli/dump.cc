#include "cli/dump.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/feed_sources.h"
#include "cli/master_file.h"
#include "cli/override_feeds.h"
#include "cli/zone_walk.h"
#include "dataplane/zone.h"
#include "loaders/feed_entries.h"

namespace rblitz {

namespace {

Json SoaJson(const Soa& soa) {
  return {soa.ttl_seconds,     soa.mname,         soa.rname,          soa.serial,
          soa.refresh_seconds, soa.retry_seconds, soa.expire_seconds, soa.minimum_seconds};
}

Soa SoaFromJson(const Json& json) {
  return {.ttl_seconds = json[0].get<uint32_t>(),
          .mname = json[1].get<std::string>(),
          .rname = json[2].get<std::string>(),
          .serial = json[3].get<uint32_t>(),
          .refresh_seconds = json[4].get<uint32_t>(),
          .retry_seconds = json[5].get<uint32_t>(),
          .expire_seconds = json[6].get<uint32_t>(),
          .minimum_seconds = json[7].get<uint32_t>()};
}

ZoneConfig ZoneFromJson(const Json& plan) {
  ZoneConfig zone;
  zone.name = plan["name"].get<std::string>();
  zone.feeds = plan["feeds"].get<std::vector<uint32_t>>();
  zone.except = plan["except"].get<std::vector<uint32_t>>();
  if (!plan["ttl"].is_null()) zone.ttl_seconds = plan["ttl"].get<uint32_t>();
  if (!plan["soa"].is_null()) zone.soa = SoaFromJson(plan["soa"]);
  if (plan.contains("serial")) {
    const Json& serial = plan["serial"];
    zone.serial_before = {.of_data = serial[0].get<uint32_t>(), .published = serial[1].get<uint32_t>()};
  }
  if (!plan["ns"].is_null()) {
    zone.ns = NameServers{.ttl_seconds = 0, .names = plan["ns"].get<std::vector<std::string>>()};
  }
  return zone;
}

// A feed as it is served, opened; an error where that cannot be had any more.
Result<std::vector<FeedSource>> Open(const FeedSources& feed) {
  Result<OpenedFeed> opened = OpenServed(feed);
  if (!opened) return tl::unexpected<Error>(opened.error());
  if (!opened->current) {
    return Fail(
        "feed " + feed.config.name +
        " has changed since it was loaded, and there is no copy of what is served: " + "rblitz reload loads it");
  }
  return std::move(opened->sources);
}

// The feeds of a plan. Null: this one is out.
Result<Snapshot> LoadAll(const Json& plan, std::vector<FeedSources>* feeds) {
  Snapshot snapshot;
  for (const Json& json : plan["sources"]) {
    const FeedSources& feed = feeds->emplace_back(FeedSourcesFromJson(json));
    snapshot.feeds.emplace_back();
    if (json["out"].get<bool>()) continue;
    Result<std::vector<FeedSource>> sources = Open(feed);
    if (!sources) return tl::unexpected<Error>(sources.error());
    LoadReport report;
    auto data = LoadSources(feed.config, *std::move(sources), nullptr, &report);
    if (!data) return tl::unexpected<Error>(data.error());
    if (!(*data)->parts.empty()) {
      return Fail("dump: feed " + feed.config.name + " is a combined one, whose parts cannot be written as one zone");
    }
    snapshot.feeds.back() = *std::move(data);
  }
  return snapshot;
}

NameServers NsOf(const ZoneConfig& zone, const Snapshot& snapshot) {
  if (zone.ns) return *zone.ns;
  for (const uint32_t index : zone.feeds) {
    const FeedData* const data = snapshot.feeds[index].get();
    if (data != nullptr && data->ns) return *data->ns;
  }
  // A master file must have one (RFC 1035 section 5.2), a zone that is served need not.
  return {};
}

// Whether the feed has something that no table keeps the text of.
bool HasTexts(const FeedData* data) {
  return data != nullptr && (data->ip6 != nullptr || data->names != nullptr || data->hashes != nullptr);
}

void ShowOverrides(const std::vector<Override>& overrides, ZoneWalk* walk) {
  for (const Override& override : overrides) {
    const OverrideSubject& subject = override.subject;
    if (subject.kind == OverrideSubject::Kind::kIp6) walk->Saw(subject.ip6, nullptr);
    if (subject.kind == OverrideSubject::Kind::kName) walk->Saw(subject.name.span(), subject.form, nullptr);
  }
}

// Tells the progress at each 65,536th line that is read.
class Watched final : public EntryWatcher {
 public:
  Watched(ZoneWalk* walk, const MasterFile* file, const DumpProgress* progress)
      : walk_(walk), file_(file), progress_(progress) {}

  bool AtLine(const std::string& path, uint64_t line) override {
    if (line % 65536 == 0 && *progress_) (*progress_)(file_->records());
    return walk_->AtLine(path, line);
  }
  void Saw(AddressRange range, WatchedValue value) override { walk_->Saw(range, value); }
  void Saw(const Ip6Prefix& prefix, WatchedValue value) override { walk_->Saw(prefix, value); }
  void Saw(std::span<const uint8_t> name, NameForm form, WatchedValue value) override { walk_->Saw(name, form, value); }
  void Saw(const Digest& digest, WatchedValue value) override { walk_->Saw(digest, value); }

 private:
  ZoneWalk* walk_;
  const MasterFile* file_;
  const DumpProgress* progress_;
};

}  // namespace

Result<Json> ZonePlanJson(const DumpView& view, const std::string& name) {
  const auto& [config, serving, feeds, overrides] = view;
  const auto zone = std::ranges::find_if(config.zones, [&](const ZoneConfig& one) { return one.name == name; });
  if (zone == config.zones.end()) return Fail("dump: zone '" + name + "' is not served here");
  Json plan = {{"name", zone->name},
               {"ttl", zone->ttl_seconds ? Json(*zone->ttl_seconds) : Json()},
               {"soa", zone->soa ? SoaJson(*zone->soa) : Json()},
               {"ns", zone->ns ? Json(zone->ns->names) : Json()},
               {"sources", Json::array()}};
  const auto add = [&](const std::vector<uint32_t>& indices, const char* key) {
    plan[key] = Json::array();
    for (const uint32_t index : indices) {
      const std::string& feed_name = config.feeds[index].feed.name;
      const auto feed =
          std::ranges::find_if(feeds, [&](const FeedStatus& one) { return one.config.name == feed_name; });
      if (feed == feeds.end()) continue;
      plan[key].push_back(plan["sources"].size());
      Json source = FeedSourcesJson(*feed, config.server.state);
      source["out"] = !feed->data || feed->expired;
      plan["sources"].push_back(std::move(source));
    }
  };
  add(zone->feeds, "feeds");
  add(zone->except, "except");
  const Zone* const served = serving != nullptr ? serving->zones.Find(name) : nullptr;
  if (served != nullptr) plan["serial"] = {served->serial().of_data, served->serial().published};
  plan["overrides"] = Json::array();
  for (const Override& override : overrides) plan["overrides"].push_back(OverrideJson(override));
  return plan;
}

Status DumpZone(const Json& plan, std::ostream* out, const DumpProgress& progress) {
  std::vector<FeedSources> feeds;
  Result<Snapshot> snapshot = LoadAll(plan, &feeds);
  if (!snapshot) return tl::unexpected<Error>(snapshot.error());
  std::vector<Override> overrides;
  for (const Json& json : plan["overrides"]) {
    if (Result<Override> override = OverrideFromJson(json)) overrides.push_back(*std::move(override));
  }
  ZoneConfig config = ZoneFromJson(plan);
  OverrideFeeds(&overrides).Join(&config, &*snapshot);
  const Result<Zone> zone = Zone::Build(config, *snapshot);
  if (!zone) return tl::unexpected<Error>(zone.error());
  if (zone->out()) return Fail("dump: zone " + config.name + " is out: none of its feeds could be loaded");

  MasterFile file(out);
  file.Begin(zone->name(), zone->soa(), NsOf(config, *snapshot));
  ZoneWalk walk(*zone, *snapshot, &file);
  walk.WriteIp4();
  Watched watched(&walk, &file, &progress);
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (!HasTexts(snapshot->feeds[i].get())) continue;
    Result<std::vector<FeedSource>> sources = Open(feeds[i]);
    if (!sources) return tl::unexpected<Error>(sources.error());
    if (Status shown = ShowEntries(feeds[i].config, *std::move(sources), &watched); !shown) return shown;
  }
  ShowOverrides(overrides, &walk);
  walk.WriteIp6();
  walk.WriteRecords();
  return {};
}

}  // namespace rblitz
