#include "dataplane/zone.h"

#include <algorithm>
#include <utility>

#include "dataplane/chunk_writer.h"
#include "dataplane/grey_zone.h"
#include "dataplane/heat_zone.h"
#include "dataplane/ready_answer.h"
#include "dataplane/zone_access.h"
#include "dataplane/zone_names.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

constexpr uint32_t kDefaultTtlSeconds = 2100;         // rbldnsd's -t default
constexpr std::string_view kHinfo{"\7RFC8482\0", 9};  // RFC 8482 section 4.2

Result<dns::Name> ParseName(std::string_view what, const std::string& text) {
  const dns::Name name = dns::NameFromText(text);
  if (name.size == 0) return Fail(std::string(what) + ": bad name '" + text + "'");
  return name;
}

std::string CanonicalText(dns::Name name) {
  std::transform(name.bytes.begin(), name.bytes.begin() + name.size, name.bytes.begin(), dns::Lower);
  char text[4 * dns::kMaxName];
  return {text, dns::NameToText(name.bytes.data(), text)};
}

// The serial of data behind what was published before: other data has a later one (RFC 1982 section 3.2), even where
// its own is an earlier one, as after a rollback.
uint32_t SerialAfter(const std::optional<ZoneSerial>& before, uint32_t of_data) {
  if (!before) return of_data;
  if (of_data == before->of_data) return before->published;
  const bool is_later = of_data - before->published - 1 < (1u << 31) - 1;
  return is_later ? of_data : before->published + 1;
}

// Fills a Zone::Rep step by step; each step may use what the ones before it made.
class ZoneBuilder {
 public:
  ZoneBuilder(const ZoneConfig& config, const Snapshot& snapshot, std::string_view part, JoinedTables::Round* joining)
      : config_(config), snapshot_(snapshot), part_(part), joining_(joining) {}

  Result<std::unique_ptr<const Zone::Rep>> Build() {
    for (const auto step :
         {&ZoneBuilder::CheckFeeds, &ZoneBuilder::SetApex, &ZoneBuilder::SetFeeds, &ZoneBuilder::SetExcept,
          &ZoneBuilder::SetGrey, &ZoneBuilder::SetHeat, &ZoneBuilder::SetAccess, &ZoneBuilder::SetTables,
          &ZoneBuilder::SetSoa, &ZoneBuilder::SetNs, &ZoneBuilder::SetTestPoints, &ZoneBuilder::MakeReadyAnswers}) {
      if (const Status done = (this->*step)(); !done) return Fail("zone " + config_.name + ": " + done.error().message);
    }
    return std::move(zone_);
  }

 private:
  Status CheckFeeds() {
    std::vector<const std::vector<uint32_t>*> all = {&config_.feeds, &config_.except, &config_.access};
    if (config_.grey) all.insert(all.end(), {&config_.grey->block, &config_.grey->opted_out});
    for (const auto* feeds : all) {
      for (const uint32_t index : *feeds) {
        if (index >= snapshot_.feeds.size()) return Fail("no feed number " + std::to_string(index));
      }
    }
    return {};
  }

  Status SetApex() {
    const Result<dns::Name> zone = ParseName("apex", config_.name);
    if (!zone) return Fail(zone.error().message);
    zone_name_ = CanonicalText(*zone);
    const Result<dns::Name> name = ParseName("apex", part_.empty() ? zone_name_ : part_ + "." + zone_name_);
    if (!name) return Fail(name.error().message);
    std::transform(name->bytes.begin(), name->bytes.begin() + name->size, zone_->apex.begin(), dns::Lower);
    zone_->apex_size = name->size;
    zone_->part_size = static_cast<uint16_t>(name->size - zone->size);
    zone_->ends[0].Set(zone_->apex.data(), name->size, false);
    zone_->ends[1].Set(zone_->apex.data(), name->size, true);
    zone_->name = CanonicalText(*name);
    zone_->slot = std::min<uint32_t>(config_.slot, kZoneSlots - 1);
    return {};
  }

  // Null: out, or still what it was before it was configured to be (not) an access list, or (not) of heat.
  const FeedData* Loaded(uint32_t index, bool is_access) const {
    const FeedData* const data = snapshot_.feeds[index].get();
    if (data == nullptr || data->is_access() != is_access) return nullptr;
    return is_access || (data->heat != nullptr) == config_.heat.has_value() ? data : nullptr;
  }

  Status SetFeeds() {
    for (const uint32_t index : config_.feeds) {
      const FeedData* const data = Loaded(index, false);
      if (data == nullptr) continue;  // out: the zone misses this part
      sources_.push_back(data);
      if (zone_->ttl_seconds == 0) zone_->ttl_seconds = data->ttl_seconds;  // the first feed that has one
      newest_ = std::max(newest_, data->data_time);
    }
    zone_->out = sources_.empty() && !config_.feeds.empty();
    if (zone_->ttl_seconds == 0) zone_->ttl_seconds = kDefaultTtlSeconds;
    zone_->ttl_seconds = config_.ttl_seconds.value_or(zone_->ttl_seconds);
    for (const FeedData* data : sources_) {
      if (config_.heat) break;  // lists nothing
      if (data->parts.empty() && part_.empty()) AddListing(*data);
      for (const FeedPart& part : data->parts) {
        if (std::find(part.zones.begin(), part.zones.end(), part_) != part.zones.end()) AddListing(*part.data);
        AddPartNames(part.zones);
      }
    }
    zone_->listing_feeds = zone_->feeds.size();
    return {};
  }

  ZoneFeed MakeFeed(const FeedData& data, bool excepts) const {
    const bool has_ttl = !config_.ttl_seconds && data.ttl_seconds != 0;
    return {.data = &data,
            .ip4 = data.ip4.get(),
            .ttl_seconds = has_ttl ? data.ttl_seconds : zone_->ttl_seconds,
            .excepts = excepts,
            .is_joined = false};
  }
  void AddFeed(const FeedData& data, bool excepts) {
    zone_->feeds.push_back(MakeFeed(data, excepts));
    if (data.ip6 != nullptr) zone_->ip6_tables.push_back(data.ip6.get());
    if (data.names != nullptr) zone_->name_tables.push_back(data.names.get());
  }
  void AddListing(const FeedData& data) {
    AddFeed(data, false);
    SetKinds(data);
  }

  // Of other parts those that begin below this one's apex.
  void AddPartNames(const std::vector<std::string>& parts) {
    for (const std::string& other : parts) {
      std::string_view before = other;
      if (!part_.empty()) {
        if (!before.ends_with("." + part_)) continue;
        before.remove_suffix(part_.size() + 1);
      }
      const dns::Name name = dns::NameFromText(before);
      if (name.size > 1) zone_->parts.emplace_back(name.bytes.begin(), name.bytes.begin() + name.size - 1);
    }
  }

  // A feed that is out makes the zone SERVFAIL: nobody knows what must never be listed.
  Status SetExcept() {
    for (const uint32_t index : config_.except) {
      const FeedData* const data = Loaded(index, false);
      zone_->out |= data == nullptr;
      // Where nothing is listed nothing is excepted: what is asked first always lists.
      if (data == nullptr || zone_->listing_feeds == 0) continue;
      AddFeed(*data, true);
      newest_ = std::max(newest_, data->data_time);  // what the zone says has changed with it
    }
    return {};
  }

  // A list of a greylist that is out is missed: mail waits, or is not warned of, but goes on.
  Status SetGrey() {
    if (!config_.grey) return {};
    auto grey = std::make_unique<GreyZone>();
    grey->state = config_.grey->state;
    grey->rules = config_.grey->rules;
    grey->observe = config_.grey->observe;
    for (const auto& [indices, lists] : {std::pair(&config_.grey->block, &grey->block),
                                         {&config_.feeds, &grey->pass},
                                         {&config_.except, &grey->excepted},
                                         {&config_.grey->opted_out, &grey->opted_out}}) {
      for (const uint32_t index : *indices) {
        if (const FeedData* const data = Loaded(index, false); data != nullptr) lists->push_back(data);
      }
    }
    zone_->grey = std::move(grey);
    zone_->out = false;
    return {};
  }

  Status SetHeat() {
    if (!config_.heat || zone_->out) return {};
    zone_->heat = MakeHeatZone(*config_.heat, sources_, zone_->ttl_seconds);
    zone_->has_ip6 = zone_->heat->has_ip6();
    return {};
  }

  // A list that is out makes the zone SERVFAIL: better no answer than one for everybody.
  Status SetAccess() {
    // Its answers depend on the address alone: there is no empty zone, no answer of a list, no key before an address.
    if (config_.heat && !config_.access.empty())
      return Fail("a zone of heat takes no access lists: allow says who may ask");
    std::vector<ZoneFeed> lists;
    for (const uint32_t index : config_.access) {
      const FeedData* const data = Loaded(index, true);
      zone_->out |= data == nullptr;
      if (data != nullptr) lists.push_back(MakeFeed(*data, false));
    }
    if (config_.allow.empty() && lists.empty()) return {};
    const AclAction others = config_.grey ? AclAction::kIgnore : AclAction::kRefuse;
    zone_->access = std::make_unique<const ZoneAccess>(config_.allow, others, std::move(lists));
    return {};
  }

  // What was joined, then what lists for itself, then what excepts.
  Status SetTables() {
    if (joining_ != nullptr && IsWorthJoining()) Join();
    if (zone_->joined != nullptr) AddTable(zone_->joined->table(), nullptr);
    for (const ZoneFeed& feed : zone_->feeds) {
      if (feed.excepts && zone_->tables.empty()) AddTable(*zone_->feeds[0].ip4, zone_->feeds.data());
      if (!feed.is_joined && feed.ip4->addresses() > 0) AddTable(*feed.ip4, &feed);
    }
    if (zone_->tables.empty() && !zone_->feeds.empty()) AddTable(*zone_->feeds[0].ip4, zone_->feeds.data());
    return {};
  }

  // Where there are names, addresses are asked as names may be: feed by feed.
  bool IsWorthJoining() const {
    return config_.join.value_or(true) && !zone_->out && zone_->grey == nullptr && !feeds_have_names_;
  }

  void AddTable(const Ip4Table& table, const ZoneFeed* feed) {
    zone_->tables.push_back(
        {.ip4 = &table, .feed = feed, .excepts = feed != nullptr && feed->excepts, .is_ready = false, .ready_of = {}});
  }

  void Join() {
    std::vector<JoinedTables::Feed> tables;
    std::vector<uint32_t> feeds;
    for (uint32_t i = 0; i < zone_->listing_feeds; ++i) {
      const FeedData& data = *zone_->feeds[i].data;
      if (data.is_override) continue;
      tables.push_back({.table = data.ip4, .values = data.verdicts.values()});
      feeds.push_back(i);
    }
    JoinedTables::Choice choice = joining_->Choose(tables, config_.join.value_or(false));
    for (const size_t i : choice.feeds) {
      zone_->joined_feeds.push_back(feeds[i]);
      zone_->feeds[feeds[i]].is_joined = true;
    }
    zone_->joined = std::move(choice.joined);
  }

  void SetKinds(const FeedData& data) {
    const bool has_names = data.names != nullptr || data.hashes != nullptr;
    const bool has_other = data.ip6 != nullptr || has_names || data.generic != nullptr;
    zone_->has_addresses |= data.ip4->entries() > 0 || !has_other;
    zone_->has_ip6 |= data.ip6 != nullptr;
    zone_->has_names |= has_names;
    zone_->has_records |= data.generic != nullptr;
    feeds_have_names_ |= !data.is_override && (has_names || data.generic != nullptr);
    zone_->has_lists |= !data.is_text_only;
  }

  Status SetSoa() {
    Soa& soa = zone_->soa_values;
    soa.mname = soa.rname = zone_name_;  // named after the zone itself when nobody says otherwise
    for (auto data = sources_.rbegin(); data != sources_.rend(); ++data) {
      if ((*data)->soa) soa = *(*data)->soa;  // the first feed that has one
    }
    if (config_.soa) soa = *config_.soa;
    if (soa.ttl_seconds == 0) soa.ttl_seconds = zone_->ttl_seconds;
    if (soa.serial == 0) soa.serial = static_cast<uint32_t>(newest_);
    zone_->serial.of_data = soa.serial;
    if (!config_.soa || config_.soa->serial == 0) soa.serial = SerialAfter(config_.serial_before, soa.serial);
    zone_->serial.published = soa.serial;
    if (part_.empty()) zone_->soa = SoaChunk(soa.ttl_seconds);  // a part is no zone of its own
    // RFC 2308 section 5: the smaller of the SOA's own TTL and its minimum.
    zone_->soa_negative = SoaChunk(std::min(soa.ttl_seconds, soa.minimum_seconds));
    if (zone_->soa_negative.records == 0)
      return Fail("bad name in its SOA: '" + soa.mname + "' or '" + soa.rname + "'");
    return {};
  }

  RecordChunk SoaChunk(uint32_t ttl_seconds) const {
    const Soa& soa = zone_->soa_values;
    const dns::Name mname = dns::NameFromText(soa.mname);
    const dns::Name rname = dns::NameFromText(soa.rname);
    if (mname.size == 0 || rname.size == 0) return {};
    ChunkWriter writer(*zone_);
    writer.Begin(true, dns::kSoa, ttl_seconds);
    writer.PutName(mname);
    writer.PutName(rname);
    for (const uint32_t value :
         {soa.serial, soa.refresh_seconds, soa.retry_seconds, soa.expire_seconds, soa.minimum_seconds}) {
      writer.Put32(value);
    }
    writer.End();
    return writer.Take();
  }

  Status SetNs() {
    const NameServers* ns = nullptr;
    for (auto data = sources_.rbegin(); data != sources_.rend() && !config_.grey; ++data) {
      if ((*data)->ns) ns = &*(*data)->ns;
    }
    if (config_.ns) ns = &*config_.ns;
    ChunkWriter writer(*zone_);
    if (ns != nullptr && part_.empty()) {
      for (const std::string& text : ns->names) {
        const Result<dns::Name> name = ParseName("name server", text);
        if (!name) return Fail(name.error().message);
        writer.Begin(true, dns::kNs, ns->ttl_seconds != 0 ? ns->ttl_seconds : zone_->ttl_seconds);
        writer.PutName(*name);
        writer.End();
      }
    }
    zone_->ns = writer.Take();
    writer.Begin(false, dns::kHinfo, zone_->ttl_seconds);
    writer.PutBytes(kHinfo);
    writer.End();
    zone_->hinfo = writer.Take();
    return {};
  }

  // RFC 5782 section 5: entries for exactly these addresses decide; without any, 127.0.0.2 is listed and 127.0.0.1 is
  // not.
  Status SetTestPoints() {
    bool listed_is_named = false;
    for (const ZoneFeed& feed : zone_->listing()) {
      AddTest(feed, feed.data->test_unlisted, zone_->test[0]);
      AddTest(feed, feed.data->test_listed, zone_->test[1]);
      listed_is_named |= feed.data->test_listed.present;
    }
    if (zone_->has_addresses && zone_->has_lists && !listed_is_named) {
      zone_->test[1].push_back({.feed = nullptr, .verdict = {.a_be = __builtin_bswap32(kTestListed), .text = kNoText}});
    }
    SetFurtherTestPoints(*zone_);
    return {};
  }

  static void AddTest(const ZoneFeed& feed, const Ip4Builder::Exact& exact, std::vector<ZoneVerdict>& test) {
    if (!exact.present) return;
    for (const Verdict& verdict : feed.data->verdicts.at(exact.value)) test.push_back({&feed, verdict});
  }

  Status MakeReadyAnswers() {
    rblitz::MakeReadyAnswers(*zone_);
    return {};
  }

  const ZoneConfig& config_;
  const Snapshot& snapshot_;
  const std::string part_;
  JoinedTables::Round* const joining_;
  bool feeds_have_names_ = false;         // or records of names; what overrides add goes again
  std::string zone_name_;                 // of the configured zone
  std::vector<const FeedData*> sources_;  // of the configured zone, as far as they are loaded
  std::unique_ptr<Zone::Rep> zone_ = std::make_unique<Zone::Rep>();
  int64_t newest_ = 0;
};

}  // namespace

Zone::Zone(std::unique_ptr<const Rep> rep) noexcept : rep_(std::move(rep)) {}
Zone::Zone(Zone&&) noexcept = default;
Zone& Zone::operator=(Zone&&) noexcept = default;
Zone::~Zone() = default;

Result<Zone> Zone::Build(const ZoneConfig& config, const Snapshot& snapshot, std::string_view part,
                         JoinedTables::Round* joining) {
  auto rep = ZoneBuilder(config, snapshot, part, joining).Build();
  if (!rep) return Fail(rep.error().message);
  return Zone(std::move(*rep));
}

}  // namespace rblitz
