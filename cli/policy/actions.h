// What Postfix is told: an action for each outcome, and the header of a mail that has waited, once a mail.
//
// Nothing of a request is in it, so that no sender can put words into an answer.
//
// Thread-safety: one thread. Lifetime: what Of returns is valid until its next call.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "cli/policy/counters.h"

namespace rblitz::policy {

// What the greylist's TXT says of a triplet.
struct Look {
  std::optional<uint32_t> wait_seconds;
  std::optional<uint32_t> first;  // Unix time
};
[[nodiscard]] Look LookFromText(std::string_view text);

// Of an instance; 0: there is none.
[[nodiscard]] uint64_t InstanceHash(std::string_view instance);

class Actions {
 public:
  // `text`: behind the code; %s is how many seconds are left. `host`: who says so in the header.
  Actions(std::string text, bool header, std::string block_action, std::string host);

  // Whether a look is worth a question: its seconds would be said.
  [[nodiscard]] bool WantsLook(Outcome outcome, uint64_t instance) const;

  // `headers` counts those that were given.
  [[nodiscard]] std::string_view Of(Outcome outcome, const Look& look, uint64_t instance, std::time_t now,
                                    uint64_t* headers);

 private:
  static constexpr size_t kInstances = 1024;

  [[nodiscard]] bool HasHeader(uint64_t instance) const;
  void Defer(const Look& look);
  void Header(const Look& look, std::time_t now);

  std::string text_;
  bool header_;
  std::string block_action_;
  std::string host_;
  std::string action_;
  std::array<uint64_t, kInstances> instances_{};  // that have their header, by hash
};

}  // namespace rblitz::policy
