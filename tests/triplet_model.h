// The naive twin of the greylist: one thread, no limits, maps. Slow, and too simple to be wrong.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "tables/triplet_table.h"

namespace rblitz {

class TripletModel {
 public:
  explicit TripletModel(const TripletRules& rules) : rules_(rules) {}

  GreyDecision Decide(const TripletQuestion& q, uint32_t now) {
    if (rules_.credits > 0) {
      if (Whitelists(&clients_[{q.network, q.client}], rules_.credits, now)) {
        return {.answer = GreyAnswer::kWhitelisted, .reason = GreyReason::kClient};
      }
      if (q.domain != 0 && Whitelists(&domains_[{q.network, q.domain}], 2, now)) {
        return {.answer = GreyAnswer::kWhitelisted, .reason = GreyReason::kSenderDomain};
      }
    }
    Triplet& t = triplets_[KeyOf(q)];
    t.first = std::min(t.first, now);
    t.last = std::min(t.last, now / 60);
    if (t.first == 0 || t.forgotten) return Start(&t, GreyReason::kNew, now);
    if (t.passed && now / 60 - t.last > rules_.lifetime_seconds / 60) return Start(&t, GreyReason::kNew, now);
    if (t.passed) {
      if (now / 60 - t.last >= 60) t.last = now / 60;
      return {.answer = GreyAnswer::kKnown, .reason = GreyReason::kKnown, .first = t.first};
    }
    if (now - t.first > rules_.window_seconds) return Start(&t, GreyReason::kLate, now);
    if (now - t.first < rules_.delay_seconds) return Deferred(t, GreyReason::kEarly, now);
    t.passed = true;
    t.last = now / 60;
    if (rules_.credits > 0) {
      Earn(&clients_[{q.network, q.client}], now / 3600, now);
      if (q.domain != 0) Earn(&domains_[{q.network, q.domain}], q.sender & 0xffffff, now);
    }
    return {.answer = GreyAnswer::kMatured, .reason = GreyReason::kMatured, .first = t.first};
  }

  // The triplet, the credits of its client and the senders of its domain.
  void Forget(const TripletQuestion& q, uint32_t now) {
    const uint32_t today = (now - kMinutesFrom) / 86400;
    Triplet& t = triplets_[KeyOf(q)];
    t = {.first = now, .last = now / 60, .forgotten = true, .epoch = std::max(today, t.epoch + 1)};
    clients_[{q.network, q.client}].credits.clear();
    domains_[{q.network, q.domain}].credits.clear();
  }

  // A copy of the triplet's row, as it may have stood before.
  void Join(const TripletQuestion& q, const TripletRow& row, uint32_t now) {
    const Triplet copy{.first = std::min(row.first, now),
                       .last = std::min(kMinutesFrom / 60 + row.last_minutes, now / 60),
                       .passed = row.passed,
                       .forgotten = row.forgotten,
                       .epoch = row.epoch};
    if (IsExpired(copy, now)) return;
    Triplet& t = triplets_[KeyOf(q)];
    t.first = std::min(t.first, now);
    t.last = std::min(t.last, now / 60);
    if (t.first == 0 || IsExpired(t, now) || copy.epoch > t.epoch || (copy.epoch == t.epoch && copy.forgotten)) {
      t = copy;
    } else if (copy.epoch == t.epoch && !t.forgotten) {
      t.first = std::min(t.first, copy.first);
      t.last = std::max(t.last, copy.last);
      t.passed = t.passed || copy.passed;
    }
  }

 private:
  struct Triplet {
    uint32_t first = 0;
    uint32_t last = 0;  // minutes
    bool passed = false;
    bool forgotten = false;
    uint32_t epoch = 0;
  };
  struct Whitelist {
    std::set<uint64_t> credits;
    uint32_t last = 0;  // minutes
  };

  using Key = std::tuple<bool, uint64_t, uint64_t>;
  static Key KeyOf(const TripletQuestion& q) { return {q.aligned, q.aligned ? q.domain : q.network, q.triplet}; }

  [[nodiscard]] bool IsExpired(uint32_t last, uint32_t now) const {
    return now / 60 > last && now / 60 - last > rules_.lifetime_seconds / 60;
  }
  [[nodiscard]] bool IsExpired(const Whitelist& list, uint32_t now) const { return IsExpired(list.last, now); }
  [[nodiscard]] bool IsExpired(const Triplet& t, uint32_t now) const {
    return t.passed || t.forgotten ? IsExpired(t.last, now) : now > t.first && now - t.first > rules_.window_seconds;
  }
  bool Whitelists(Whitelist* list, size_t needed, uint32_t now) const {
    if (IsExpired(*list, now)) list->credits.clear();
    if (list->credits.size() < needed) return false;
    if (now / 60 < list->last || now / 60 - list->last >= 60) list->last = now / 60;
    return true;
  }
  void Earn(Whitelist* list, uint64_t credit, uint32_t now) const {
    if (IsExpired(*list, now)) list->credits.clear();
    list->credits.insert(credit);
    list->last = now / 60;
  }
  [[nodiscard]] GreyDecision Deferred(const Triplet& t, GreyReason reason, uint32_t now) const {
    return {.answer = GreyAnswer::kDefer,
            .reason = reason,
            .wait_seconds = rules_.delay_seconds - (now - t.first),
            .first = t.first};
  }
  GreyDecision Start(Triplet* t, GreyReason reason, uint32_t now) const {
    *t = {.first = now, .last = now / 60, .epoch = t->epoch + (t->forgotten ? 1 : 0)};
    return Deferred(*t, reason, now);
  }

  TripletRules rules_;
  std::map<Key, Triplet> triplets_;
  std::map<std::pair<uint64_t, uint64_t>, Whitelist> clients_;
  std::map<std::pair<uint64_t, uint64_t>, Whitelist> domains_;
};

}  // namespace rblitz
