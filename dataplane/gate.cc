#include "dataplane/gate.h"

#include <algorithm>
#include <ctime>
#include <span>

#include "dataplane/answer_writer.h"
#include "dataplane/client.h"
#include "dataplane/client_rules.h"
#include "dataplane/dns/wire.h"

namespace rblitz {

namespace {

using dns::CookieState;
using dns::QueryStatus;

static_assert(kCookieStates == static_cast<size_t>(CookieState::kCount));

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint8_t kQrByte = 0x80;  // QR in the header's third byte

timespec Read(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return time;
}

// RFC 9018 section 4.4: 4 bytes for IPv4, 16 for IPv6.
std::span<const uint8_t> CookieAddress(const io::ClientAddress& client) noexcept {
  return IsV4Mapped(AddressOf(client)) ? std::span(client).last(4) : std::span(client);
}

// Bytes of an answer that the client and its path take, as AnswerWriter has them.
size_t LimitOf(const io::Message& message, const dns::Query& query, bool over_tcp) noexcept {
  return over_tcp ? message.capacity : std::min<size_t>(message.capacity, std::min(query.udp_size, dns::kUdpSize));
}

bool HasRoom(const io::Message& message, const dns::Query& query) noexcept {
  return message.capacity >= query.question_end + dns::kOptSize + dns::kCookieOptionSize;
}

bool IsKnown(CookieState state) noexcept { return state > CookieState::kMalformed; }

}  // namespace

Gate::Clocks Gate::ReadClocks() noexcept {
  const timespec steady = Read(CLOCK_MONOTONIC_COARSE);
  return {.steady_ns = static_cast<uint64_t>(steady.tv_sec) * kSecondNs + static_cast<uint64_t>(steady.tv_nsec),
          .unix_seconds = static_cast<uint32_t>(Read(CLOCK_REALTIME_COARSE).tv_sec)};
}

void Gate::Answer(io::Burst& burst, const Serving& serving, Clocks now) noexcept {
  if (burst.clients == nullptr) return responder_->Answer(burst, serving);
  kept_.count = 0;
  kept_.clients = burst.clients;
  kept_.over_tcp = burst.over_tcp;
  for (size_t i = 0; i < burst.count; ++i) {
    Asked asked;
    if (!Settle(burst, burst.messages[i], serving, now, asked)) Keep(burst.messages[i], i, asked, burst.over_tcp);
  }
  responder_->Answer(kept_, serving);
  GiveBack(burst);
}

// Whether the message needs no responder any more.
bool Gate::Settle(io::Burst& burst, io::Message& message, const Serving& serving, Clocks now, Asked& asked) noexcept {
  // What gets no answer costs nobody one, and the responder counts why.
  if (message.size < dns::kHeaderSize || (message.payload[2] & kQrByte) != 0) return false;
  const ClientRules& rules = *serving.client_rules;
  const io::ClientAddress client = burst.clients->ClientOf(message);
  if (rules.cookies) CheckCookie(message, client, *rules.cookies, now, asked);
  if (!burst.over_tcp && rules.limit && asked.state != CookieState::kValid) {
    const Share share = ShareOf(client, *rules.limit, now);
    if (share == Share::kTruncated) Truncate(message, asked);
    if (share == Share::kNothing) {
      stats_->Drop(DropReason::kRateLimited);
      message.size = 0;
    }
    if (share != Share::kAllowed) return true;
  }
  if (asked.state == CookieState::kNone) return false;
  if (asked.state == CookieState::kMalformed) {
    Refuse(message, asked, dns::kFormErr);  // RFC 7873 section 5.2.2
    return true;
  }
  // RFC 7873 sections 5.2.3 and 5.2.4; a handshake says as much as a cookie.
  if (rules.cookies->require && !burst.over_tcp && asked.state != CookieState::kValid) {
    Refuse(message, asked, dns::kBadCookie);
    return true;
  }
  if (asked.query.status != QueryStatus::kNoQuestion) return false;
  Refuse(message, asked, dns::kNoError);  // RFC 7873 section 5.4: asks for a cookie and nothing else
  return true;
}

void Gate::CheckCookie(const io::Message& message, const io::ClientAddress& client, const CookieRules& rules,
                       Clocks now, Asked& asked) noexcept {
  const std::span<const uint8_t> payload(message.payload, message.size);
  if (dns::Load16(&payload[10]) != 0) {
    asked.query = dns::ParseQuery(payload);
    const QueryStatus status = asked.query.status;
    // What a version that is not known here means by an option, nobody knows.
    if (asked.query.edns && (status == QueryStatus::kOk || status == QueryStatus::kNoQuestion)) {
      const auto options = payload.subspan(asked.query.options_at, asked.query.options_size);
      asked.state = dns::CheckCookie(dns::FindCookie(options), CookieAddress(client), now.unix_seconds, rules.secrets,
                                     asked.cookie);
    }
  }
  stats_->cookies[static_cast<size_t>(asked.state)].Add(1);
}

Gate::Share Gate::ShareOf(const io::ClientAddress& client, const LimitRules& rules, Clocks now) noexcept {
  const Ip6Address address = AddressOf(client);
  if (rules.exempt && rules.exempt->Decide(address).action == AclAction::kPass) return Share::kAllowed;
  const RateLimit::Network network = RateLimit::NetworkOf(address, rules.prefix_v4, rules.prefix_v6);
  if (limit_.Allow(network, now.steady_ns, kSecondNs / rules.responses_per_second)) return Share::kAllowed;
  stats_->last_limited.store(network.prefix, std::memory_order_relaxed);
  if (rules.log_only) {
    stats_->over_limit.Add(1);
    return Share::kAllowed;
  }
  return rules.slip != 0 && limit_.IsNth(rules.slip) ? Share::kTruncated : Share::kNothing;
}

// A real client comes again over TCP; for a forged one the answer is no larger than the question.
void Gate::Truncate(io::Message& message, Asked& asked) noexcept {
  asked.query = dns::ParseQuery({message.payload, message.size});
  const bool is_readable = asked.query.status == QueryStatus::kOk;
  if (!is_readable || message.capacity < asked.query.question_end + dns::kOptSize) {
    stats_->Drop(DropReason::kRateLimited);
    message.size = 0;
    return;
  }
  AnswerWriter writer(message, asked.query);
  writer.Truncate();
  writer.Finish(dns::kNoError, false);
  stats_->rcodes[dns::kNoError].Add(1);
  stats_->slipped.Add(1);
  if (IsKnown(asked.state) && HasRoom(message, asked.query)) AddOption(message, dns::kCookieCode, asked.cookie);
}

// An answer without data: the question, OPT, and the cookie where there is one.
void Gate::Refuse(io::Message& message, const Asked& asked, dns::Rcode rcode) noexcept {
  const bool is_known = IsKnown(asked.state);
  if (message.capacity < asked.query.question_end + dns::kOptSize || (is_known && !HasRoom(message, asked.query))) {
    stats_->Drop(DropReason::kNoAnswerRoom);
    message.size = 0;
    return;
  }
  AnswerWriter(message, asked.query).Finish(rcode, false);
  stats_->rcodes[rcode].Add(1);
  if (is_known) AddOption(message, dns::kCookieCode, asked.cookie);
}

void Gate::Keep(const io::Message& message, size_t index, const Asked& asked, bool over_tcp) noexcept {
  const size_t k = kept_.count++;
  kept_.messages[k] = message;
  index_[k] = static_cast<uint8_t>(index);
  has_cookie_[k] = IsKnown(asked.state) && HasRoom(message, asked.query);
  if (!has_cookie_[k]) return;
  // The responder leaves the room that the cookie will take.
  cookies_[k] = asked.cookie;
  kept_.messages[k].capacity = static_cast<uint16_t>(LimitOf(message, asked.query, over_tcp) - dns::kCookieOptionSize);
}

void Gate::GiveBack(io::Burst& burst) noexcept {
  for (size_t k = 0; k < kept_.count; ++k) {
    io::Message& message = kept_.messages[k];
    // Every answer in EDNS ends in its OPT.
    if (has_cookie_[k] && message.size != 0) AddOption(message, dns::kCookieCode, cookies_[k]);
    io::Message& out = burst.messages[index_[k]];
    out.size = message.size;
    out.sum_change = message.sum_change;
  }
}

}  // namespace rblitz
