// What the responder sees of a zone: data laid out for one pass over a burst. For zone*.cc, answer_writer.* and
// responder*.cc only.
#pragma once

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dns/name.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"
#include "tables/ip4_table.h"

namespace rblitz {

// Records made ready at build: what is left is to write where in the message names stand. Names end in pointers to the
// zone's apex as it stands in the question, so that answers are short.
struct RecordChunk {
  // The two bytes at `at` become a pointer to the apex's offset in the message plus `delta`.
  struct Place {
    uint16_t at;
    uint16_t delta;
  };
  std::vector<uint8_t> bytes;
  std::vector<Place> places;
  uint16_t records = 0;
};

// A whole answer behind the question, OPT included, to be copied as it is. Its sums are known before, so that carrying
// a checksum over costs a few additions.
struct ReadyAnswer {
  static constexpr size_t kCapacity = 128;
  static constexpr size_t kMaxSize = kCapacity - dns::kOptSize;

  alignas(16) uint8_t bytes[kCapacity] = {};  // records, then OPT without DO, whether it is sent or not
  uint64_t counts = 0;                        // the header's four counts as they stand in memory, ARCOUNT 0
  uint16_t flags = 0;                         // the header's second word in memory order, RD clear
  uint16_t size = 0;                          // of the records
  // net::Sum of flags, counts and all that is sent behind the question: [with OPT][question_end is odd].
  uint16_t sums[2][2] = {};
};

// Where an address question's apex can stand: behind 8 to 16 bytes of labels. The pointers of negative answers depend
// on nothing else, so there is one ready for each: ready[0] to ready[8].
inline constexpr size_t kMinLabelBytes = 8;
inline constexpr size_t kNegatives = 9;

inline constexpr uint16_t kCompose = 0xffff;  // no ready answer: write it record by record
inline constexpr size_t kMaxReadyAnswers = 4096;

struct ZoneFeed {
  const FeedData* data;
  const Ip4Table* ip4;  // data's
  uint32_t ttl_seconds;
  std::vector<uint16_t> ready_of;  // by ValueId: the answer to an A question, or kCompose; nothing for kNotListed
};

// A verdict together with the feed that it comes from.
struct ZoneVerdict {
  const ZoneFeed* feed;  // null: the zone's own test entry
  Verdict verdict;
};

struct Zone::Rep {
  // The apex in wire form and lower case, zeros behind it.
  alignas(16) std::array<uint8_t, 272> apex{};
  uint16_t apex_size = 0;
  bool out = false;
  bool negatives_are_ready = false;
  bool has_addresses = false;  // some feed lists IPv4 addresses: it has the test points of RFC 5782
  uint32_t slot = 0;
  uint32_t ttl_seconds = 0;  // of its own test entry, of HINFO
  std::vector<ZoneFeed> feeds;
  std::vector<ReadyAnswer> ready;
  RecordChunk soa;           // as an answer
  RecordChunk soa_negative;  // with the TTL of RFC 2308 section 5
  RecordChunk ns;
  RecordChunk hinfo;                             // RFC 8482 section 4.2
  std::array<std::vector<ZoneVerdict>, 2> test;  // 127.0.0.1 and 127.0.0.2
  std::string name;
  Soa soa_values;

  // Whether a name that goes on at `suffix` ends in this apex there and then. Reads up to 272 bytes.
  [[nodiscard]] bool EndsIn(const uint8_t* suffix) const noexcept {
    size_t at = 0;
    __m128i differ = _mm_setzero_si128();
    do {
      const __m128i raw = _mm_loadu_si128(reinterpret_cast<const __m128i*>(suffix + at));
      const __m128i own = _mm_load_si128(reinterpret_cast<const __m128i*>(apex.data() + at));
      // 'A' to 'Z', moved to the bottom of the signed range, are what is below -128 + 26.
      const __m128i moved = _mm_sub_epi8(raw, _mm_set1_epi8(static_cast<char>('A' + 128)));
      const __m128i upper = _mm_cmplt_epi8(moved, _mm_set1_epi8(-128 + 26));
      const __m128i lower = _mm_add_epi8(raw, _mm_and_si128(upper, _mm_set1_epi8('a' - 'A')));
      const __m128i inside = _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(Remaining(at))), kIndex());
      differ = _mm_or_si128(differ, _mm_and_si128(inside, _mm_xor_si128(lower, own)));
      at += 16;
    } while (at < apex_size);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128())) == 0xffff;
  }

 private:
  static __m128i kIndex() noexcept { return _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
  [[nodiscard]] size_t Remaining(size_t at) const noexcept { return apex_size - at < 16 ? apex_size - at : 16; }
};

// Finds the zone of any name.
struct ZoneSet::Index {
  struct Entry {
    uint64_t hash = 0;
    const Zone::Rep* zone = nullptr;
  };
  std::vector<Entry> entries;            // open addressing, a power of two
  std::array<bool, 128> label_counts{};  // of apexes

  // The zone whose apex is exactly this lower-case name; null: none.
  [[nodiscard]] const Zone::Rep* Find(const uint8_t* name, size_t size) const noexcept;
};

// Test addresses (RFC 5782 section 5).
inline constexpr uint32_t kTestUnlisted = 0x7f000001;
inline constexpr uint32_t kTestListed = 0x7f000002;
[[nodiscard]] constexpr bool IsTestPoint(uint32_t address) noexcept { return address - kTestUnlisted < 2; }

// The text of a verdict as TXT shows it; room for kMaxTextBytes; returns its bytes.
size_t RenderText(const ZoneVerdict& at, std::string_view subject, char* out) noexcept;

// Dotted decimal, without a final zero; room for 15 bytes; returns the bytes written.
size_t AddressToText(uint32_t address, char* out) noexcept;

// Calls visit(ZoneVerdict, TTL) for each verdict that the zone has for the address, feed by feed. All records of one
// name and type have one TTL, the smallest of what contributes (RFC 2181 section 5.2).
template <class Visit>
void ForEachVerdict(const Zone::Rep& zone, uint32_t address, Visit&& visit) {
  uint32_t ttl_seconds = UINT32_MAX;
  const auto all = [&](auto&& f) {
    if (IsTestPoint(address) && zone.has_addresses) {
      for (const ZoneVerdict& at : zone.test[address - kTestUnlisted]) f(at);
      return;
    }
    for (const ZoneFeed& feed : zone.feeds) {
      for (const Verdict& verdict : feed.data->verdicts.at(feed.ip4->Lookup(address))) f(ZoneVerdict{&feed, verdict});
    }
  };
  all([&](const ZoneVerdict& at) {
    ttl_seconds = std::min(ttl_seconds, at.feed == nullptr ? zone.ttl_seconds : at.feed->ttl_seconds);
  });
  all([&](const ZoneVerdict& at) { visit(at, ttl_seconds); });
}

}  // namespace rblitz
