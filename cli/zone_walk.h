// Everything that a zone lists, as the records of a master file that answer the same.
//
// What is listed is always asked of the zone itself, so that the file agrees with it in values, exclusions, test points
// and feeds that beat others. Networks become wildcards at the octets or nibbles below which everything is alike; the
// rest is written out. Names of a list come from reading it once more (EntryWatcher).
//
// A wildcard of the DNS ends where a name exists (RFC 4592 section 3.3.1), one of a list does not: below a wildcard
// each name of the list, and those above it, gets what the list says of it and of what lies below it. In a zone of both
// families no wildcard may cover names of the other one: octets of one digit can be nibbles, so that networks of such
// octets are written out, and prefixes of IPv6 down to four nibbles.
//
// Thread-safety: none. Lifetime: the zone and its snapshot must outlive the walk. Cost: a lookup for each address of a
// /24 in which anything is listed; 24 bytes a prefix of IPv6, nothing a name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/master_file.h"
#include "dataplane/zone.h"
#include "loaders/entry_watcher.h"
#include "tables/ip6.h"
#include "tables/snapshot.h"

namespace rblitz {

class ZoneWalk final : public EntryWatcher {
 public:
  // `snapshot` has the zone's feeds and no others; of a part of a zone, the data sets that count there. `hidden` are
  // names, in wire form without the root, below which another zone or part answers.
  ZoneWalk(const Zone& zone, const Snapshot& snapshot, std::vector<std::vector<uint8_t>> hidden, MasterFile* file);

  // In this order: what tables hold, then each list read once more, then what was kept of those readings.
  void WriteIp4();
  void WriteRecords();
  bool AtLine(const std::string& path, uint64_t line) override;
  void Saw(AddressRange range, WatchedValue value) override;
  void Saw(const Ip6Prefix& prefix, WatchedValue value) override;
  void Saw(std::span<const uint8_t> name, NameForm form, WatchedValue value) override;
  void Saw(const Digest& digest, WatchedValue value) override;
  void WriteIp6();

 private:
  static constexpr size_t kRecent = size_t{1} << 16;
  // What every table says: equal answers have equal keys.
  using Key = std::vector<ValueId>;

  // Writes the part of a network that is not alike; what all of it has in common, if anything, is returned.
  [[nodiscard]] std::optional<Key> WalkIp4(uint32_t prefix, unsigned length);
  [[nodiscard]] std::optional<Key> WalkLast(uint32_t prefix);
  void WriteNetwork(uint32_t prefix, unsigned length, const Key& key);

  // Part of an address, in zones where that is the whole one with zeros for what it leaves out.
  void WritePart(uint32_t prefix, unsigned length);
  void WritePart(const Ip6Address& prefix, unsigned nibbles);

  void WalkIp6(const Ip6Address& prefix, unsigned nibbles, std::span<const Ip6Prefix> within);
  void WriteName(std::span<const uint8_t> labels);
  [[nodiscard]] bool SeenLately(std::span<const uint8_t> labels);
  [[nodiscard]] bool IsHidden(std::span<const uint8_t> labels) const;
  // Whether names of IPv6 addresses can stand below an IPv4 network's.
  [[nodiscard]] bool MixesFamilies(uint32_t prefix, unsigned length) const;

  const Zone& zone_;
  const Snapshot& snapshot_;
  const std::vector<std::vector<uint8_t>> hidden_;
  MasterFile* file_;
  std::vector<const Ip4Table*> ip4_;
  bool has_ip6_ = false;
  bool takes_parts_ = false;  // a zone of texts alone
  std::vector<Ip6Prefix> ip6_;
  std::vector<uint64_t> recent_;  // hashes of names that were written lately
};

}  // namespace rblitz
