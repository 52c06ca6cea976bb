#include "dataplane/dns/cookie.h"

#include <algorithm>
#include <cstring>

#include "dataplane/dns/wire.h"

namespace rblitz::dns {

namespace {

// RFC 9018 section 4.3.
constexpr int32_t kOldest = 3600;
constexpr int32_t kNewest = -300;
constexpr int32_t kRenewed = 1800;

// RFC 7873 section 4: what a server cookie can be that somebody made.
constexpr size_t kLeastCookie = kClientCookieSize + 8;
constexpr size_t kMostCookie = kClientCookieSize + 32;

// What a cookie is made of (RFC 9018 section 4): the client's, version, three reserved bytes, time, hash.
constexpr uint8_t kVersion = 1;
constexpr size_t kTimeAt = kClientCookieSize + 4;
constexpr size_t kHashAt = kTimeAt + 4;
constexpr size_t kHashed = kHashAt;  // bytes, and behind them the client's address
constexpr size_t kMostAddress = 16;

// RFC 9018 section 4.4, in the order in which it stands in the cookie.
uint64_t HashOf(const uint8_t* cookie, std::span<const uint8_t> client, const SipKey& secret) noexcept {
  uint8_t data[kHashed + kMostAddress];
  const size_t address = std::min(client.size(), kMostAddress);
  std::memcpy(data, cookie, kHashed);
  std::memcpy(data + kHashed, client.data(), address);
  return SipHash24(secret, {data, kHashed + address});
}

// The secret that made the cookie; null: none of them.
const SipKey* MakerOf(const uint8_t* cookie, std::span<const uint8_t> client,
                      std::span<const SipKey> secrets) noexcept {
  uint64_t hash;
  std::memcpy(&hash, cookie + kHashAt, sizeof hash);
  // One comparison of whole words: how long it takes tells nothing of how many bytes were right.
  for (const SipKey& secret : secrets) {
    if (HashOf(cookie, client, secret) == hash) return &secret;
  }
  return nullptr;
}

}  // namespace

std::span<const uint8_t> FindCookie(std::span<const uint8_t> options) noexcept {
  while (options.size() >= 4) {
    const size_t length = Load16(&options[2]);
    if (Load16(&options[0]) == kCookieCode) return options.subspan(4, length);
    options = options.subspan(4 + length);
  }
  return {};
}

Cookie MakeCookie(const uint8_t* client_cookie, std::span<const uint8_t> client, uint32_t now_seconds,
                  const SipKey& secret) noexcept {
  Cookie cookie{};
  std::memcpy(cookie.data(), client_cookie, kClientCookieSize);
  cookie[kClientCookieSize] = kVersion;
  Store32(&cookie[kTimeAt], now_seconds);
  const uint64_t hash = HashOf(cookie.data(), client, secret);
  std::memcpy(&cookie[kHashAt], &hash, sizeof hash);
  return cookie;
}

CookieState CheckCookie(std::span<const uint8_t> asked, std::span<const uint8_t> client, uint32_t now_seconds,
                        std::span<const SipKey> secrets, Cookie& answer) noexcept {
  if (asked.data() == nullptr) return CookieState::kNone;
  const bool is_client_only = asked.size() == kClientCookieSize;
  // RFC 7873 section 5.2.2.
  if (!is_client_only && (asked.size() < kLeastCookie || asked.size() > kMostCookie)) return CookieState::kMalformed;
  CookieState state = is_client_only ? CookieState::kClientOnly : CookieState::kInvalid;
  if (asked.size() == kCookieSize && asked[kClientCookieSize] == kVersion) {
    const auto age = static_cast<int32_t>(now_seconds - Load32(&asked[kTimeAt]));
    const SipKey* const maker = age >= kNewest && age <= kOldest ? MakerOf(asked.data(), client, secrets) : nullptr;
    if (maker != nullptr) state = CookieState::kValid;
    if (maker == secrets.data() && age <= kRenewed) {
      std::copy(asked.begin(), asked.end(), answer.begin());
      return state;
    }
  }
  answer = MakeCookie(asked.data(), client, now_seconds, secrets.front());
  return state;
}

}  // namespace rblitz::dns
