#include "dataplane/zone.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "dataplane/answer_writer.h"
#include "dataplane/net/checksum.h"
#include "dataplane/zone_names.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

constexpr uint32_t kDefaultTtlSeconds = 2100;  // rbldnsd's -t default
constexpr std::string_view kTestText = "RFC 5782 test entry";
constexpr std::string_view kHinfo{"\7RFC8482\0", 9};  // RFC 8482 section 4.2

// Appends records whose owner is the apex or the question's name.
class ChunkWriter {
 public:
  explicit ChunkWriter(const Zone::Rep& zone) : zone_(zone) {}

  void Begin(bool owner_is_apex, dns::Type type, uint32_t ttl_seconds) {
    if (owner_is_apex) {
      Pointer(0);
    } else {
      Put16(dns::kQnamePointer);
    }
    Put16(type);
    Put16(dns::kIn);
    Put32(ttl_seconds);
    length_at_ = chunk_.bytes.size();
    Put16(0);
  }
  void End() {
    dns::Store16(&chunk_.bytes[length_at_], static_cast<uint16_t>(chunk_.bytes.size() - length_at_ - 2));
    ++chunk_.records;
  }

  // Compressed against the apex as far as both end alike (RFC 1035 section 4.1.4).
  void PutName(const dns::Name& name) {
    size_t at = 0;
    for (; name.bytes[at] != 0; at += 1u + name.bytes[at]) {
      const size_t rest = name.size - at;
      if (rest <= zone_.apex_size && IsLabelStart(zone_.apex_size - rest) &&
          dns::SameName(&name.bytes[at], &zone_.apex[zone_.apex_size - rest], rest)) {
        chunk_.bytes.insert(chunk_.bytes.end(), name.bytes.begin(), name.bytes.begin() + static_cast<ptrdiff_t>(at));
        Pointer(zone_.apex_size - rest);
        return;
      }
    }
    chunk_.bytes.insert(chunk_.bytes.end(), name.bytes.begin(), name.bytes.begin() + name.size);
  }
  void PutBytes(std::string_view bytes) { chunk_.bytes.insert(chunk_.bytes.end(), bytes.begin(), bytes.end()); }
  void Put32(uint32_t value) {
    Put16(static_cast<uint16_t>(value >> 16));
    Put16(static_cast<uint16_t>(value));
  }

  [[nodiscard]] RecordChunk Take() { return std::exchange(chunk_, {}); }

 private:
  void Put16(uint16_t value) {
    chunk_.bytes.push_back(static_cast<uint8_t>(value >> 8));
    chunk_.bytes.push_back(static_cast<uint8_t>(value));
  }
  void Pointer(size_t delta) {
    chunk_.places.push_back({static_cast<uint16_t>(chunk_.bytes.size()), static_cast<uint16_t>(delta)});
    Put16(0);
  }
  [[nodiscard]] bool IsLabelStart(size_t offset) const {
    size_t at = 0;
    while (at < offset) at += 1u + zone_.apex[at];
    return at == offset;
  }

  const Zone::Rep& zone_;
  RecordChunk chunk_;
  size_t length_at_ = 0;
};

Result<dns::Name> ParseName(std::string_view what, const std::string& text) {
  const dns::Name name = dns::NameFromText(text);
  if (name.size == 0) return Fail(std::string(what) + ": bad name '" + text + "'");
  return name;
}

uint16_t Flags(dns::Rcode rcode) { return __builtin_bswap16(static_cast<uint16_t>(dns::kQr | dns::kAa | rcode)); }

// The four counts as they stand in memory; ARCOUNT is added by whoever writes OPT.
uint64_t Counts(uint16_t answers, uint16_t authority) {
  uint8_t counts[8];
  dns::Store16(counts, 1);
  dns::Store16(counts + 2, answers);
  dns::Store16(counts + 4, authority);
  dns::Store16(counts + 6, 0);
  uint64_t value;
  std::memcpy(&value, counts, sizeof value);
  return value;
}

// A count of one as it stands in memory.
constexpr uint32_t kOne = 0x0100;

// False when the chunk is too large to be copied blindly.
bool MakeReady(const RecordChunk& chunk, size_t apex_at, dns::Rcode rcode, Section section, ReadyAnswer& ready) {
  if (chunk.bytes.size() > ReadyAnswer::kMaxSize) return false;
  std::copy(chunk.bytes.begin(), chunk.bytes.end(), ready.bytes);
  for (const auto& [at, delta] : chunk.places) {
    dns::Store16(ready.bytes + at, static_cast<uint16_t>(dns::kPointer | (apex_at + delta)));
  }
  ready.size = chunk.bytes.size();
  uint8_t* const opt = ready.bytes + ready.size;
  dns::Store16(opt + 1, dns::kOpt);
  dns::Store16(opt + 3, dns::kUdpSize);
  const uint16_t flags = Flags(rcode);
  const uint64_t counts = section == Section::kAnswer ? Counts(chunk.records, 0) : Counts(0, chunk.records);
  ready.head = flags | counts << 16;
  for (const unsigned edns : {0u, 1u}) {
    const uint64_t sent_counts = counts | uint64_t{edns} << 56;
    const uint32_t records = net::Sum(ready.bytes, ready.size + edns * dns::kOptSize);
    for (const unsigned odd : {0u, 1u}) {
      const uint64_t added = flags + (sent_counts & 0xffffffff) + (sent_counts >> 32) + net::AtOffset(records, odd);
      const uint32_t removed = edns == 0 ? kOne : 2 * kOne + (uint32_t{dns::kOpt} << (8 * odd));
      ready.changes[edns][odd] = ReadyAnswer::kSumBias + net::Change(removed, net::Fold(added));
    }
  }
  return true;
}

// Fills a Zone::Rep step by step; each step may use what the ones before it made.
class ZoneBuilder {
 public:
  ZoneBuilder(const ZoneConfig& config, const Snapshot& snapshot) : config_(config), snapshot_(snapshot) {}

  Result<std::unique_ptr<const Zone::Rep>> Build() {
    for (const auto step : {&ZoneBuilder::SetApex, &ZoneBuilder::SetFeeds, &ZoneBuilder::SetSoa, &ZoneBuilder::SetNs,
                            &ZoneBuilder::SetTestPoints, &ZoneBuilder::MakeReadyAnswers}) {
      if (const Status done = (this->*step)(); !done) return Fail("zone " + config_.name + ": " + done.error().message);
    }
    return std::move(zone_);
  }

 private:
  Status SetApex() {
    const Result<dns::Name> name = ParseName("apex", config_.name);
    if (!name) return Fail(name.error().message);
    std::transform(name->bytes.begin(), name->bytes.begin() + name->size, zone_->apex.begin(), dns::Lower);
    zone_->apex_size = name->size;
    zone_->ends[0].Set(zone_->apex.data(), name->size, false);
    zone_->ends[1].Set(zone_->apex.data(), name->size, true);
    char text[4 * dns::kMaxName];
    zone_->name.assign(text, dns::NameToText(zone_->apex.data(), text));
    zone_->slot = std::min<uint32_t>(config_.slot, kZoneSlots - 1);
    return {};
  }

  Status SetFeeds() {
    for (const uint32_t index : config_.feeds) {
      if (index >= snapshot_.feeds.size()) return Fail("no feed number " + std::to_string(index));
      const FeedData* data = snapshot_.feeds[index].get();
      if (data == nullptr) continue;  // out: the zone misses this part
      // Better no zone than one that lets everybody ask.
      if (data->acl != nullptr) return Fail("feed " + data->name + " is an access list, which zones do not obey yet");
      zone_->feeds.push_back(
          {.data = data, .ip4 = data->ip4.get(), .ttl_seconds = data->ttl_seconds, .is_ready = false, .ready_of = {}});
      if (zone_->ttl_seconds == 0) zone_->ttl_seconds = data->ttl_seconds;  // the first feed that has one
      SetKinds(*data);
      newest_ = std::max(newest_, data->data_time);
    }
    zone_->out = zone_->feeds.empty() && !config_.feeds.empty();
    if (zone_->ttl_seconds == 0) zone_->ttl_seconds = kDefaultTtlSeconds;
    zone_->ttl_seconds = config_.ttl_seconds.value_or(zone_->ttl_seconds);
    for (ZoneFeed& feed : zone_->feeds) {
      if (config_.ttl_seconds || feed.ttl_seconds == 0) feed.ttl_seconds = zone_->ttl_seconds;
    }
    return {};
  }

  void SetKinds(const FeedData& data) {
    const bool has_names = data.names != nullptr || data.hashes != nullptr;
    const bool has_other = data.ip6 != nullptr || has_names || data.generic != nullptr;
    zone_->has_addresses |= data.ip4->entries() > 0 || !has_other;
    zone_->has_ip6 |= data.ip6 != nullptr;
    zone_->has_names |= has_names;
    zone_->has_records |= data.generic != nullptr;
    zone_->has_lists |= !data.is_text_only;
  }

  Status SetSoa() {
    Soa& soa = zone_->soa_values;
    soa.mname = soa.rname = zone_->name;  // named after the zone itself when nobody says otherwise
    for (auto feed = zone_->feeds.rbegin(); feed != zone_->feeds.rend(); ++feed) {
      if (feed->data->soa) soa = *feed->data->soa;  // the first feed that has one
    }
    if (config_.soa) soa = *config_.soa;
    if (soa.ttl_seconds == 0) soa.ttl_seconds = zone_->ttl_seconds;
    if (soa.serial == 0) soa.serial = static_cast<uint32_t>(newest_);
    zone_->soa = SoaChunk(soa.ttl_seconds);
    // RFC 2308 section 5: the smaller of the SOA's own TTL and its minimum.
    zone_->soa_negative = SoaChunk(std::min(soa.ttl_seconds, soa.minimum_seconds));
    if (zone_->soa.records == 0) return Fail("bad name in its SOA: '" + soa.mname + "' or '" + soa.rname + "'");
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
    for (auto feed = zone_->feeds.rbegin(); feed != zone_->feeds.rend(); ++feed) {
      if (feed->data->ns) ns = &*feed->data->ns;
    }
    if (config_.ns) ns = &*config_.ns;
    ChunkWriter writer(*zone_);
    if (ns != nullptr) {
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
    for (const ZoneFeed& feed : zone_->feeds) {
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
    zone_->negatives_are_ready = true;
    for (size_t i = 0; i < kNegatives; ++i) {
      ReadyAnswer negative;
      const size_t apex_at = dns::kHeaderSize + kMinLabelBytes + i;
      const dns::Rcode rcode = zone_->has_ip6 && apex_at == kNibblesEnd ? dns::kNoError : dns::kNxDomain;
      zone_->negatives_are_ready &= MakeReady(zone_->soa_negative, apex_at, rcode, Section::kAuthority, negative);
      zone_->ready.push_back(negative);
    }
    for (ZoneFeed& feed : zone_->feeds) {
      const uint32_t values = feed.data->verdicts.values();
      feed.ready_of.assign(values, kCompose);
      for (ValueId value = 1; value < values; ++value) feed.ready_of[value] = ReadyFor(feed, value);
      feed.is_ready = std::find(feed.ready_of.begin() + 1, feed.ready_of.end(), kCompose) == feed.ready_of.end();
    }
    zone_->ready.shrink_to_fit();
    zone_->all_is_ready =
        zone_->negatives_are_ready && zone_->feeds.size() == 1 && zone_->feeds[0].is_ready && !zone_->has_ip6;
    return {};
  }

  // Answers to A questions depend on the A values and the TTL alone: values that differ in their text share one.
  uint16_t ReadyFor(const ZoneFeed& feed, ValueId value) {
    if (feed.data->is_text_only) return kCompose;
    std::vector<uint32_t> key = {feed.ttl_seconds};
    for (const Verdict& verdict : feed.data->verdicts.at(value)) {
      if (std::find(key.begin() + 1, key.end(), verdict.a_be) == key.end()) key.push_back(verdict.a_be);
    }
    if (const auto known = ready_ids_.find(key); known != ready_ids_.end()) return known->second;
    if (zone_->ready.size() == kMaxReadyAnswers) return kCompose;
    ChunkWriter writer(*zone_);
    for (size_t i = 1; i < key.size(); ++i) {
      writer.Begin(false, dns::kA, feed.ttl_seconds);
      writer.Put32(__builtin_bswap32(key[i]));
      writer.End();
    }
    ReadyAnswer ready;
    const bool fits = MakeReady(writer.Take(), 0, dns::kNoError, Section::kAnswer, ready);
    const uint16_t id = fits ? static_cast<uint16_t>(zone_->ready.size()) : kCompose;
    if (fits) zone_->ready.push_back(ready);
    ready_ids_.emplace(std::move(key), id);
    return id;
  }

  const ZoneConfig& config_;
  const Snapshot& snapshot_;
  std::unique_ptr<Zone::Rep> zone_ = std::make_unique<Zone::Rep>();
  int64_t newest_ = 0;
  std::map<std::vector<uint32_t>, uint16_t> ready_ids_;  // by TTL and A values
};

}  // namespace

Zone::Zone(std::unique_ptr<const Rep> rep) noexcept : rep_(std::move(rep)) {}
Zone::Zone(Zone&&) noexcept = default;
Zone& Zone::operator=(Zone&&) noexcept = default;
Zone::~Zone() = default;

Result<Zone> Zone::Build(const ZoneConfig& config, const Snapshot& snapshot) {
  auto rep = ZoneBuilder(config, snapshot).Build();
  if (!rep) return Fail(rep.error().message);
  return Zone(std::move(*rep));
}

const std::string& Zone::name() const noexcept { return rep_->name; }
uint32_t Zone::slot() const noexcept { return rep_->slot; }
const Soa& Zone::soa() const noexcept { return rep_->soa_values; }
bool Zone::out() const noexcept { return rep_->out; }

std::vector<Listing> Zone::Explain(const AskedName& asked) const {
  std::vector<Listing> listings;
  ForEachVerdict(*rep_, asked, [&](const ZoneVerdict& at, uint32_t ttl_seconds, const Subject& subject) {
    char text[kMaxTextBytes];
    const size_t size = RenderText(at, subject, text);
    listings.push_back({.a_be = at.verdict.a_be,
                        .text = std::string(text, size),
                        .ttl_seconds = ttl_seconds,
                        .feed = at.feed == nullptr ? "" : at.feed->data->name});
  });
  return listings;
}

size_t RenderText(const ZoneVerdict& at, const Subject& subject, char* out) noexcept {
  if (at.feed == nullptr) {
    std::memcpy(out, kTestText.data(), kTestText.size());
    return kTestText.size();
  }
  const Verdicts& verdicts = at.feed->data->verdicts;
  if (!verdicts.HasPrefix(at.verdict.text)) return verdicts.Render(at.verdict.text, subject.text, out);
  SubjectText prefix;
  return verdicts.Render(at.verdict.text, subject.text, out, PrefixText(*at.feed, subject, prefix));
}

size_t AddressToText(uint32_t address, char* out) noexcept {
  char* const begin = out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const uint32_t octet = address >> shift & 255;
    if (octet >= 100) *out++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *out++ = static_cast<char>('0' + octet / 10 % 10);
    *out++ = static_cast<char>('0' + octet % 10);
    if (shift > 0) *out++ = '.';
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace rblitz
