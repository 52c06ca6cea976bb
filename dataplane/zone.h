// One served zone: its apex, the feeds that answer in it, and its answers made ready so that a burst only copies them.
//
// Thread-safety: const after Build. Lifetime: a zone points into the feeds of the Snapshot that it was built from;
// Serving holds both. Errors: Build says which zone and what is wrong with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/zone_tables.h"
#include "tables/heat_table.h"
#include "tables/ip6.h"
#include "tables/result.h"
#include "tables/snapshot.h"
#include "tables/triplet_row.h"

namespace rblitz {

// Of a zone's SOA.
struct ZoneSerial {
  uint32_t of_data = 0;    // that its feeds give: the first $SOA's, or the time of the newest
  uint32_t published = 0;  // that it answers with

  bool operator==(const ZoneSerial&) const = default;
};

class Greylist;  // dataplane/greylist.h

// What makes a zone a greylist. The zone's feeds are its static lists of clients that pass.
struct GreyZoneConfig {
  std::shared_ptr<Greylist> state;
  TripletRules rules;
  bool observe = false;
  std::vector<uint32_t> block = {};      // indices into Snapshot::feeds
  std::vector<uint32_t> opted_out = {};  // the same
};

class HeatTables;  // dataplane/heat_zone.h

// What makes a zone one of heat. All of its feeds are of heat; it has `allow`, but no `access`.
struct HeatZoneConfig {
  std::vector<uint8_t> levels = {24, 20, 16};  // lengths of the networks that may answer, falling, as IsHeatLength says
  // The same of IPv6, as IsHeat6Length says.
  std::vector<uint8_t> levels6 = {64, 56, 48};
  uint8_t min_score = 64;  // what is below has no answer; at least 1
  bool all = false;        // each level answers, not only the most specific
  bool plain = false;      // with 127.0.0.2
  uint8_t round = 1;       // scores are answered as multiples of it, and no higher than they are
  HeatJoin join = HeatJoin::kMax;
  bool traffic = false;                        // what the server is asked is one of its sources
  std::shared_ptr<const HeatCells> live = {};  // that, where it is; null: nothing yet
  int64_t live_time = 0;                       // of when; seconds since 1970
  std::shared_ptr<HeatTables> tables = {};     // null: joined tables are not shared between zones and loads
};

struct ZoneConfig {
  std::string name;             // apex as text: bl.example.com
  std::vector<uint32_t> feeds;  // indices into Snapshot::feeds, in order, as those below
  std::optional<uint32_t> ttl_seconds;
  std::optional<Soa> soa;
  std::optional<NameServers> ns;
  std::vector<uint32_t> except = {};  // what these list is never listed in the zone
  std::vector<uint32_t> access = {};  // what clients get
  std::vector<Ip6Prefix> allow = {};  // clients that may ask, those of IPv4 mapped; none: everyone
  uint32_t slot = 0;                  // of its counters in WorkerStats
  // Of the zone that this one replaces. Its own serial comes after that, unless `soa` says what it is.
  std::optional<ZoneSerial> serial_before = {};
  // Present: it is a greylist, and clients that may not ask get no answer at all.
  std::optional<GreyZoneConfig> grey = {};
  std::optional<HeatZoneConfig> heat = {};
  // Whether its feeds are joined (dataplane/zone_tables.h): absent, as far as the joined tables of all zones do not
  // have more entries than all feeds.
  std::optional<bool> join = {};
};

// One verdict of a zone and where it comes from, for `rblitz lookup`.
struct Listing {
  uint32_t a_be = 0;  // 0: no A
  std::string text;   // with the address in its places; empty: no TXT
  uint32_t ttl_seconds = 0;
  std::string feed;  // empty: the zone's own RFC 5782 test entry
};

struct Explanation {
  std::vector<Listing> listings;  // in answer order; none: not listed
  std::string excepted_by;        // the feed that nothing is listed for; empty: none
};

struct AskedName;  // dataplane/asked_name.h

class Zone {
 public:
  // `part`: a name relative to the configured zone, below which a combined feed has data of its own; "" is the zone
  // itself.
  // `joining`, if any, is that of all zones.
  [[nodiscard]] static Result<Zone> Build(const ZoneConfig& config, const Snapshot& snapshot,
                                          std::string_view part = "", JoinedTables::Round* joining = nullptr);

  Zone(Zone&&) noexcept;
  Zone& operator=(Zone&&) noexcept;
  ~Zone();

  [[nodiscard]] const std::string& name() const noexcept;  // lower case, no final dot
  [[nodiscard]] uint32_t slot() const noexcept;
  [[nodiscard]] const Soa& soa() const noexcept;
  [[nodiscard]] ZoneSerial serial() const noexcept;
  // The zone answers SERVFAIL: all its feeds are out, or one that says who may ask or what must never be listed.
  [[nodiscard]] bool out() const noexcept;
  // Not configured itself, but a name below a zone that is.
  [[nodiscard]] bool is_part() const noexcept;
  // That name, relative to the configured zone; empty: the zone is configured itself.
  [[nodiscard]] std::string part() const;
  // Not every client gets its answers.
  [[nodiscard]] bool is_restricted() const noexcept;
  // Feeds whose IPv4 addresses it has in one table of its own, and the memory of that; none: it asks each for itself.
  [[nodiscard]] std::vector<std::string> joined_feeds() const;
  [[nodiscard]] size_t joined_bytes() const noexcept;
  [[nodiscard]] const std::shared_ptr<const Ip4Union>& joined() const noexcept;  // that table; null: there is none
  // It lists nothing.
  [[nodiscard]] bool is_greylist() const noexcept;
  // It tells scores.
  [[nodiscard]] bool is_heat() const noexcept;

  // What the zone says of an address or a name to clients that it serves. Allocates: not for the hot path.
  [[nodiscard]] Explanation Explain(const AskedName& asked) const;

  struct Rep;  // what the responder reads: dataplane/zone_rep.h
  [[nodiscard]] const Rep& rep() const noexcept { return *rep_; }

 private:
  explicit Zone(std::unique_ptr<const Rep> rep) noexcept;
  std::unique_ptr<const Rep> rep_;
};

struct ClientRules;  // dataplane/client_rules.h

// CH TXT answers (RFC 4892). Empty: hidden, the question is refused.
struct Identity {
  std::string version;  // version.bind, version.server
  std::string id;       // id.server, hostname.bind
};

// All zones, found by the most specific apex that a name ends in.
class ZoneSet {
 public:
  ZoneSet();
  ZoneSet(ZoneSet&&) noexcept;
  ZoneSet& operator=(ZoneSet&&) noexcept;
  ~ZoneSet();
  [[nodiscard]] static Result<ZoneSet> Build(std::vector<Zone> zones);

  [[nodiscard]] std::span<const Zone> zones() const noexcept { return zones_; }
  // By text, any case, with or without a final dot. Null: not served here.
  [[nodiscard]] const Zone* Find(std::string_view name) const noexcept;

 private:
  friend class Responder;
  struct Index;
  std::vector<Zone> zones_;
  std::unique_ptr<const Index> index_;
};

// What a server serves, published with one pointer so that no reader sees zones of one load with tables of another.
struct Serving {
  Snapshot snapshot;
  ZoneSet zones;
  Identity identity;
  std::shared_ptr<const ClientRules> client_rules = {};  // null: there are none, and whoever asks is answered
  bool has_greylists = false;                            // answers depend on the time
};

// Where zones find joined tables, and whether they may be made.
struct Joining {
  JoinedTables* tables = nullptr;  // null: each feed is asked for itself
  bool may_join = true;
};

[[nodiscard]] Result<std::unique_ptr<const Serving>> BuildServing(Snapshot snapshot, std::span<const ZoneConfig> zones,
                                                                  Identity identity,
                                                                  std::shared_ptr<const ClientRules> client_rules = {},
                                                                  Joining joining = {});

}  // namespace rblitz
