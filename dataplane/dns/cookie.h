// DNS cookies, the server's side: finds what a client sent, says whether it is genuine, makes what it gets.
//
// Thread-safety: pure. Units: seconds since 1970, modulo 2^32 (RFC 1982). Errors: a CookieState.
// Cost: one SipHash (15 to 20 ns), two for a cookie that is renewed, one more for each secret that did not make it.
// Source: RFC 7873, RFC 9018 section 4 (version 1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/dns/siphash.h"

namespace rblitz::dns {

inline constexpr uint16_t kCookieCode = 10;
inline constexpr size_t kClientCookieSize = 8;
inline constexpr size_t kCookieSize = kClientCookieSize + 16;  // client's and ours
inline constexpr size_t kCookieOptionSize = 4 + kCookieSize;

using Cookie = std::array<uint8_t, kCookieSize>;

enum class CookieState : uint8_t {
  kNone,        // no COOKIE option
  kMalformed,   // neither 8 nor 16 to 40 bytes
  kClientOnly,  // the client does not know us yet
  kInvalid,     // not made here, not for this client, or not lately
  kValid,
  kCount,
};

// The data of the first COOKIE option; null data: there is none. REQUIRES: OptionsAreWellFormed(options).
[[nodiscard]] std::span<const uint8_t> FindCookie(std::span<const uint8_t> options) noexcept;

// A cookie for this client: 4 or 16 bytes of address.
[[nodiscard]] Cookie MakeCookie(const uint8_t* client_cookie, std::span<const uint8_t> client, uint32_t now_seconds,
                                const SipKey& secret) noexcept;

// What `asked`, from FindCookie, is worth, and in `answer` the cookie that the client gets, unless it is none or
// malformed. Any of the secrets may have made a cookie; the first one makes new ones (RFC 9018 section 5).
[[nodiscard]] CookieState CheckCookie(std::span<const uint8_t> asked, std::span<const uint8_t> client,
                                      uint32_t now_seconds, std::span<const SipKey> secrets, Cookie& answer) noexcept;

}  // namespace rblitz::dns
