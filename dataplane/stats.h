// Per-worker counters and drop reasons; readers add the workers up.
//
// Invariant, tested: received = answered + arp_replies + nd_replies + icmp_replies + to_kernel + the sum of dropped.
// Thread-safety: one writer a WorkerStats, any number of readers. Cost: a plain add.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/last_conflict.h"
#include "tables/traffic_ring.h"

namespace rblitz {

// Written by one thread, read by any: a relaxed load and store, never a locked instruction.
class Counter {
 public:
  void Add(uint64_t n) noexcept { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Why a packet got no answer. Names as `rblitz stats` shows them are in DropReasonName.
enum class DropReason : uint8_t {
  kRunt,            // frame or datagram shorter than its headers say
  kOversize,        // frame in more than one buffer, or larger than a buffer
  kOtherMac,        // not to this port's MAC, or to a group or to all and nothing that is answered there
  kOtherEthertype,  // neither IPv4 nor ARP, nor IPv6 where the port has an IPv6 address
  kDoubleVlan,      // more than one VLAN tag
  kArpNotUs,        // ARP, but no request from another for an own address
  kNdNotUs,         // neighbour or router discovery, but no solicitation of an own address
  kBadNd,           // neighbour discovery against RFC 4861 section 7.1
  kBadIpHeader,     // version, header length or total length
  kIpChecksum,
  kIpOptions,     // IPv4 options with a source route, or that are not whole
  kIp6Extension,  // IPv6 extension headers with a route, or that may not be skipped or are not whole
  kIpFragment,
  kOtherAddress,   // not to an own address
  kMartianSource,  // an address that no packet can come from, or a group MAC
  kOtherProtocol,  // neither UDP nor ICMP echo
  kIcmpChecksum,
  kOtherPort,  // UDP, not to port 53
  kBadUdpLength,
  kUdpChecksum,    // the port, or for IPv6 we, verified it and found it wrong
  kNoUdpChecksum,  // none, over IPv6
  kSourcePortZero,
  kShortDns,      // less than a DNS header
  kIsResponse,    // QR = 1: never an answer to an answer
  kNoAnswerRoom,  // the buffer cannot hold even a header-only answer
  kAcl,           // the zone's access list says not to answer this client
  kRateLimited,   // its network has had its answers
  kTxFull,        // the port or socket did not take the answer
  kKernelFull,    // for the kernel, which did not take them as fast as they came
  kCount,
};
[[nodiscard]] std::string_view DropReasonName(DropReason reason) noexcept;

// Why a TCP connection was closed.
enum class TcpClose : uint8_t {
  kClient,       // the client had no more questions
  kIdle,         // no whole question came for too long
  kSlow,         // what was answered was not taken for too long
  kReset,        // by the client, or by the network
  kEmpty,        // a question of no bytes
  kTooLong,      // one of more bytes than are taken
  kUnanswered,   // one that gets no answer: less than a header, an answer, from a client that is ignored
  kSourceLimit,  // at once: its source has as many as it may have
  kEvicted,      // idle for longer than any other when there were as many as may be and one more came
  kNoMemory,     // no room left for what slow clients do not take
  kCount,
};
[[nodiscard]] std::string_view TcpCloseName(TcpClose reason) noexcept;

struct alignas(64) TcpStats {
  Counter accepted;
  Counter accept_failed;  // no descriptor or memory was left for one: tried again a little later
  std::array<Counter, static_cast<size_t>(TcpClose::kCount)> closed;

  void Close(TcpClose reason) noexcept { closed[static_cast<size_t>(reason)].Add(1); }
};

// How a question of a zone ended.
enum class Outcome : uint8_t { kListed, kNoData, kNxdomain, kServfail, kRefused, kIgnored, kOther, kCount };
[[nodiscard]] std::string_view OutcomeName(Outcome outcome) noexcept;

// What was asked for: the types that mail servers ask a blocklist, and all others together.
enum class AskedType : uint8_t { kA, kNs, kSoa, kMx, kTxt, kAaaa, kAny, kOther, kCount };
[[nodiscard]] AskedType AskedTypeOf(uint16_t qtype) noexcept;
[[nodiscard]] std::string_view AskedTypeName(AskedType type) noexcept;

// Sizes of DNS messages in bytes: at most kSizeLimits[i], and above the last.
inline constexpr std::array<uint16_t, 6> kSizeLimits = {32, 64, 128, 256, 512, 1232};
class SizeCounters {
 public:
  void Add(size_t size, uint64_t n) noexcept {
    size_t at = 0;
    while (at < kSizeLimits.size() && size > kSizeLimits[at]) ++at;
    counters_[at].Add(n);
  }
  [[nodiscard]] const std::array<Counter, kSizeLimits.size() + 1>& counters() const noexcept { return counters_; }

 private:
  std::array<Counter, kSizeLimits.size() + 1> counters_;
};

// What a question's cookie was worth: as dns::CookieState.
inline constexpr size_t kCookieStates = 5;
[[nodiscard]] std::string_view CookieStateName(size_t state) noexcept;

// Zones keep their slot over reloads; those past the last slot are counted in it together.
inline constexpr size_t kZoneSlots = 4096;

struct ZoneCounters {
  std::array<Counter, static_cast<size_t>(Outcome::kCount)> outcomes;
};

struct alignas(64) WorkerStats {
  Counter received;  // frames or datagrams taken from the port or socket
  Counter answered;  // DNS answers that the port or socket took
  Counter arp_replies;
  Counter nd_replies;
  Counter icmp_replies;
  Counter to_kernel;
  Counter bursts;  // receives that brought something
  Counter bytes_received;
  Counter bytes_answered;
  std::array<Counter, static_cast<size_t>(DropReason::kCount)> dropped;
  std::array<Counter, 24> rcodes;  // by extended RCODE: 0 to 16 (BADVERS), 23 (BADCOOKIE)
  std::array<Counter, static_cast<size_t>(AskedType::kCount)> types;  // of questions that could be read
  // Of one message of every burst, which stands for all of it: exact where bursts are of one, else an estimate.
  SizeCounters question_sizes;
  SizeCounters answer_sizes;
  // Where cookies are on: questions by what their cookie was worth; where answers are limited: those over the limit
  // that went out truncated, and those that would have been limited.
  std::array<Counter, kCookieStates> cookies;
  Counter slipped;
  Counter over_limit;
  std::atomic<uint64_t> last_limited{0};  // RateLimit::Network
  std::array<ZoneCounters, kZoneSlots> zones;
  TrafficRing traffic;             // one question of a burst, where it was answered and is for an IPv4 address
  LastConflict address_conflicts;  // among what was dropped, or handed to the kernel

  void CountType(AskedType type, uint64_t n = 1) noexcept { types[static_cast<size_t>(type)].Add(n); }
  void Drop(DropReason reason, uint64_t n = 1) noexcept { dropped[static_cast<size_t>(reason)].Add(n); }
};

}  // namespace rblitz
