#include "cli/zone_walk.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "dataplane/asked_name.h"
#include "dataplane/dns/name.h"
#include "tables/hash.h"

namespace rblitz {

namespace {

constexpr uint32_t kTestNetwork = 0x7f000000;  // the /24 of RFC 5782's test points
constexpr uint8_t kFreshLabel[] = {1, 0};      // that no list has
constexpr uint8_t kTestName[] = {4, 't', 'e', 's', 't'};
constexpr uint8_t kInvalidName[] = {7, 'i', 'n', 'v', 'a', 'l', 'i', 'd'};
constexpr unsigned kOctets = 4;
constexpr size_t kMaxWireName = 255;  // RFC 1035 section 2.3.4

// Its octets, the last one of the network first.
std::string OwnerOfIp4(uint32_t prefix, unsigned length) {
  std::string owner = length < 32 ? "*" : "";
  for (unsigned shift = 32 - length; shift < 32; shift += 8) {
    if (!owner.empty()) owner += '.';
    owner += std::to_string(prefix >> shift & 255);
  }
  return owner;
}

unsigned NibbleOf(const Ip6Address& address, unsigned index) {
  const uint64_t half = index < 16 ? address.high : address.low;
  return static_cast<unsigned>(half >> (60 - 4 * (index % 16)) & 15);
}

Ip6Address WithNibble(Ip6Address address, unsigned index, unsigned nibble) {
  (index < 16 ? address.high : address.low) |= uint64_t{nibble} << (60 - 4 * (index % 16));
  return address;
}

std::string OwnerOfIp6(const Ip6Address& prefix, unsigned nibbles) {
  std::string owner = nibbles < 32 ? "*" : "";
  for (unsigned i = nibbles; i-- > 0;) {
    if (!owner.empty()) owner += '.';
    owner += "0123456789abcdef"[NibbleOf(prefix, i)];
  }
  return owner;
}

// The name above a wildcard.
std::string WithoutStar(const std::string& owner) { return owner.substr(owner.starts_with("*.") ? 2 : 0); }

std::string OwnerOfName(std::span<const uint8_t> labels) {
  if (labels.empty()) return "@";
  std::vector<uint8_t> name(labels.begin(), labels.end());
  name.push_back(0);
  char text[4 * dns::kMaxName];
  return {text, dns::NameToText(name.data(), text)};
}

std::span<const uint8_t> Parent(std::span<const uint8_t> labels) { return labels.subspan(size_t{labels[0]} + 1); }

bool IsExcepted(const Zone& zone, std::span<const uint8_t> labels) {
  size_t count = 0;
  for (size_t at = 0; at < labels.size(); at += size_t{labels[at]} + 1) ++count;
  return !zone.Explain(AskedName::Read(labels, count)).excepted_by.empty();
}

std::vector<Listing> Ask(const Zone& zone, std::span<const uint8_t> labels) {
  AskedName asked{};
  asked.labels = labels;
  return zone.Explain(asked).listings;
}

// Of any name below that the list does not have.
std::vector<Listing> AskBelow(const Zone& zone, std::span<const uint8_t> labels) {
  std::vector<uint8_t> below(std::begin(kFreshLabel), std::end(kFreshLabel));
  below.insert(below.end(), labels.begin(), labels.end());
  return Ask(zone, below);
}

}  // namespace

ZoneWalk::ZoneWalk(const Zone& zone, const Snapshot& snapshot, std::vector<std::vector<uint8_t>> hidden,
                   MasterFile* file)
    : zone_(zone), snapshot_(snapshot), hidden_(std::move(hidden)), file_(file), recent_(kRecent) {
  for (const auto& feed : snapshot.feeds) {
    if (feed == nullptr) continue;
    if (feed->ip4->addresses() > 0) ip4_.push_back(feed->ip4.get());
    has_ip6_ |= feed->ip6 != nullptr && feed->ip6->entries() > 0;
  }
  const auto is_list = [](const auto& feed) { return feed != nullptr && !feed->is_text_only; };
  takes_parts_ = std::ranges::none_of(snapshot.feeds, is_list);
}

bool ZoneWalk::IsHidden(std::span<const uint8_t> labels) const {
  return std::ranges::any_of(hidden_, [labels](const std::vector<uint8_t>& name) {
    std::span<const uint8_t> rest = labels;
    while (rest.size() > name.size()) rest = Parent(rest);
    return std::ranges::equal(rest, name);
  });
}

bool ZoneWalk::MixesFamilies(uint32_t prefix, unsigned length) const {
  if (!has_ip6_) return false;
  for (unsigned at = 8; at <= length; at += 8) {
    if ((prefix >> (32 - at) & 255) > 9) return false;
  }
  return true;
}

void ZoneWalk::WriteIp4() {
  for (uint32_t octet = 0; octet < 256; ++octet) {
    const uint32_t prefix = octet << 24;
    if (const auto key = WalkIp4(prefix, 8)) WriteNetwork(prefix, 8, *key);
  }
}

std::optional<ZoneWalk::Key> ZoneWalk::WalkIp4(uint32_t prefix, unsigned length) {
  const bool has_test_points = (kTestNetwork & ~(UINT32_MAX >> length)) == prefix;
  const bool any = std::ranges::any_of(ip4_, [&](const Ip4Table* table) { return table->AnyBelow(prefix, length); });
  if (!any && !has_test_points) return Key(ip4_.size(), kNotListed);
  if (length == 24) return WalkLast(prefix);
  std::optional<Key> common;
  const unsigned child_length = length + 8;
  const auto child = [&](uint32_t i) { return prefix | i << (32 - child_length); };
  bool alike = !MixesFamilies(prefix, length);
  for (uint32_t i = 0; i < 256; ++i) {
    const std::optional<Key> key = WalkIp4(child(i), child_length);
    if (alike && key && (i == 0 || key == common)) {
      common = key;
      continue;
    }
    if (alike) {
      for (uint32_t held = 0; held < i; ++held) WriteNetwork(child(held), child_length, *common);
      alike = false;
    }
    if (key) WriteNetwork(child(i), child_length, *key);
  }
  if (!alike) WritePart(prefix, length);
  return alike ? common : std::nullopt;
}

std::optional<ZoneWalk::Key> ZoneWalk::WalkLast(uint32_t prefix) {
  std::vector<std::array<ValueId, 256>> values(ip4_.size());
  std::array<uint32_t, 256> addresses{};
  for (uint32_t i = 0; i < 256; ++i) addresses[i] = prefix | i;
  bool alike = prefix != kTestNetwork && !MixesFamilies(prefix, 24);
  Key key;
  for (size_t t = 0; t < ip4_.size(); ++t) {
    ip4_[t]->LookupMany(addresses, values[t].data());
    alike = alike && std::ranges::all_of(values[t], [&](ValueId value) { return value == values[t][0]; });
    key.push_back(values[t][0]);
  }
  if (alike) return key;
  for (size_t i = 0; i < 256; ++i) {
    const bool any = std::ranges::any_of(values, [&](const auto& of_table) { return of_table[i] != kNotListed; });
    if (any || prefix == kTestNetwork) WriteNetwork(addresses[i], 32, Key(1, 1));
  }
  WritePart(prefix, 24);
  return std::nullopt;
}

void ZoneWalk::WriteNetwork(uint32_t prefix, unsigned length, const Key& key) {
  if (std::ranges::all_of(key, [](ValueId value) { return value == kNotListed; })) return;
  AskedName asked{};
  asked.is_ip4 = true;
  asked.ip4 = prefix;
  const std::vector<Listing> listings = zone_.Explain(asked).listings;
  if (!listings.empty()) file_->Listings(OwnerOfIp4(prefix, length), listings);
  if (length < 32) WritePart(prefix, length);
}

void ZoneWalk::WritePart(uint32_t prefix, unsigned length) {
  if (!takes_parts_) return;
  AskedName asked{};
  asked.is_ip4 = true;
  asked.ip4 = prefix;
  const std::vector<Listing> listings = zone_.Explain(asked).listings;
  if (!listings.empty()) file_->Listings(WithoutStar(OwnerOfIp4(prefix, length)), listings);
}

void ZoneWalk::WritePart(const Ip6Address& prefix, unsigned nibbles) {
  if (!takes_parts_ || nibbles == 0 || nibbles == 32) return;
  bool is_octets = nibbles <= kOctets && !ip4_.empty();  // as which it is read where there are both
  for (unsigned i = 0; i < nibbles; ++i) is_octets = is_octets && NibbleOf(prefix, i) <= 9;
  AskedName asked{};
  asked.is_ip6 = true;
  asked.ip6 = prefix;
  const std::vector<Listing> listings = zone_.Explain(asked).listings;
  if (!is_octets && !listings.empty()) file_->Listings(WithoutStar(OwnerOfIp6(prefix, nibbles)), listings);
}

void ZoneWalk::WriteRecords() {
  for (const auto& feed : snapshot_.feeds) {
    if (feed == nullptr || feed->generic == nullptr) continue;
    for (const auto& [name, records] : feed->generic->names()) {
      const std::span<const uint8_t> labels(reinterpret_cast<const uint8_t*>(name.data()), name.size());
      // What the zone says of itself is nobody's exception.
      if (!labels.empty() && (IsHidden(labels) || IsExcepted(zone_, labels))) continue;
      const std::string owner = OwnerOfName(labels);
      for (const GenericRecord& record : records) {
        const uint32_t of_feed = feed->ttl_seconds != 0 ? feed->ttl_seconds : zone_.soa().ttl_seconds;
        file_->Record(owner, record.ttl_seconds != 0 ? record.ttl_seconds : of_feed, record);
      }
    }
  }
  for (const std::span<const uint8_t> name :
       {std::span<const uint8_t>(kTestName), std::span<const uint8_t>(kInvalidName)}) {
    if (!SeenLately(name)) WriteName(name);
  }
}

bool ZoneWalk::AtLine(const std::string& /*path*/, uint64_t /*line*/) { return file_->good(); }

// The tables have them.
void ZoneWalk::Saw(AddressRange /*range*/, WatchedValue /*value*/) {}

void ZoneWalk::Saw(const Ip6Prefix& prefix, WatchedValue /*value*/) { ip6_.push_back(prefix); }

void ZoneWalk::Saw(std::span<const uint8_t> name, NameForm /*form*/, WatchedValue /*value*/) {
  // A wildcard below it and what asks for that must be names still.
  if (name.size() + sizeof(kFreshLabel) + zone_.name().size() + 2 > kMaxWireName || IsHidden(name)) return;
  for (; !name.empty(); name = Parent(name)) {
    if (SeenLately(name)) return;  // and so were those above it
    WriteName(name);
    if (const std::vector<Listing> below = AskBelow(zone_, name); !below.empty()) {
      file_->Listings("*." + OwnerOfName(name), below);
    }
  }
}

// In hexadecimal; 64 digits are two labels.
void ZoneWalk::Saw(const Digest& digest, WatchedValue value) {
  if (value == nullptr) return;
  std::vector<uint8_t> labels;
  const size_t per_label = digest.size == kMaxDigest ? kMaxDigest / 2 : digest.size;
  for (size_t i = 0; i < digest.size; ++i) {
    if (i % per_label == 0) labels.push_back(static_cast<uint8_t>(2 * per_label));
    for (const int nibble : {digest.bytes[i] >> 4, digest.bytes[i] & 15}) {
      labels.push_back(static_cast<uint8_t>("0123456789abcdef"[nibble]));
    }
  }
  if (SeenLately(labels)) return;
  file_->Listings(OwnerOfName(labels), Ask(zone_, labels));
}

void ZoneWalk::WriteName(std::span<const uint8_t> labels) {
  const std::vector<Listing> listings = Ask(zone_, labels);
  const std::string owner = OwnerOfName(labels);
  if (!listings.empty()) return file_->Listings(owner, listings);
  const bool has_records = std::ranges::any_of(snapshot_.feeds, [&](const auto& feed) {
    if (feed == nullptr || feed->generic == nullptr) return false;
    const GenericRecords::Records* const records = feed->generic->Find(labels);
    return records != nullptr && !records->empty();
  });
  if (!has_records && !AskBelow(zone_, Parent(labels)).empty()) file_->Excluded(owner);
}

bool ZoneWalk::SeenLately(std::span<const uint8_t> labels) {
  const uint64_t hash = Hash64(labels.data(), labels.size(), ProcessSeed());
  return std::exchange(recent_[hash % kRecent], hash) == hash;
}

void ZoneWalk::WriteIp6() {
  if (ip6_.empty()) return;
  ip6_.push_back({.address = kIp6TestListed, .length = 128});
  ip6_.push_back({.address = kIp6TestUnlisted, .length = 128});
  std::ranges::sort(ip6_);
  WalkIp6({}, 0, ip6_);
}

// Where no prefix begins deeper down, all is alike.
void ZoneWalk::WalkIp6(const Ip6Address& prefix, unsigned nibbles, std::span<const Ip6Prefix> within) {
  const auto is_deeper = [&](const Ip6Prefix& one) { return one.length > 4 * nibbles; };
  const bool may_meet_ip4 = nibbles < kOctets && !ip4_.empty();
  if (!may_meet_ip4 && std::ranges::none_of(within, is_deeper)) {
    AskedName asked{};
    asked.is_ip6 = true;
    asked.ip6 = prefix;
    const std::vector<Listing> listings = zone_.Explain(asked).listings;
    if (!listings.empty()) file_->Listings(OwnerOfIp6(prefix, nibbles), listings);
    WritePart(prefix, nibbles);
    return;
  }
  WritePart(prefix, nibbles);
  for (unsigned nibble = 0; nibble < 16; ++nibble) {
    const auto is_up_to = [&](const Ip6Prefix& one) { return NibbleOf(one.address, nibbles) <= nibble; };
    const auto end = std::ranges::partition_point(within, is_up_to);
    const auto count = static_cast<size_t>(end - within.begin());
    WalkIp6(WithNibble(prefix, nibbles, nibble), nibbles + 1, within.first(count));
    within = within.subspan(count);
  }
}

}  // namespace rblitz
