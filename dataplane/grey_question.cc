#include "dataplane/grey_question.h"

#include <algorithm>
#include <cstring>

#include "dataplane/asked_name.h"
#include "dataplane/dns/hex_label.h"
#include "dataplane/dns/name.h"
#include "tables/hash.h"

namespace rblitz {

namespace {

constexpr size_t kHashBytes = kGreyHashDigits / 2;
constexpr size_t kDomainDigits = 16;
// Stores are joined by fingerprints, so that all servers make the same; hr and hs are keyed already.
constexpr uint64_t kFingerprintSeed = 0;

uint64_t BigEndian(const uint8_t* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap64(value);
}

// Without a domain it means nothing that one is aligned.
bool ReadOptions(std::span<const uint8_t> options, GreyQuestion* question) {
  bool is_aligned = false;
  for (size_t at = 0; at < options.size(); ++at) {
    const uint8_t option = dns::Lower(options[at]);
    if (option == 'n') {
      question->look_only = true;
    } else if (option == 'f') {
      is_aligned = true;
    } else {
      uint8_t domain[kDomainDigits / 2];
      if (option != 'd' || options.size() - at <= kDomainDigits) return false;
      if (!dns::ParseHex(&options[at + 1], kDomainDigits, domain)) return false;
      question->triplet.domain = std::max<uint64_t>(BigEndian(domain), 1);
      at += kDomainDigits;
    }
  }
  question->triplet.aligned = is_aligned && question->triplet.domain != 0;
  return true;
}

std::optional<Ip6Address> ReadClient(std::span<const uint8_t> labels, size_t count) {
  const AskedName asked = AskedName::Read(labels, count);
  if (asked.is_ip4) return Ip6Address{.high = 0, .low = kV4MappedLow | asked.ip4};
  if (asked.is_ip6) return asked.ip6;
  return std::nullopt;
}

}  // namespace

uint64_t GreyNetworkOf(const Ip6Address& client, GreyMasks masks) noexcept {
  if (IsV4Mapped(client)) return kIp4Network | (client.low & ~(uint64_t{UINT32_MAX} >> masks.ip4) & UINT32_MAX);
  return masks.ip6 == 64 ? client.high : client.high & ~(UINT64_MAX >> masks.ip6);
}

uint64_t GreyClientOf(const Ip6Address& client) noexcept {
  return IsV4Mapped(client) ? client.low & UINT32_MAX : client.low;
}

bool ReadGreyHashes(const uint8_t* labels, const uint8_t* client_labels, Ip6Address client, GreyMasks masks,
                    GreyQuestion* question) noexcept {
  uint8_t hashes[2 * kHashBytes];
  const uint8_t* const second = labels + kGreyHashLabels / 2;
  if (!dns::ParseHex(labels + 1, kGreyHashDigits, hashes)) return false;
  if (!dns::ParseHex(second + 1, kGreyHashDigits, hashes + kHashBytes)) return false;
  // In place: copies of fields just written would wait for them.
  question->client = client;
  question->look_only = false;
  TripletQuestion& triplet = question->triplet;
  triplet = {};
  if (const uint8_t* const options = labels + kGreyHashLabels; options != client_labels) {
    constexpr size_t kMark = 3;  // length, "o-"
    if (!ReadOptions({options + kMark, client_labels}, question)) return false;
  }
  std::copy_n(hashes, kHashBytes, question->recipient.bytes.begin());
  question->recipient.size = kHashBytes;
  triplet.network = GreyNetworkOf(client, masks);
  triplet.client = GreyClientOf(client);
  const bool is_whole = IsV4Mapped(client) || masks.ip6 == 64;
  triplet.client_network = is_whole ? 0 : client.high;
  triplet.triplet = Hash64(hashes, sizeof hashes, kFingerprintSeed);
  triplet.sender = BigEndian(hashes + kHashBytes);
  return true;
}

std::optional<GreyQuestion> ReadGreyQuestion(std::span<const uint8_t> labels, size_t count, GreyMasks masks) noexcept {
  constexpr size_t kLeast = 2 + 4;
  if (count < kLeast || labels.size() < kGreyHashLabels) return std::nullopt;
  const uint8_t* const client_labels = GreyClientLabels(labels.data());
  if (client_labels == nullptr) return std::nullopt;
  const auto before = static_cast<size_t>(client_labels - labels.data());
  const auto client = ReadClient(labels.subspan(before), count - 2 - (before != kGreyHashLabels));
  GreyQuestion question;
  if (!client || !ReadGreyHashes(labels.data(), client_labels, *client, masks, &question)) return std::nullopt;
  return question;
}

}  // namespace rblitz
