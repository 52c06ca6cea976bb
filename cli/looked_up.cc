#include "cli/looked_up.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "loaders/name_text.h"
#include "tables/digest.h"

namespace rblitz {

std::string WithSplitDigest(const std::string& text) {
  constexpr size_t kDigits = size_t{2} * kMaxDigest;
  if (text.size() != kDigits || !DigestFromText(text, Base32::kRfc4648)) return text;
  return text.substr(0, kDigits / 2) + "." + text.substr(kDigits / 2);
}

Result<LookedUp> ReadLookup(const std::string& given) {
  const std::string what = WithSplitDigest(given);
  LookedUp looked_up{};
  AskedName& asked = looked_up.asked;
  in_addr ip4{};
  uint64_t ip6_be[2];
  if (inet_pton(AF_INET, what.c_str(), &ip4) == 1) {
    asked.is_ip4 = true;
    asked.ip4 = ntohl(ip4.s_addr);
    return looked_up;
  }
  if (inet_pton(AF_INET6, what.c_str(), ip6_be) == 1) {
    asked.SetIp6({.high = __builtin_bswap64(ip6_be[0]), .low = __builtin_bswap64(ip6_be[1])});
    return looked_up;
  }
  if (const size_t slash = what.find('/'); slash != std::string::npos && IsAddressText(what.substr(0, slash))) {
    return Fail("lookup: '" + what + "' is a network: look up an address of it");
  }
  dns::Name& name = looked_up.name;
  if (std::ranges::any_of(what, [](char c) { return static_cast<uint8_t>(c) >= 0x80; })) {
    const Result<NameLabels> labels = NameFromList(what);  // international: as A-labels
    if (!labels) return Fail("lookup: " + labels.error().message);
    std::ranges::copy(labels->span(), name.bytes.begin());
    name.bytes[labels->size] = 0;
    name.size = static_cast<uint8_t>(labels->size + 1);
    return looked_up;
  }
  name = dns::NameFromText(what);
  if (name.size < 2) return Fail("lookup: '" + what + "' is neither an address nor a name");
  std::transform(name.bytes.begin(), name.bytes.begin() + name.size, name.bytes.begin(), dns::Lower);
  return looked_up;
}

std::string AText(uint32_t address_be) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address_be, text.data(), text.size());
  return text.data();
}

}  // namespace rblitz
