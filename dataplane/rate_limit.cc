#include "dataplane/rate_limit.h"

#include <algorithm>

#include "tables/hash.h"

namespace rblitz {

namespace {

// No IPv6 network begins so that has clients (RFC 4291 section 2.4).
constexpr uint64_t kIp4 = 0x0000'ffff'0000'0000;

}  // namespace

RateLimit::Network RateLimit::NetworkOf(const Ip6Address& client, unsigned prefix_v4, unsigned prefix_v6) noexcept {
  const bool is_ip4 = IsV4Mapped(client);
  const uint64_t ip4 = kIp4 | ((client.low & 0xffff'ffff) & ~uint64_t{0} << (32 - prefix_v4));
  const uint64_t ip6 = client.high & ~uint64_t{0} << (64 - prefix_v6);
  return {is_ip4 ? ip4 : ip6};
}

Ip6Address RateLimit::AddressOf(Network network) noexcept {
  if (network.prefix >> 32 == kIp4 >> 32) return {.high = 0, .low = network.prefix};
  return {.high = network.prefix, .low = 0};
}

RateLimit::RateLimit() : seed_(ProcessSeed()), sets_(kSets), limited_(kSets * kWays) {}

bool RateLimit::Allow(Network network, uint64_t now_ns, uint64_t cost_ns) noexcept {
  const size_t s = Hash64(&network.prefix, sizeof network.prefix, seed_) % kSets;
  Set& set = sets_[s];
  size_t way = 0;
  size_t least = 0;
  while (way < kWays && set.prefixes[way] != network.prefix) {
    if (set.used_until_ns[way] < set.used_until_ns[least]) least = way;
    ++way;
  }
  if (way == kWays) {
    way = least;
    set.prefixes[way] = network.prefix;
    set.used_until_ns[way] = 0;
    limited_[s * kWays + way] = 0;
  }
  last_ = s * kWays + way;
  const uint64_t used = std::max(set.used_until_ns[way], now_ns) + cost_ns;
  if (used > now_ns + kWindowNs) return false;
  set.used_until_ns[way] = used;
  return true;
}

bool RateLimit::IsNth(uint32_t n) noexcept {
  if (++limited_[last_] < n) return false;
  limited_[last_] = 0;
  return true;
}

}  // namespace rblitz
