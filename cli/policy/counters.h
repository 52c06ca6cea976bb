// What the policy service has done since its start.
//
// Thread-safety: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rblitz::policy {

// What became of a request. Everything but kDeferred passes, kBlocked as configured.
enum class Outcome : uint8_t {
  kDeferred,
  kMatured,
  kKnown,
  kAutoWhitelisted,
  kPassListed,
  kOptedOut,
  kUnrecorded,
  kBlocked,
  kOther,  // an answer that means nothing
  kAuthenticated,
  kLocal,
  kNullSender,
  kClientListed,
  kRecipientListed,
  kNoRecipient,  // not at RCPT TO
  kUnusable,     // no address of a client, or one that makes no name
  kOverload,     // too many questions are outstanding
  kUnanswered,   // no server has answered in time
};

inline constexpr std::array kOutcomeNames = {
    std::string_view("deferred"),         std::string_view("matured"),        std::string_view("known"),
    std::string_view("auto_whitelisted"), std::string_view("pass_list"),      std::string_view("opted_out"),
    std::string_view("unrecorded"),       std::string_view("block_list"),     std::string_view("other_answer"),
    std::string_view("authenticated"),    std::string_view("local"),          std::string_view("null_sender"),
    std::string_view("client_list"),      std::string_view("recipient_list"), std::string_view("no_recipient"),
    std::string_view("unusable"),         std::string_view("overload"),       std::string_view("unanswered"),
};
static_assert(kOutcomeNames.size() == static_cast<size_t>(Outcome::kUnanswered) + 1);

[[nodiscard]] constexpr std::string_view NameOf(Outcome outcome) { return kOutcomeNames[static_cast<size_t>(outcome)]; }

struct Counters {
  std::array<uint64_t, kOutcomeNames.size()> outcomes{};
  uint64_t connections = 0;
  uint64_t requests = 0;
  uint64_t headers = 0;    // X-Greylist
  uint64_t broken = 0;     // clients that broke the protocol
  uint64_t timed_out = 0;  // clients that were idle, half way or did not read
  uint64_t evicted = 0;    // clients that went for new ones
  uint64_t refused = 0;    // clients for which there was no room

  void Count(Outcome outcome) { ++outcomes[static_cast<size_t>(outcome)]; }
};

}  // namespace rblitz::policy
