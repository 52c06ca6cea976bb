// What the responder sees of a zone: data laid out for one pass over a burst. For zone*.cc, answer_writer.* and
// responder*.cc only.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "dataplane/dns/name.h"
#include "dataplane/question_end.h"
#include "dataplane/ready_records.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"
#include "tables/ip4_table.h"
#include "tables/ip4_union.h"
#include "tables/ip6.h"

namespace rblitz {

inline constexpr size_t kMaxReadyTables = 16;  // of a zone whose tables can all be asked at once

struct ZoneFeed {
  const FeedData* data;
  const Ip4Table* ip4;  // data's
  uint32_t ttl_seconds;
  bool excepts;    // what it lists is not listed, whatever others say
  bool is_joined;  // its addresses are in Zone::Rep::joined
};

// What is asked for addresses: a feed's table, or one that is joined of several (dataplane/zone_tables.h).
struct ZoneTable {
  const Ip4Table* ip4;
  const ZoneFeed* feed;            // null: several
  bool excepts;                    // as its feed does
  bool is_ready;                   // each value has a ready answer
  std::vector<uint16_t> ready_of;  // by ValueId: the answer to an A question, or kCompose; nothing for kNotListed
};

// A verdict together with the feed that it comes from.
struct ZoneVerdict {
  const ZoneFeed* feed;  // null: the zone's own test entry
  Verdict verdict;
};

class ZoneAccess;  // dataplane/zone_access.h
struct GreyZone;   // dataplane/grey_zone.h
class HeatZone;    // dataplane/heat_zone.h

struct Zone::Rep {
  std::array<QuestionEnd, 2> ends;  // of questions without and with OPT
  uint32_t slot = 0;
  bool out = false;
  bool negatives_are_ready = false;
  bool all_is_ready = false;    // and so is all that its one table says
  bool tables_are_few = false;  // else: there are negatives and few tables, none of which excepts
  // Kinds of data that some feed has, which bring the test points of RFC 5782 with them.
  bool has_addresses = false;  // IPv4
  bool has_ip6 = false;
  bool has_names = false;    // or digests
  bool has_records = false;  // of single names
  // Some feed is a list. A zone of texts alone has no test points, and what a question leaves out is zero there.
  bool has_lists = false;
  std::vector<ZoneFeed> feeds;              // those that list, then those that except
  size_t listing_feeds = 0;                 // how many list
  std::vector<const Ip6Table*> ip6_tables;  // those of feeds, in their order
  std::vector<const NameTable*> name_tables;
  std::vector<ZoneTable> tables;             // of both that list addresses at all; one of those that list at least
  std::shared_ptr<const Ip4Union> joined;    // owns the first one; null: they are the feeds' own
  std::vector<uint32_t> joined_feeds;        // of that: which of `feeds`, in its order
  std::vector<ReadyAnswer> ready;            // negatives, those of a greylist by GreyAnswer, those of listings
  std::unique_ptr<const ZoneAccess> access;  // null: everyone may ask
  std::unique_ptr<const GreyZone> grey;      // null: it is no greylist
  std::unique_ptr<const HeatZone> heat;      // null: it is none of heat, or out
  // Its ready answer of one A, to which HeatZone::AnswerOf is added; kCompose: there is none.
  uint16_t heat_ready = kCompose;

  [[nodiscard]] std::span<const ZoneFeed> listing() const noexcept { return std::span(feeds).first(listing_feeds); }
  [[nodiscard]] std::span<const ZoneFeed> excepting() const noexcept { return std::span(feeds).subspan(listing_feeds); }

  // The apex in wire form and lower case.
  std::array<uint8_t, dns::kMaxName> apex{};
  uint16_t apex_size = 0;
  uint16_t part_size = 0;                   // bytes that it has before the apex of the configured zone
  std::vector<std::vector<uint8_t>> parts;  // names before the apex at which parts of the same zone begin
  uint32_t ttl_seconds = 0;                 // of its own test entry, of HINFO
  RecordChunk soa;                          // as an answer
  RecordChunk soa_negative;                 // with the TTL of RFC 2308 section 5
  RecordChunk ns;
  RecordChunk hinfo;                                  // RFC 8482 section 4.2
  std::array<std::vector<ZoneVerdict>, 2> test;       // 127.0.0.1 and 127.0.0.2
  std::array<std::vector<ZoneVerdict>, 2> ip6_test;   // ::FFFF:7F00:1 and ::FFFF:7F00:2
  std::array<std::vector<ZoneVerdict>, 2> name_test;  // invalid and test
  std::string name;
  Soa soa_values;  // of the configured zone
  ZoneSerial serial;
};

// Finds the zone of any name.
struct ZoneSet::Index {
  struct Entry {
    uint64_t hash = 0;
    const Zone::Rep* zone = nullptr;
  };
  std::vector<Entry> entries;         // open addressing, a power of two
  std::vector<uint8_t> label_counts;  // of apexes, each once, falling

  // For the questions that mail servers ask all day: zones in which nothing but the zone itself can hold an address,
  // hashed by the first bytes of the apex: open addressing that never wraps, a null behind the last.
  std::vector<const Zone::Rep*> common = {nullptr, nullptr};
  unsigned common_shift = 63;

  // The zone whose apex is exactly this lower-case name; null: none.
  [[nodiscard]] const Zone::Rep* Find(const uint8_t* name, size_t size) const noexcept;

  // The zone of an address whose labels end here, in a question without or with OPT; null: look closer. Reads up to 288
  // bytes.
  [[nodiscard]] const Zone::Rep* FindCommon(const uint8_t* apex, size_t has_opt) const noexcept {
    const Zone::Rep* const* const slot = &common[CommonSlot(apex)];
    if (*slot != nullptr && (*slot)->ends[has_opt].Matches(apex)) [[likely]]
      return *slot;
    return FindCommonBehind(slot, apex, has_opt);
  }
  [[nodiscard]] const Zone::Rep* FindCommonBehind(const Zone::Rep* const* slot, const uint8_t* apex,
                                                  size_t has_opt) const noexcept;

  // Where an apex is shorter than what is read here, type and class are a part of it: only A is found then.
  [[nodiscard]] size_t CommonSlot(const uint8_t* apex) const noexcept {
    uint64_t bytes;
    std::memcpy(&bytes, apex, sizeof bytes);
    constexpr uint64_t kLowerCase = 0x2020202020202020;
    constexpr uint64_t kMix = 0x9e3779b97f4a7c15;
    return (bytes | kLowerCase) * kMix >> common_shift;
  }

  // Zones that have others below them, and those in which the apex of another could be taken for an address.
  struct Above {
    std::unordered_set<const Zone::Rep*> all;
    std::unordered_set<const Zone::Rep*> by_octets;
  };
  [[nodiscard]] Above FindAbove(std::span<const Zone> zones) const;
  void AddCommon(std::span<const Zone> zones, const Above& above);

  // Greylists below which there is no other zone, and which know their clients by address alone.
  std::vector<const Zone::Rep*> greylists;

  // The same as FindCommon for what follows the labels of a question of a greylist; there are few.
  [[nodiscard]] const Zone::Rep* FindGreylist(const uint8_t* apex, size_t has_opt) const noexcept {
    for (const Zone::Rep* const zone : greylists) {
      if (zone->ends[has_opt].Matches(apex)) return zone;
    }
    return nullptr;
  }
  void AddGreylists(std::span<const Zone> zones, const Above& above);
};

// Test addresses (RFC 5782 section 5).
inline constexpr uint32_t kTestUnlisted = 0x7f000001;
inline constexpr uint32_t kTestListed = 0x7f000002;
[[nodiscard]] constexpr bool IsTestPoint(uint32_t address) noexcept { return address - kTestUnlisted < 2; }

// What a verdict was found for, which stands in the places of its text.
struct Subject {
  std::string_view text;
  // One of them points to the address, if it is one.
  const uint32_t* ip4 = nullptr;
  const Ip6Address* ip6 = nullptr;
};

// The text of a verdict as TXT shows it; room for kMaxTextBytes; returns its bytes.
size_t RenderText(const ZoneVerdict& at, const Subject& subject, char* out) noexcept;

// Dotted decimal, without a final zero; room for 15 bytes; returns the bytes written.
size_t AddressToText(uint32_t address, char* out) noexcept;

}  // namespace rblitz
