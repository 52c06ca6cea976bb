#include "cli/grey_rows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "cli/config_values.h"
#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr std::string_view kKinds[] = {"triplet", "domain", "client", "sender_domain"};  // as TripletKind counts
constexpr size_t kIdDigits = 16;
constexpr size_t kPayloadDigits = 12;
constexpr size_t kMaxText = 64;  // more than any address has
constexpr unsigned kIp4Bits = 32;
constexpr unsigned kMappedBits = 96;

std::string Hex(uint64_t value, size_t digits) {
  std::string text(digits, '0');
  for (size_t i = digits; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

bool IsIp4(uint64_t network) { return network >> 32 == kIp4Network >> 32; }

// The network as addresses. One that was masked by another length is told of in full.
Ip6Prefix Addresses(uint64_t network, GreyMasks masks) {
  if (IsIp4(network)) {
    const auto ip4 = static_cast<uint32_t>(network);
    const bool fits = (uint64_t{ip4} & HostBits64(64 - kIp4Bits + masks.ip4)) == 0;
    return {.address = {.high = 0, .low = kV4MappedLow | ip4},
            .length = static_cast<uint8_t>(kMappedBits + (fits ? masks.ip4 : kIp4Bits))};
  }
  const bool fits = (network & HostBits64(masks.ip6)) == 0;
  return {.address = {.high = network, .low = 0}, .length = fits ? masks.ip6 : uint8_t{64}};
}

// Whether the two, of which one may contain the other, have addresses in common.
bool Meet(const Ip6Prefix& a, const Ip6Prefix& b) {
  const Ip6Address host = HostBits(std::min(a.length, b.length));
  return ((a.address.high ^ b.address.high) & ~host.high) == 0 && ((a.address.low ^ b.address.low) & ~host.low) == 0;
}

// The client's address in full; nothing: such a row is no server's.
std::optional<Ip6Prefix> Client(const TripletKey& key, GreyMasks masks) {
  const bool is_ip4 = IsIp4(key.network);
  if (is_ip4 && key.fingerprint >> kIp4Bits != 0) return std::nullopt;
  const Ip6Address address = is_ip4 ? Ip6Address{.high = 0, .low = kV4MappedLow | key.fingerprint}
                                    : Ip6Address{.high = key.network, .low = key.fingerprint};
  const Ip6Prefix client = {.address = address, .length = 128};
  const bool is_other_family = IsV4Mapped(address) != is_ip4;
  if (is_other_family || !Meet(client, Addresses(key.network, masks))) return std::nullopt;
  return client;
}

tl::unexpected<Error> FailAt(const char* key, const std::string& what) { return Fail(std::string(key) + ": " + what); }

// Null: the object has no such key.
const Json* Find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Result<std::string> Text(const Json& row, const char* key) {
  const Json* const value = Find(row, key);
  if (value == nullptr) return FailAt(key, "is missing");
  if (!value->is_string()) return FailAt(key, "must be a text");
  if (value->get_ref<const std::string&>().size() > kMaxText) return FailAt(key, "is too long");
  return value->get<std::string>();
}

Result<uint64_t> HexOf(const Json& row, const char* key, size_t digits) {
  const Result<std::string> text = Text(row, key);
  if (!text) return tl::unexpected(text.error());
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 16);
  if (text->size() != digits || error != std::errc() || end != text->data() + digits) {
    return FailAt(key, Quoted(*text) + " is not " + std::to_string(digits) + " hexadecimal digits");
  }
  return value;
}

Result<uint32_t> Whole(const Json& row, const char* key, uint32_t least, uint32_t most) {
  const Json* const value = Find(row, key);
  if (value == nullptr) return FailAt(key, "is missing");
  const bool is_whole = value->is_number_unsigned() || (value->is_number_integer() && value->get<int64_t>() >= 0);
  if (!is_whole || value->get<uint64_t>() < least || value->get<uint64_t>() > most) {
    return FailAt(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value->get<uint32_t>();
}

Result<bool> Flag(const Json& row, const char* key) {
  const Json* const value = Find(row, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return FailAt(key, "must be true or false");
  return value->get<bool>();
}

Result<TripletKind> KindOf(const Json& row) {
  const Result<std::string> text = Text(row, "kind");
  if (!text) return tl::unexpected(text.error());
  const auto* const kind = std::find(std::begin(kKinds), std::end(kKinds), *text);
  if (kind == std::end(kKinds)) {
    return FailAt("kind", Quoted(*text) + " is none of triplet, domain, client and sender_domain");
  }
  return static_cast<TripletKind>(kind - std::begin(kKinds));
}

Result<Ip6Prefix> AddressesOf(const Json& row, const char* key, const char* what) {
  const Result<std::string> text = Text(row, key);
  if (!text) return tl::unexpected(text.error());
  const Result<Ip6Prefix> addresses = ParseClients(*text);
  if (!addresses) return FailAt(key, Quoted(*text) + " is no " + what);
  return *addresses;
}

Result<uint64_t> NetworkOf(const Ip6Prefix& prefix) {
  if (IsV4Mapped(prefix.address) && prefix.length >= kMappedBits)
    return kIp4Network | (prefix.address.low & UINT32_MAX);
  if (prefix.length > 64) return FailAt("network", "is longer than 64 bits");
  if (IsIp4(prefix.address.high)) return FailAt("network", "is reserved (RFC 4291 section 2.4)");
  return prefix.address.high;
}

Result<TripletKey> KeyOf(const Json& row) {
  const Result<TripletKind> kind = KindOf(row);
  if (!kind) return tl::unexpected(kind.error());
  TripletKey key{.kind = *kind};
  std::optional<Ip6Prefix> addresses;
  if (key.kind == TripletKind::kDomain) {
    const Result<uint64_t> domain = HexOf(row, "network", kIdDigits);
    if (!domain) return tl::unexpected(domain.error());
    key.network = *domain;
  } else {
    const Result<Ip6Prefix> prefix = AddressesOf(row, "network", "network");
    if (!prefix) return tl::unexpected(prefix.error());
    const Result<uint64_t> network = NetworkOf(*prefix);
    if (!network) return tl::unexpected(network.error());
    addresses = *prefix;
    key.network = *network;
  }
  if (key.kind != TripletKind::kClient || Find(row, "client") == nullptr) {
    const Result<uint64_t> id = HexOf(row, "id", kIdDigits);
    if (!id) return tl::unexpected(id.error());
    key.fingerprint = *id;
    return key;
  }
  const Result<Ip6Prefix> client = AddressesOf(row, "client", "address");
  if (!client) return tl::unexpected(client.error());
  if (client->length != 128) return FailAt("client", "is a network");
  if (IsV4Mapped(client->address) != IsIp4(key.network) || !Meet(*client, *addresses)) {
    return FailAt("client", "is not of the network");
  }
  key.fingerprint = GreyClientOf(client->address);
  return key;
}

// As a table would have it, whatever the order of senders and hours was.
TripletRow Sorted(TripletRow row) {
  if (row.key.kind == TripletKind::kSenderDomain) {
    const uint64_t senders[] = {row.payload & 0xffffff, row.payload >> 24};
    row.payload = 0;
    for (const uint64_t sender : senders) {
      if (sender != 0) row.payload = WithSender(row.payload, sender);
    }
  }
  return Join(row, row);
}

}  // namespace

uint32_t GreyLastSeen(const TripletRow& row) {
  // A minute is no reason to have been seen last before first.
  return MinutesOf(row.first) == row.last_minutes ? row.first : kMinutesFrom + row.last_minutes * 60;
}

Json GreyRowJson(const TripletRow& row, GreyMasks masks) {
  const TripletKind kind = row.key.kind;
  Json json;
  json["kind"] = kKinds[static_cast<size_t>(kind)];
  json["network"] =
      kind == TripletKind::kDomain ? Hex(row.key.network, kIdDigits) : ClientsText(Addresses(row.key.network, masks));
  const auto client = kind == TripletKind::kClient ? Client(row.key, masks) : std::nullopt;
  if (client) {
    json["client"] = ClientsText(*client);
  } else {
    json["id"] = Hex(row.key.fingerprint, kIdDigits);
  }
  json["first"] = row.first;
  json["last"] = GreyLastSeen(row);
  json["passed"] = row.passed;
  json["epoch"] = row.epoch;
  json["forgotten"] = row.forgotten;
  if (kind != TripletKind::kClient && kind != TripletKind::kSenderDomain) return json;
  json["payload"] = Hex(row.payload, kPayloadDigits);
  if (kind == TripletKind::kClient) json["credits"] = Credits(row);
  if (kind == TripletKind::kSenderDomain) json["senders"] = Senders(row.payload);
  return json;
}

Result<TripletRow> GreyRowFromJson(const Json& json) {
  if (!json.is_object()) return Fail("a row must be an object");
  const Result<TripletKey> key = KeyOf(json);
  if (!key) return tl::unexpected(key.error());
  TripletRow row{.key = *key};
  const Result<uint32_t> first = Whole(json, "first", 1, std::numeric_limits<uint32_t>::max());
  if (!first) return tl::unexpected(first.error());
  const Result<uint32_t> last = Whole(json, "last", 0, std::numeric_limits<uint32_t>::max());
  if (!last) return tl::unexpected(last.error());
  row.first = *first;
  row.last_minutes = MinutesOf(*last);
  const Result<bool> passed = Flag(json, "passed");
  if (!passed) return tl::unexpected(passed.error());
  const Result<bool> forgotten = Flag(json, "forgotten");
  if (!forgotten) return tl::unexpected(forgotten.error());
  row.passed = *passed;
  row.forgotten = *forgotten;
  if (Find(json, "epoch") != nullptr) {
    const Result<uint32_t> epoch = Whole(json, "epoch", 0, kMaxEpoch);
    if (!epoch) return tl::unexpected(epoch.error());
    row.epoch = static_cast<uint16_t>(*epoch);
  }
  if (Find(json, "payload") != nullptr) {
    const Result<uint64_t> payload = HexOf(json, "payload", kPayloadDigits);
    if (!payload) return tl::unexpected(payload.error());
    row.payload = *payload;
  }
  return Sorted(row);
}

bool IsGreyRowOf(const TripletRow& row, GreyMasks masks, const Ip6Prefix& addresses) {
  if (row.key.kind == TripletKind::kDomain) return false;
  const auto client = row.key.kind == TripletKind::kClient ? Client(row.key, masks) : std::nullopt;
  return Meet(client ? *client : Addresses(row.key.network, masks), addresses);
}

}  // namespace rblitz
