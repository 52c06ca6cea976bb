#include "dataplane/grey_zone.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace rblitz {

namespace {

bool ListsAddress(const std::vector<const FeedData*>& feeds, const Ip6Address& client) noexcept {
  const bool is_ip4 = IsV4Mapped(client);
  return std::ranges::any_of(feeds, [&](const FeedData* feed) {
    if (is_ip4) return feed->ip4->Lookup(static_cast<uint32_t>(client.low)) != kNotListed;
    return feed->ip6 != nullptr && feed->ip6->Lookup(client) != kNotListed;
  });
}

bool ListsDigest(const std::vector<const FeedData*>& feeds, const Digest& digest) noexcept {
  return std::ranges::any_of(feeds, [&](const FeedData* feed) {
    return feed->hashes != nullptr && feed->hashes->Lookup(digest) != kNotListed;
  });
}

constexpr GreyDecision kLoading = {.answer = GreyAnswer::kUnrecorded, .reason = GreyReason::kLoading};

}  // namespace

std::optional<GreyDecision> GreyZone::ByClient(const Ip6Address& client) const noexcept {
  const bool may_be_listed = !block.empty() || !pass.empty();
  if (!may_be_listed || ListsAddress(excepted, client)) return std::nullopt;
  if (ListsAddress(block, client)) return {{.answer = GreyAnswer::kBlockList, .reason = GreyReason::kBlockList}};
  if (ListsAddress(pass, client)) return {{.answer = GreyAnswer::kPassList, .reason = GreyReason::kPassList}};
  return std::nullopt;
}

std::optional<GreyDecision> GreyZone::ByList(const GreyQuestion& question) const noexcept {
  if (const auto listed = ByClient(question.client)) return listed;
  if (!ListsDigest(opted_out, question.recipient)) return std::nullopt;
  return {{.answer = GreyAnswer::kOptedOut, .reason = GreyReason::kOptedOut}};
}

GreyDecision GreyZone::Look(const GreyQuestion& question, uint32_t now) const noexcept {
  if (const auto listed = ByList(question)) return *listed;
  return state->is_ready() ? state->table().Look(question.triplet, rules, now) : kLoading;
}

void GreyZone::Decide(std::span<const GreyQuestion> questions, uint32_t now, size_t worker,
                      GreyDecision* decisions) const noexcept {
  Greylist::PerWorker& mine = state->worker(worker);
  const TripletQuestion* asked[TripletTable::kMaxBatch];
  uint8_t owners[TripletTable::kMaxBatch];
  size_t count = 0;
  size_t looks = 0;
  const bool is_ready = state->is_ready();
  for (size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].look_only) {
      ++looks;
    } else if (const auto listed = ByList(questions[i])) {
      decisions[i] = *listed;
    } else if (!is_ready) {
      decisions[i] = kLoading;
    } else {
      owners[count] = static_cast<uint8_t>(i);
      asked[count++] = &questions[i].triplet;
    }
  }
  const std::span<const TripletQuestion* const> all(asked, count);
  if (count == questions.size()) {
    state->table().Decide(all, rules, now, mine.changes.get(), decisions);
  } else {
    GreyDecision decided[TripletTable::kMaxBatch];
    state->table().Decide(all, rules, now, mine.changes.get(), decided);
    for (size_t i = 0; i < count; ++i) decisions[owners[i]] = decided[i];
  }
  for (size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].look_only) {
      decisions[i] = Look(questions[i], now);
    } else {
      mine.Count(decisions[i]);
    }
  }
  mine.looks.Add(looks);
}

size_t GreyText(const GreyDecision& decision, char* out) noexcept {
  char* at = out;
  const auto add = [&](std::string_view text) { at = std::copy(text.begin(), text.end(), at); };
  const auto add_number = [&](uint32_t number) { at = std::to_chars(at, out + kGreyTextBytes, number).ptr; };
  add("v=grey1 s=");
  add(GreyStateName(decision.answer));
  add(" wait=");
  add_number(decision.wait_seconds);
  add(" first=");
  add_number(decision.first);
  add(" why=");
  add(GreyReasonName(decision.reason));
  return static_cast<size_t>(at - out);
}

}  // namespace rblitz
