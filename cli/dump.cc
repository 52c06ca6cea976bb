#include "cli/dump.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/feed_sources.h"
#include "cli/master_file.h"
#include "cli/override_feeds.h"
#include "cli/zone_walk.h"
#include "dataplane/dns/name.h"
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
  if (data == nullptr) return false;
  return data->ip6 != nullptr || data->names != nullptr || data->hashes != nullptr ||
         std::ranges::any_of(data->parts, [](const FeedPart& part) { return HasTexts(part.data.get()); });
}

// The data that counts in a part of the zone, "" being the zone itself. What beats others does so everywhere.
Snapshot DataOf(const ZoneConfig& config, const Snapshot& snapshot, const std::string& part) {
  Snapshot data;
  for (const uint32_t index : config.feeds) {
    const std::shared_ptr<const FeedData>& feed = snapshot.feeds[index];
    if (feed == nullptr) continue;
    if (feed->parts.empty() && part.empty()) data.feeds.push_back(feed);
    for (const FeedPart& one : feed->parts) {
      if (std::ranges::find(one.zones, part) != one.zones.end()) data.feeds.push_back(one.data);
    }
  }
  for (const uint32_t index : config.except) data.feeds.push_back(snapshot.feeds[index]);
  return data;
}

// Those of the names that stand below this one, relative to it.
std::vector<std::vector<uint8_t>> BelowOf(const std::string& zone, const std::vector<std::string>& names) {
  std::vector<std::vector<uint8_t>> below;
  for (const std::string& name : names) {
    if (!name.ends_with("." + zone)) continue;
    const dns::Name wire = dns::NameFromText(std::string_view(name).substr(0, name.size() - zone.size() - 1));
    below.emplace_back(wire.bytes.begin(), wire.bytes.begin() + wire.size - 1);
  }
  return below;
}

void ShowOverrides(const std::vector<Override>& overrides, ZoneWalk* walk) {
  for (const Override& override : overrides) {
    const OverrideSubject& subject = override.subject;
    if (subject.kind == OverrideSubject::Kind::kIp6) walk->Saw(subject.ip6, nullptr);
    if (subject.kind == OverrideSubject::Kind::kName) walk->Saw(subject.name.span(), subject.form, nullptr);
    const RawValue any;
    for (const Digest& digest : std::span(subject.digests.digests).first(subject.digests.count)) {
      walk->Saw(digest, &any);
    }
  }
}

// Passes on what counts in one part of the zone; tells the progress at each 65,536th line that is read.
class Watched final : public EntryWatcher {
 public:
  Watched(ZoneWalk* walk, std::string part, const MasterFile* file, const DumpProgress* progress)
      : walk_(walk), part_(std::move(part)), file_(file), progress_(progress) {}

  // Entries of the feed that is shown next count, or only those of its data sets that do.
  void Begin(bool counts) { counts_ = counts; }
  void AtPart(std::span<const std::string> zones, Precedence /*precedence*/) override {
    counts_ = std::ranges::find(zones, part_) != zones.end();
  }

  bool AtLine(const std::string& path, uint64_t line) override {
    if (line % 65536 == 0 && *progress_) (*progress_)(file_->records());
    return walk_->AtLine(path, line);
  }
  void Saw(AddressRange range, WatchedValue value) override {
    if (counts_) walk_->Saw(range, value);
  }
  void Saw(const Ip6Prefix& prefix, WatchedValue value) override {
    if (counts_) walk_->Saw(prefix, value);
  }
  void Saw(std::span<const uint8_t> name, NameForm form, WatchedValue value) override {
    if (counts_) walk_->Saw(name, form, value);
  }
  void Saw(const Digest& digest, WatchedValue value) override {
    if (counts_) walk_->Saw(digest, value);
  }

 private:
  ZoneWalk* walk_;
  const std::string part_;
  bool counts_ = false;
  const MasterFile* file_;
  const DumpProgress* progress_;
};

// What a dump is made of, read from the plan.
struct Contents {
  ZoneConfig config;
  std::vector<FeedSources> feeds;
  Snapshot snapshot;  // of these, then of overrides
  std::vector<Override> overrides;
};

Status WritePart(const Contents& contents, const Zone& zone, std::vector<std::vector<uint8_t>> hidden, MasterFile* file,
                 const DumpProgress& progress) {
  const std::string part = zone.part();
  const Snapshot data = DataOf(contents.config, contents.snapshot, part);
  ZoneWalk walk(zone, data, std::move(hidden), file);
  walk.WriteIp4();
  Watched watched(&walk, part, file, &progress);
  for (uint32_t i = 0; i < contents.feeds.size(); ++i) {
    const FeedData* const feed = contents.snapshot.feeds[i].get();
    if (!HasTexts(feed)) continue;
    Result<std::vector<FeedSource>> sources = Open(contents.feeds[i]);
    if (!sources) return tl::unexpected<Error>(sources.error());
    const bool excepts = std::ranges::find(contents.config.except, i) != contents.config.except.end();
    watched.Begin(excepts || (part.empty() && feed->parts.empty()));
    if (Status shown = ShowEntries(contents.feeds[i].config, *std::move(sources), &watched); !shown) return shown;
  }
  ShowOverrides(contents.overrides, &walk);
  walk.WriteIp6();
  walk.WriteRecords();
  return {};
}

}  // namespace

Result<Json> ZonePlanJson(const DumpView& view, const std::string& name) {
  // Not structured bindings: clang 14 lets no lambda capture them.
  const Config& config = view.config;
  const Serving* const serving = view.serving;
  const std::vector<FeedStatus>& feeds = view.feeds;
  const std::vector<Override>& overrides = view.overrides;
  const auto zone = std::ranges::find_if(config.zones, [&](const ZoneConfig& one) { return one.name == name; });
  if (zone == config.zones.end()) return Fail("dump: zone '" + name + "' is not served here");
  if (zone->heat) return Fail("dump: zone '" + name + "' is one of heat: it has scores, not entries");
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
  plan["others"] = Json::array();
  for (const ZoneConfig& other : config.zones) {
    if (other.name.ends_with("." + zone->name)) plan["others"].push_back(other.name);
  }
  const Zone* const served = serving != nullptr ? serving->zones.Find(name) : nullptr;
  if (served != nullptr) plan["serial"] = {served->serial().of_data, served->serial().published};
  plan["overrides"] = Json::array();
  for (const Override& override : overrides) plan["overrides"].push_back(OverrideJson(override));
  return plan;
}

Status DumpZone(const Json& plan, std::ostream* out, const DumpProgress& progress) {
  Contents contents;
  Result<Snapshot> loaded = LoadAll(plan, &contents.feeds);
  if (!loaded) return tl::unexpected<Error>(loaded.error());
  contents.snapshot = *std::move(loaded);
  for (const Json& json : plan["overrides"]) {
    if (Result<Override> override = OverrideFromJson(json)) contents.overrides.push_back(*std::move(override));
  }
  contents.config = ZoneFromJson(plan);
  OverrideFeeds(&contents.overrides).Join(&contents.config, &contents.snapshot);
  // Other zones are only there to hide what stands in them.
  std::vector<ZoneConfig> configs = {contents.config};
  for (const Json& other : plan["others"]) configs.push_back({.name = other.get<std::string>(), .feeds = {}});
  const auto serving = BuildServing(contents.snapshot, configs, {});
  if (!serving) return tl::unexpected<Error>(serving.error());
  const std::span<const Zone> zones = (*serving)->zones.zones();
  const Zone& own = *(*serving)->zones.Find(contents.config.name);
  if (own.out()) return Fail("dump: zone " + contents.config.name + " is out: none of its feeds could be loaded");

  std::vector<std::string> names;
  for (const Zone& zone : zones) names.push_back(zone.name());
  MasterFile file(out);
  file.Begin(own.name(), own.soa(), NsOf(contents.config, contents.snapshot));
  for (const Zone& zone : zones) {
    if (&zone != &own && !zone.is_part()) continue;
    if (zone.is_part()) file.Origin(zone.name());
    if (Status written = WritePart(contents, zone, BelowOf(zone.name(), names), &file, progress); !written)
      return written;
  }
  return {};
}

}  // namespace rblitz
