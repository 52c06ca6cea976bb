// The answers that a zone has ready.
#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/chunk_writer.h"
#include "dataplane/grey_zone.h"
#include "dataplane/heat_zone.h"
#include "dataplane/ready_answer.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

class ReadyMaker {
 public:
  explicit ReadyMaker(Zone::Rep& zone) : zone_(zone) {}

  void MakeNegatives();
  void MakeGrey();
  void MakeFeeds();
  void MakeTable(ZoneTable& table);
  void MakeHeat();

 private:
  // What a feed says of an address.
  struct Said {
    const ZoneFeed* feed;
    ValueId value;
  };

  RecordChunk AddressChunk(uint32_t ttl_seconds, std::span<const uint32_t> a_be) const;
  uint16_t ReadyFor(std::span<const Said> all);
  uint16_t ReadyOf(const RecordChunk& records);

  Zone::Rep& zone_;
  std::map<std::vector<uint32_t>, uint16_t> ids_;  // by TTL and A values
};

void ReadyMaker::MakeNegatives() {
  zone_.negatives_are_ready = true;
  for (size_t i = 0; i < kNegatives; ++i) {
    ReadyAnswer negative;
    const size_t apex_at = dns::kHeaderSize + kMinLabelBytes + i;
    const dns::Rcode rcode = zone_.has_ip6 && apex_at == kNibblesEnd ? dns::kNoError : dns::kNxDomain;
    zone_.negatives_are_ready &= MakeReady(zone_.soa_negative, apex_at, rcode, Section::kAuthority, negative);
    zone_.ready.push_back(negative);
  }
}

// What only observes says to all that it has not recorded them.
void ReadyMaker::MakeGrey() {
  for (size_t answer = 0; answer < kGreyAnswers; ++answer) {
    const uint32_t told = GreyA(zone_.grey->observe ? GreyAnswer::kUnrecorded : static_cast<GreyAnswer>(answer));
    // One record always fits.
    (void)MakeReady(AddressChunk(0, {&told, 1}), 0, dns::kNoError, Section::kAnswer, zone_.ready.emplace_back());
  }
}

// There is room for so many: what a feed says alone comes before what some of them say together.
void ReadyMaker::MakeFeeds() {
  for (const ZoneFeed& feed : zone_.listing()) {
    const uint32_t values = feed.data->verdicts.values();
    for (ValueId value = 1; value < values && zone_.ready.size() < kMaxReadyAnswers; ++value) {
      (void)ReadyFor(std::array{Said{&feed, value}});
    }
  }
}

void ReadyMaker::MakeTable(ZoneTable& table) {
  const uint32_t values = table.feed == nullptr ? zone_.joined->values() : table.feed->data->verdicts.values();
  table.ready_of.assign(values, kCompose);
  table.is_ready = true;
  std::vector<Said> all;
  for (ValueId value = 1; value < values; ++value) {
    all.clear();
    if (table.feed == nullptr) {
      for (const auto& [feed, of_feed] : zone_.joined->Of(value)) {
        all.push_back({&zone_.feeds[zone_.joined_feeds[feed]], of_feed});
      }
      std::ranges::sort(all, {}, &Said::feed);  // as they answer
    } else {
      all.push_back({table.feed, value});
    }
    table.ready_of[value] = ReadyFor(all);
    table.is_ready &= table.ready_of[value] != kCompose;
  }
}

void ReadyMaker::MakeHeat() {
  const uint32_t least_be = __builtin_bswap32(HeatZone::kAnswers);
  zone_.heat_ready = ReadyOf(AddressChunk(zone_.ttl_seconds, {&least_be, 1}));
}

// A records for the question's name.
RecordChunk ReadyMaker::AddressChunk(uint32_t ttl_seconds, std::span<const uint32_t> a_be) const {
  ChunkWriter writer(zone_);
  for (const uint32_t address : a_be) {
    writer.Begin(false, dns::kA, ttl_seconds);
    writer.Put32(__builtin_bswap32(address));
    writer.End();
  }
  return writer.Take();
}

// Answers to A questions depend on the A values and the TTL alone, the smallest of what contributes: values that differ
// in their text share one.
uint16_t ReadyMaker::ReadyFor(std::span<const Said> all) {
  std::vector<uint32_t> key = {UINT32_MAX};
  for (const auto& [feed, value] : all) {
    if (feed->data->is_text_only) return kCompose;
    key[0] = std::min(key[0], feed->ttl_seconds);
    for (const Verdict& verdict : feed->data->verdicts.at(value)) {
      if (std::find(key.begin() + 1, key.end(), verdict.a_be) == key.end()) key.push_back(verdict.a_be);
    }
  }
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  if (zone_.ready.size() == kMaxReadyAnswers) return kCompose;
  const uint16_t id = ReadyOf(AddressChunk(key[0], std::span(key).subspan(1)));
  ids_.emplace(std::move(key), id);
  return id;
}

// An answer of these records.
uint16_t ReadyMaker::ReadyOf(const RecordChunk& records) {
  ReadyAnswer ready;
  if (!MakeReady(records, 0, dns::kNoError, Section::kAnswer, ready)) return kCompose;
  zone_.ready.push_back(ready);
  return static_cast<uint16_t>(zone_.ready.size() - 1);
}

}  // namespace

void MakeReadyAnswers(Zone::Rep& zone) {
  ReadyMaker maker(zone);
  maker.MakeNegatives();
  if (zone.grey != nullptr) maker.MakeGrey();
  if (zone.joined != nullptr) maker.MakeFeeds();
  for (ZoneTable& table : zone.tables) {
    if (!table.excepts) maker.MakeTable(table);
  }
  if (zone.heat != nullptr && zone.heat->has_one_answer()) maker.MakeHeat();
  zone.ready.shrink_to_fit();
  const bool is_plain = zone.negatives_are_ready && !zone.has_ip6 && !zone.tables.empty() &&
                        zone.tables.size() <= kMaxReadyTables && std::ranges::none_of(zone.tables, &ZoneTable::excepts);
  zone.all_is_ready = is_plain && zone.tables.size() == 1 && zone.tables[0].is_ready;
  zone.tables_are_few = is_plain && !zone.all_is_ready;
}

}  // namespace rblitz
