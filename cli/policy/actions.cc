#include "cli/policy/actions.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

namespace rblitz::policy {

namespace {

// 4.2.0: some take 4.7.1 for a failure that lasts.
constexpr std::string_view kDefer = "DEFER_IF_PERMIT 4.2.0 ";
constexpr std::string_view kSecondsUnknown = "Greylisted, try again later";
constexpr std::string_view kPass = "DUNNO";

std::optional<uint32_t> NumberOf(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

Look LookFromText(std::string_view text) {
  if (!text.starts_with("v=grey1 ")) return {};
  return {.wait_seconds = NumberOf(text, " wait="), .first = NumberOf(text, " first=")};
}

uint64_t InstanceHash(std::string_view instance) {
  if (instance.empty()) return 0;
  return std::max<uint64_t>(std::hash<std::string_view>()(instance), 1);
}

Actions::Actions(std::string text, bool header, std::string block_action, std::string host)
    : text_(std::move(text)), header_(header), block_action_(std::move(block_action)), host_(std::move(host)) {}

bool Actions::WantsLook(Outcome outcome, uint64_t instance) const {
  if (outcome == Outcome::kDeferred) return text_.find("%s") != std::string::npos;
  return outcome == Outcome::kMatured && header_ && !HasHeader(instance);
}

bool Actions::HasHeader(uint64_t instance) const {
  return instance != 0 && instances_[instance % kInstances] == instance;
}

std::string_view Actions::Of(Outcome outcome, const Look& look, uint64_t instance, std::time_t now, uint64_t* headers) {
  if (outcome == Outcome::kBlocked) return block_action_;
  if (outcome == Outcome::kDeferred) {
    Defer(look);
    return action_;
  }
  if (outcome != Outcome::kMatured || !header_ || HasHeader(instance)) return kPass;
  if (instance != 0) instances_[instance % kInstances] = instance;
  ++*headers;
  Header(look, now);
  return action_;
}

void Actions::Defer(const Look& look) {
  const size_t at = text_.find("%s");
  action_ = kDefer;
  if (at == std::string::npos) {
    action_ += text_;
  } else if (!look.wait_seconds) {
    action_ += kSecondsUnknown;
  } else {
    action_ += text_;
    action_.replace(kDefer.size() + at, 2, std::to_string(*look.wait_seconds));
  }
}

void Actions::Header(const Look& look, std::time_t now) {
  action_ = "PREPEND X-Greylist: delayed ";
  if (look.first && *look.first != 0 && now >= *look.first) {
    action_ += std::to_string(now - *look.first) + " seconds ";
  }
  action_ += "by rblitz at " + host_;
}

}  // namespace rblitz::policy
