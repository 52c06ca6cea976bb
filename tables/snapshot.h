// The immutable data of all feeds: what one reload publishes. A vector of shared feeds, so that reloading one feed
// copies pointers only.
//
// Thread-safety: const once published. Lifetime: a zone holds the snapshot that it was built from.
// Units: times in seconds; absolute times are Unix times in UTC.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tables/access_keys.h"
#include "tables/acl.h"
#include "tables/build_report.h"
#include "tables/cell_blocks.h"
#include "tables/generic_records.h"
#include "tables/hash_table.h"
#include "tables/heat6_table.h"
#include "tables/ip4_builder.h"
#include "tables/ip4_table.h"
#include "tables/ip6_table.h"
#include "tables/name_table.h"
#include "tables/verdict.h"

namespace rblitz {

// A start of authority as a feed ($SOA) or the configuration gives it. Names are text, absolute, without a final dot.
struct Soa {
  uint32_t ttl_seconds = 0;  // 0: the feed's or zone's TTL
  std::string mname;
  std::string rname;
  uint32_t serial = 0;  // 0: the time of the newest data of the zone
  uint32_t refresh_seconds = 3600;
  uint32_t retry_seconds = 600;
  uint32_t expire_seconds = 432000;
  uint32_t minimum_seconds = 300;

  bool operator==(const Soa&) const = default;
};

struct NameServers {
  uint32_t ttl_seconds = 0;  // 0: the feed's or zone's TTL
  std::vector<std::string> names;

  bool operator==(const NameServers&) const = default;
};

struct FeedData;

// A data set of a combined feed, and where it counts.
struct FeedPart {
  std::vector<std::string> zones;  // relative to the zone that names the feed, in lower case: "proxies", "" is itself
  std::shared_ptr<const FeedData> data;
};

// Everything that one loaded feed contributes.
struct FeedData {
  std::string name;
  std::shared_ptr<const Ip4Table> ip4;  // never null
  std::shared_ptr<const Ip6Table> ip6;  // null when the feed lists no IPv6
  // One of them unless null: the feed is an access list, which has nothing else.
  std::shared_ptr<const Acl> acl;
  std::shared_ptr<const AccessKeys> keys;
  // Null unless the feed's format is one of those; then they may still be empty.
  std::shared_ptr<const NameTable> names;
  std::shared_ptr<const HashTable> hashes;
  std::shared_ptr<const GenericRecords> generic;
  std::shared_ptr<const HeatCells> heat;       // null unless the feed's format is of heat: then it has nothing else
  std::shared_ptr<const Heat6Networks> heat6;  // null unless it is, and has some of IPv6
  std::vector<FeedPart> parts;                 // of a combined feed, which lists nothing itself
  Verdicts verdicts;
  bool is_override = false;         // what the operator says besides: it changes at any moment
  bool is_text_only = false;        // a table to look things up in, not a list: texts without A values, no test points
  Ip4Builder::Exact test_listed;    // an entry for exactly 127.0.0.2
  Ip4Builder::Exact test_unlisted;  // an entry for exactly 127.0.0.1
  ExactEntry ip6_test_listed;       // an entry for exactly ::FFFF:7F00:2
  ExactEntry ip6_test_unlisted;     // an entry for exactly ::FFFF:7F00:1
  ExactEntry name_test_listed;      // an entry for exactly the name test
  ExactEntry name_test_unlisted;    // an entry for exactly the name invalid
  uint32_t ttl_seconds = 0;         // 0: not given
  std::optional<Soa> soa;
  std::optional<NameServers> ns;
  int64_t data_time = 0;  // header stamp, else $TIMESTAMP, else the file's time
  int64_t expires = 0;    // 0: never

  [[nodiscard]] bool is_access() const noexcept { return acl != nullptr || keys != nullptr; }
};

struct Snapshot {
  std::vector<std::shared_ptr<const FeedData>> feeds;  // in the configuration's order; null: this feed is out
};

}  // namespace rblitz
