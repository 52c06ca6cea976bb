// What a zone of heat answers with: 127.0.LENGTH.SCORE of the most specific network around an address that is hot
// enough, or of each level that is, and a text with all that is known of the address's surroundings.
//
// Thread-safety: const once the zone is built; HeatTables on one thread at a time. Lifetime: the table is shared, the
// names are copies. Cost: no allocation, no lock, but for Explain; lookups are tables/heat_table.h's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/zone.h"
#include "tables/heat6_table.h"
#include "tables/heat_table.h"
#include "tables/ip6.h"
#include "tables/snapshot.h"

namespace rblitz {

inline constexpr size_t kMaxHeatLevels = 6;

// Tables of joined sources, for as long as some zone has them: a reload of something else builds none again, and zones
// of the same feeds share theirs.
class HeatTables {
 public:
  using Sources = std::vector<std::shared_ptr<const HeatCells>>;
  using Sources6 = std::vector<std::shared_ptr<const Heat6Networks>>;

  [[nodiscard]] std::shared_ptr<const HeatTable> Join(const Sources& sources, HeatJoin join);
  [[nodiscard]] std::shared_ptr<const Heat6Table> Join(const Sources6& sources, HeatJoin join);

 private:
  template <class Source, class Table>
  class Joined {
   public:
    [[nodiscard]] std::shared_ptr<const Table> Join(const std::vector<std::shared_ptr<const Source>>& sources,
                                                    HeatJoin join);

   private:
    struct One {
      std::vector<std::weak_ptr<const Source>> sources;
      HeatJoin join;
      std::weak_ptr<const Table> table;
    };
    std::vector<One> all_;
  };
  Joined<HeatCells, HeatTable> ip4_;
  Joined<Heat6Networks, Heat6Table> ip6_;
};

class HeatZone {
 public:
  HeatZone(const HeatZoneConfig& config, std::span<const FeedData* const> feeds, uint32_t ttl_seconds);

  [[nodiscard]] const HeatTable& table() const noexcept { return *table_; }
  // For who reads them while the zone may go.
  [[nodiscard]] std::shared_ptr<const HeatTable> shared_table() const noexcept { return table_; }
  [[nodiscard]] std::shared_ptr<const Heat6Table> shared_table6() const noexcept { return table6_; }
  [[nodiscard]] uint32_t ttl_seconds() const noexcept { return ttl_seconds_; }

  // Of all A values.
  static constexpr uint32_t kAnswers = 0x7f000000;
  // Whatever hits answer with one A, kAnswers + AnswerOf.
  [[nodiscard]] bool has_one_answer() const noexcept { return !all_; }
  [[nodiscard]] uint16_t AnswerOf(HeatHit hit) const noexcept {
    return static_cast<uint16_t>((hit.length & length_mask_) << 8 | rounded_[hit.score]);
  }

  // What Lookup reads first, to be fetched.
  void Locate(std::span<const uint32_t> addresses, const uint8_t** lines) const noexcept {
    table_->Locate(addresses, asked_, lines);
  }
  // The level that answers for each; length 0: none does. Of test points too: see HitOf. REQUIRES: at most
  // kMaxBatch.
  void Lookup(std::span<const uint32_t> addresses, HeatHit* hits) const noexcept {
    table_->LookupBatch(addresses, asked_, hits);
  }
  // Test points of RFC 5782 say what they must, however hot 127/8 is: of what Lookup found for the address what counts.
  [[nodiscard]] HeatHit HitOf(uint32_t address, HeatHit found) const noexcept;
  [[nodiscard]] HeatHit LookUpOne(uint32_t address) const noexcept;

  // The same for one of IPv6, after Fetch has been called for it. Without IPv6 in its feeds a zone has no such names.
  void Fetch(const Ip6Address& address) const noexcept { table6_->Prefetch(address, levels6_); }
  [[nodiscard]] HeatHit Lookup(const Ip6Address& address) const noexcept;
  [[nodiscard]] bool has_ip6() const noexcept { return has_ip6_; }
  // An IPv4 address that is asked for as IPv6 (RFC 4291 section 2.5.5.2) is meant as such, whether there is IPv6 or
  // not. Test points of IPv6 where there is any mean themselves.
  [[nodiscard]] bool MeansIp4(const Ip6Address& address) const noexcept;
  // The IPv4 address that a host is behind (6to4, RFC 3056 section 2): what is known of it counts where nothing is of
  // the IPv6 address itself. None for test points, which mean themselves alone.
  [[nodiscard]] static std::optional<uint32_t> Ip4Before(const Ip6Address& address) noexcept;

  // The A values for an address that is hot enough; room for kMaxHeatLevels; returns how many.
  size_t Values(uint32_t address, HeatHit hit, uint32_t* a_be) const noexcept;
  size_t Values(const Ip6Address& address, HeatHit hit, uint32_t* a_be) const noexcept;

  // heat=183 level=24 prefix=203.0.113.0/24 n22=140 n20=96 n16=31 active16=12/256 asof=2026-11-22T10:00Z src=NAME
  // Room for kMaxTextBytes; returns its bytes.
  size_t Text(uint32_t address, HeatHit hit, char* out) const noexcept;
  // heat=180 level=48 prefix=2001:db8:7::/48 n56=0 n48=180 n40=180 n32=255 asof=2026-11-22T10:00Z src=NAME
  size_t Text(const Ip6Address& address, HeatHit hit, char* out) const noexcept;

  // What is answered and from where, for `rblitz lookup`; empty: nothing is.
  [[nodiscard]] std::vector<Listing> Explain(uint32_t address) const;
  [[nodiscard]] std::vector<Listing> Explain(const Ip6Address& address) const;

 private:
  [[nodiscard]] uint32_t TestValue(HeatHit hit) const noexcept;
  template <class Address>
  [[nodiscard]] std::vector<Listing> ExplainHit(const Address& address, HeatHit hit, bool is_test) const;
  template <class ScoreAt>
  size_t AllValues(std::span<const uint8_t> levels, ScoreAt&& score_at, uint32_t* a_be) const noexcept;
  [[nodiscard]] uint32_t ValueOf(HeatHit hit) const noexcept { return __builtin_bswap32(kAnswers | AnswerOf(hit)); }

  std::shared_ptr<const HeatTable> table_;
  std::shared_ptr<const Heat6Table> table6_;
  std::vector<uint8_t> levels_;
  std::vector<uint8_t> levels6_;
  uint8_t min_score_;
  HeatLevels asked_;  // levels_ and min_score_
  bool all_;
  uint8_t length_mask_;               // 0: the answer tells nothing
  std::array<uint8_t, 256> rounded_;  // what is answered for a score
  bool has_ip6_;
  uint32_t ttl_seconds_;
  std::string feeds_;   // names
  std::string origin_;  // "asof=... src=..."
};

[[nodiscard]] std::unique_ptr<const HeatZone> MakeHeatZone(const HeatZoneConfig& config,
                                                           std::span<const FeedData* const> feeds,
                                                           uint32_t ttl_seconds);

}  // namespace rblitz
