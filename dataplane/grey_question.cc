#include "dataplane/grey_question.h"

#include <algorithm>
#include <cstring>

#include "dataplane/asked_name.h"
#include "dataplane/dns/hex_label.h"
#include "tables/hash.h"

namespace rblitz {

namespace {

constexpr size_t kHashDigits = 32;
constexpr size_t kHashBytes = kHashDigits / 2;
constexpr size_t kDomainDigits = 16;
// Stores are joined by fingerprints, so that all servers make the same; hr and hs are keyed already.
constexpr uint64_t kFingerprintSeed = 0;

bool ReadHash(const uint8_t* label, uint8_t* bytes) {
  return *label == kHashDigits && dns::ParseHex(label + 1, kHashDigits, bytes);
}

bool IsOptions(const uint8_t* label) { return *label >= 2 && label[1] == 'o' && label[2] == '-'; }

uint64_t BigEndian(const uint8_t* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap64(value);
}

// Without a domain it means nothing that one is aligned.
bool ReadOptions(std::span<const uint8_t> options, GreyQuestion* question) {
  bool is_aligned = false;
  for (size_t at = 0; at < options.size(); ++at) {
    if (options[at] == 'n') {
      question->look_only = true;
    } else if (options[at] == 'f') {
      is_aligned = true;
    } else {
      uint8_t domain[kDomainDigits / 2];
      if (options[at] != 'd' || options.size() - at <= kDomainDigits) return false;
      if (!dns::ParseHex(&options[at + 1], kDomainDigits, domain)) return false;
      question->triplet.domain = std::max<uint64_t>(BigEndian(domain), 1);
      at += kDomainDigits;
    }
  }
  question->triplet.aligned = is_aligned && question->triplet.domain != 0;
  return true;
}

bool ReadClient(std::span<const uint8_t> labels, size_t count, GreyQuestion* question) {
  const AskedName asked = AskedName::Read(labels, count);
  if (asked.is_ip4) question->client = {.high = 0, .low = kV4MappedLow | asked.ip4};
  if (asked.is_ip6) question->client = asked.ip6;
  return asked.is_ip4 || asked.is_ip6;
}

}  // namespace

uint64_t GreyNetworkOf(const Ip6Address& client, GreyMasks masks) noexcept {
  if (IsV4Mapped(client)) return kIp4Network | (client.low & ~(uint64_t{UINT32_MAX} >> masks.ip4) & UINT32_MAX);
  return masks.ip6 == 64 ? client.high : client.high & ~(UINT64_MAX >> masks.ip6);
}

uint64_t GreyClientOf(const Ip6Address& client) noexcept {
  return IsV4Mapped(client) ? client.low & UINT32_MAX : client.low;
}

std::optional<GreyQuestion> ReadGreyQuestion(std::span<const uint8_t> labels, size_t count, GreyMasks masks) noexcept {
  constexpr size_t kHashes = 2 * (1 + kHashDigits);
  constexpr size_t kLeast = 2 + 4;
  if (count < kLeast || labels.size() < kHashes) return std::nullopt;
  uint8_t hashes[2 * kHashBytes];
  if (!ReadHash(labels.data(), hashes) || !ReadHash(&labels[1 + kHashDigits], hashes + kHashBytes)) return std::nullopt;
  GreyQuestion question;
  labels = labels.subspan(kHashes);
  count -= 2;
  if (IsOptions(labels.data())) {
    const size_t size = labels[0];
    if (!ReadOptions(labels.subspan(3, size - 2), &question)) return std::nullopt;
    labels = labels.subspan(1 + size);
    count -= 1;
  }
  if (!ReadClient(labels, count, &question)) return std::nullopt;
  std::copy_n(hashes, kHashBytes, question.recipient.bytes.begin());
  question.recipient.size = kHashBytes;
  question.triplet.network = GreyNetworkOf(question.client, masks);
  question.triplet.client = GreyClientOf(question.client);
  const bool is_whole = IsV4Mapped(question.client) || masks.ip6 == 64;
  question.triplet.client_network = is_whole ? 0 : question.client.high;
  question.triplet.triplet = Hash64(hashes, sizeof hashes, kFingerprintSeed);
  question.triplet.sender = BigEndian(hashes + kHashBytes);
  return question;
}

}  // namespace rblitz
