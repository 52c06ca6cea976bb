#include "dataplane/zone_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/nibble_labels.h"

namespace rblitz {

namespace {

// RFC 5782 section 5.
constexpr std::string_view kTestName("\4test");
constexpr std::string_view kInvalidName("\7invalid");

// The octets of up to four labels, the last octet of the address first; false: there is one that is none.
bool ReadOctets(const uint8_t* label, size_t count, uint32_t& address) noexcept {
  address = 0;
  for (size_t i = 0; i < count; ++i, label += 1 + *label) {
    const int octet = dns::OctetOfLabel(label);
    if (octet < 0) return false;
    address |= static_cast<uint32_t>(octet) << (8 * (4 - count + i));
  }
  return true;
}

bool AreNibbles(std::span<const uint8_t> labels) noexcept {
  for (size_t at = 0; at < labels.size(); at += 2) {
    const uint8_t digit = at + 1 < labels.size() ? labels[at + 1] : 0;
    const bool is_hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    if (labels[at] != 1 || !is_hex) return false;
  }
  return true;
}

// 1 to 3 labels: whether they are the last octets of a network in which the zone lists anything (RFC 8020).
bool HasIp4Below(const Zone::Rep& zone, const AskedName& asked) noexcept {
  uint32_t prefix;
  if (asked.count > 3 || !zone.has_addresses || !ReadOctets(asked.labels.data(), asked.count, prefix)) return false;
  const auto length = static_cast<unsigned>(8 * asked.count);
  const bool above_test_entry = (kTestListed & ~(UINT32_MAX >> length)) == prefix;
  if (above_test_entry && !(zone.test[0].empty() && zone.test[1].empty())) return true;
  return std::ranges::any_of(zone.listing(), [&](const ZoneFeed& feed) { return feed.ip4->AnyBelow(prefix, length); });
}

// A name without records is kept only because of those below it.
bool HasRecordBelow(const ZoneFeed& feed, std::span<const uint8_t> labels) noexcept {
  return feed.data->generic != nullptr && feed.data->generic->Find(labels) != nullptr;
}

// Whether a part of the zone begins below the name.
bool HasPartBelow(const Zone::Rep& zone, std::span<const uint8_t> labels) noexcept {
  return std::ranges::any_of(zone.parts, [&](const std::vector<uint8_t>& part) {
    size_t at = 0;
    while (part.size() - at > labels.size()) at += 1u + part[at];
    return std::equal(part.begin() + static_cast<ptrdiff_t>(at), part.end(), labels.begin(), labels.end());
  });
}

void AddTest(const ZoneFeed& feed, const ExactEntry& exact, std::vector<ZoneVerdict>& test) {
  if (!exact.present) return;
  for (const Verdict& verdict : feed.data->verdicts.at(exact.value)) test.push_back({&feed, verdict});
}

}  // namespace

// Field by field: what is copied as a whole right after it was written field by field stalls the core.
void AskedName::Set(std::span<const uint8_t> name, size_t label_count) noexcept {
  labels = name;
  count = label_count;
  ip4 = 0;
  is_ip4 = count == 4 && ReadOctets(labels.data(), count, ip4);
  is_ip6 = false;
  ip4_within = Ip4Within::kNone;
  ip6 = {};
  if (count == 32 && labels.size() == dns::kNibbleLabelsSize) {
    const uint8_t* const first = labels.data();
    dns::NibbleAddress address;
    uint8_t good = 0;
    static const dns::ParseNibbleLabels parse = dns::BestNibbleLabelsKernel().parse;
    parse(&first, 1, &address, &good);
    if (good != 0) SetIp6({.high = address.high, .low = address.low});
  }
}

void AskedName::SetIp6(const Ip6Address& address) noexcept {
  constexpr uint64_t k6to4Prefix = 0x2002;
  is_ip6 = true;
  ip6 = address;
  if (IsV4Mapped(address)) {
    ip4_within = Ip4Within::kMapped;
    ip4 = static_cast<uint32_t>(address.low);
  } else if (address.high >> 48 == k6to4Prefix) {
    ip4_within = Ip4Within::k6to4;
    ip4 = static_cast<uint32_t>(address.high >> 16);
  }
}

std::string_view AddressText(const Ip6Address& address, SubjectText& text) noexcept {
  const uint64_t halves_be[2] = {__builtin_bswap64(address.high), __builtin_bswap64(address.low)};
  inet_ntop(AF_INET6, halves_be, text.data(), static_cast<socklen_t>(text.size()));
  return text.data();
}

std::string_view PrefixText(const ZoneFeed& feed, const Subject& subject, SubjectText& text) noexcept {
  unsigned length;
  size_t size;
  if (subject.ip4 != nullptr) {
    length = feed.ip4->Match(*subject.ip4).length;
    size = AddressToText(static_cast<uint32_t>(*subject.ip4 & ~(uint64_t{UINT32_MAX} >> length)), text.data());
  } else if (subject.ip6 != nullptr) {
    length = feed.data->ip6->Match(*subject.ip6).length;
    const Ip6Address host = HostBits(length);
    const Ip6Address network{.high = subject.ip6->high & ~host.high, .low = subject.ip6->low & ~host.low};
    size = AddressText(network, text).size();
  } else {
    return subject.text;
  }
  text[size++] = '/';
  const char* const end = std::to_chars(text.data() + size, text.data() + text.size(), length).ptr;
  return {text.data(), static_cast<size_t>(end - text.data())};
}

std::string_view LabelsText(std::span<const uint8_t> labels, SubjectText& text) noexcept {
  uint8_t name[dns::kMaxName + 1];
  std::memcpy(name, labels.data(), labels.size());
  name[labels.size()] = 0;
  return {text.data(), dns::NameToText(name, text.data())};
}

AskedName Completed(const Zone::Rep& zone, AskedName asked) noexcept {
  if (zone.has_addresses && asked.count < 4) {
    asked.is_ip4 = ReadOctets(asked.labels.data(), asked.count, asked.ip4);
  }
  if (!zone.has_ip6 || asked.is_ip4 || asked.count >= 32 || !AreNibbles(asked.labels)) return asked;
  asked.is_ip6 = true;
  asked.ip6 = {};
  for (size_t i = 0; i < asked.count; ++i) {
    const uint8_t digit = asked.labels[2 * i + 1];
    const uint64_t nibble = digit <= '9' ? digit - uint64_t{'0'} : digit - uint64_t{'a'} + 10;
    const size_t place = asked.count - 1 - i;  // of 32, the highest first
    (place < 16 ? asked.ip6.high : asked.ip6.low) |= nibble << (60 - 4 * (place % 16));
  }
  return asked;
}

int NameTestPoint(std::span<const uint8_t> labels) noexcept {
  const std::string_view name(reinterpret_cast<const char*>(labels.data()), labels.size());
  return name == kTestName ? 1 : name == kInvalidName ? 0 : -1;
}

void SetFurtherTestPoints(Zone::Rep& zone) {
  bool ip6_is_named = false;
  bool name_is_named = false;
  for (const ZoneFeed& feed : zone.listing()) {
    const FeedData& data = *feed.data;
    AddTest(feed, data.ip6_test_unlisted, zone.ip6_test[0]);
    AddTest(feed, data.ip6_test_listed, zone.ip6_test[1]);
    AddTest(feed, data.name_test_unlisted, zone.name_test[0]);
    AddTest(feed, data.name_test_listed, zone.name_test[1]);
    ip6_is_named |= data.ip6_test_listed.present;
    name_is_named |= data.name_test_listed.present;
  }
  const ZoneVerdict own{.feed = nullptr, .verdict = {.a_be = __builtin_bswap32(kTestListed), .text = kNoText}};
  if (!zone.has_lists) return;
  if (zone.has_ip6 && !ip6_is_named) zone.ip6_test[1].push_back(own);
  if (zone.has_names && !name_is_named) zone.name_test[1].push_back(own);
}

bool HasOtherBelow(const Zone::Rep& zone, const AskedName& asked) noexcept {
  // Whether anything lies below a part of an IPv6 address is not kept: always said, so that nobody who walks down
  // label by label (RFC 9156) stops too early.
  return HasIp4Below(zone, asked) || (zone.has_ip6 && asked.count < 32 && AreNibbles(asked.labels)) ||
         HasRecordsBelow(zone, asked.labels);
}

bool HasRecordsBelow(const Zone::Rep& zone, std::span<const uint8_t> labels) noexcept {
  return HasPartBelow(zone, labels) ||
         std::ranges::any_of(zone.listing(), [&](const ZoneFeed& feed) { return HasRecordBelow(feed, labels); });
}

}  // namespace rblitz
