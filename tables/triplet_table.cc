#include "tables/triplet_table.h"

#include <algorithm>
#include <cassert>

#include "tables/prefetch_lines.h"

namespace rblitz {

namespace {

// Workers that change one row at a time lose to each other seldom; a row that is lost more often is left as it is.
constexpr int kAttempts = 16;
constexpr uint32_t kRefreshMinutes = 60;

// Most rows that are asked for: passed, seen lately, no time of the future. StepOf would say no more than that.
bool IsKnownAsItIs(const TripletRow& row, const RulesAt& at) {
  const uint32_t unseen = at.minutes() - row.last_minutes;  // huge for a time of the future
  return row.passed && !row.forgotten && row.first <= at.now() && unseen < kRefreshMinutes &&
         unseen <= at.lifetime_minutes();
}

// What a triplet's row becomes and what is answered. A pure function: time is all that it asks.
struct Step {
  TripletRow next;
  GreyDecision decision;
};

GreyDecision Deferred(GreyReason reason, uint32_t first, const RulesAt& at) {
  const uint32_t waited = Since(first, at.now());
  const uint32_t delay = at.rules().delay_seconds;
  return {.answer = GreyAnswer::kDefer,
          .reason = reason,
          .wait_seconds = delay > waited ? delay - waited : 0,
          .first = first};
}

Step StartedAnew(const TripletRow& row, GreyReason reason, const RulesAt& at) {
  TripletRow next{.key = row.key, .first = at.now(), .last_minutes = at.minutes(), .epoch = row.epoch};
  if (row.forgotten) next.epoch = EpochAfter(row.epoch);
  return {next, Deferred(reason, at.now(), at)};
}

Step StepOf(const TripletRow& row, const RulesAt& at) {
  TripletRow next = Clamped(row, at.now());
  if (row.forgotten) return StartedAnew(row, GreyReason::kNew, at);
  if (IsExpired(next, at)) return StartedAnew(row, row.passed ? GreyReason::kNew : GreyReason::kLate, at);
  if (row.passed) {
    // A time of the future that was clamped is written back as it is.
    if (at.minutes() - next.last_minutes >= kRefreshMinutes) next.last_minutes = at.minutes();
    return {next, {.answer = GreyAnswer::kKnown, .reason = GreyReason::kKnown, .first = next.first}};
  }
  if (at.now() - next.first < at.rules().delay_seconds) return {next, Deferred(GreyReason::kEarly, next.first, at)};
  next.passed = true;
  next.last_minutes = at.minutes();
  return {next, {.answer = GreyAnswer::kMatured, .reason = GreyReason::kMatured, .first = next.first}};
}

bool IsWhitelisted(const TripletRow& seen, const RulesAt& at) {
  const TripletRow row = Clamped(seen, at.now());
  if (row.forgotten || IsExpired(row, at)) return false;
  return row.key.kind == TripletKind::kClient ? Credits(row) >= at.rules().credits : Senders(row.payload) >= 2;
}

TripletKey ClientOf(const TripletQuestion& q) {
  const uint64_t network = q.client_network != 0 ? q.client_network : q.network;
  return {.network = network, .fingerprint = q.client, .kind = TripletKind::kClient};
}

TripletKey SenderDomainOf(const TripletQuestion& q) {
  return {.network = q.network, .fingerprint = q.domain, .kind = TripletKind::kSenderDomain};
}

constexpr GreyDecision Unrecorded(GreyReason reason) { return {.answer = GreyAnswer::kUnrecorded, .reason = reason}; }

GreyDecision Whitelist(TripletKind kind) {
  return {.answer = GreyAnswer::kWhitelisted,
          .reason = kind == TripletKind::kClient ? GreyReason::kClient : GreyReason::kSenderDomain};
}

}  // namespace

struct TripletTable::Homes {
  TripletSlots::Home triplet;
  TripletSlots::Home client;
  TripletSlots::Home sender_domain;
  NetworkRecords::Home record;
  bool asks_client;  // what the rules and the question ask for; the others are never looked at
  bool asks_sender_domain;
};

// A question with all that its decision needs to know.
struct TripletTable::Asking {
  const TripletQuestion& question;
  const Homes& homes;
  const RulesAt& at;
  TripletRing* changes;
  bool may_record;

  void Push(const TripletRow& row) const noexcept {
    if (changes != nullptr) changes->Push(row);
  }
};

TripletTable::TripletTable(uint64_t max_triplets, uint64_t seed)
    : slots_(max_triplets, seed), records_(max_triplets, seed + 1) {}

// In place: copies of fields just written would wait for them.
void TripletTable::FindHomes(const TripletQuestion& q, const TripletRules& rules, Homes* homes) const noexcept {
  homes->asks_client = rules.credits > 0;
  homes->asks_sender_domain = homes->asks_client && q.domain != 0;
  homes->triplet = slots_.HomeOf(KeyOf(q));
  homes->record = records_.HomeOf(q.network);
  if (homes->asks_client) homes->client = slots_.HomeOf(ClientOf(q));
  if (homes->asks_sender_domain) homes->sender_domain = slots_.HomeOf(SenderDomainOf(q));
}

void TripletTable::FetchHeads(std::span<const TripletQuestion* const> questions, const TripletRules& rules,
                              Homes* homes) const noexcept {
  PrefetchLines<kChunk * 3> lines;
  for (size_t i = 0; i < questions.size(); ++i) {
    FindHomes(*questions[i], rules, &homes[i]);
    lines.Add(slots_.HeadOf(homes[i].triplet));
    if (homes[i].asks_client) lines.Add(slots_.WhitelistHintOf(homes[i].client));
    if (homes[i].asks_sender_domain) lines.Add(slots_.WhitelistHintOf(homes[i].sender_domain));
  }
  lines.Prefetch();
}

bool TripletTable::MayPassClient(const Homes& homes) const noexcept {
  return homes.asks_client && slots_.MayHoldWhitelist(homes.client);
}

bool TripletTable::MayPassSenderDomain(const Homes& homes) const noexcept {
  return homes.asks_sender_domain && slots_.MayHoldWhitelist(homes.sender_domain);
}

// Of the few whitelists that there may be.
void TripletTable::FetchWhitelists(std::span<const Homes> homes) const noexcept {
  PrefetchLines<kChunk * 2> lines;
  for (const Homes& each : homes) {
    if (MayPassClient(each)) lines.Add(slots_.HeadOf(each.client));
    if (MayPassSenderDomain(each)) lines.Add(slots_.HeadOf(each.sender_domain));
  }
  lines.Prefetch();
}

// Heads say where rows are, or where there is room for one.
void TripletTable::FetchRows(std::span<const Homes> homes) const noexcept {
  PrefetchLines<kChunk * kLinesEach> lines;
  const auto add = [&](const void* line) { lines.Add(line); };
  for (const Homes& each : homes) {
    bool is_known = slots_.ForRows(each.triplet, add);
    if (MayPassClient(each)) is_known |= slots_.ForRows(each.client, add);
    if (MayPassSenderDomain(each)) is_known |= slots_.ForRows(each.sender_domain, add);
    if (is_known) continue;
    slots_.ForRoom(each.triplet, add);
    lines.Add(records_.LineOf(each.record));
  }
  lines.Prefetch();
}

void TripletTable::Decide(std::span<const TripletQuestion> questions, const TripletRules& rules, uint32_t now,
                          TripletRing* changes, GreyDecision* decisions) noexcept {
  assert(questions.size() <= kMaxBatch);
  const TripletQuestion* each[kMaxBatch];
  for (size_t i = 0; i < questions.size(); ++i) each[i] = &questions[i];
  Decide(std::span<const TripletQuestion* const>(each, questions.size()), rules, now, changes, decisions);
}

// Chunk by chunk: while memory brings what three chunks need next, the one before them is decided.
void TripletTable::Decide(std::span<const TripletQuestion* const> questions, const TripletRules& rules, uint32_t now,
                          TripletRing* changes, GreyDecision* decisions) noexcept {
  assert(questions.size() <= kMaxBatch && rules.credits <= kMaxCredits && rules.new_rows <= kMaxNewRows);
  const RulesAt at(rules, now);
  Homes homes[kMaxBatch];
  const size_t chunks = (questions.size() + kChunk - 1) / kChunk;
  const auto of_chunk = [&](size_t chunk, auto act) {
    if (chunk >= chunks) return;  // of those before the first, which have wrapped, too
    const size_t from = chunk * kChunk;
    act(from, std::min(kChunk, questions.size() - from));
  };
  for (size_t step = 0; step < chunks + 3; ++step) {
    of_chunk(step, [&](size_t from, size_t size) { FetchHeads(questions.subspan(from, size), rules, &homes[from]); });
    of_chunk(step - 1, [&](size_t from, size_t size) { FetchWhitelists({&homes[from], size}); });
    of_chunk(step - 2, [&](size_t from, size_t size) { FetchRows({&homes[from], size}); });
    of_chunk(step - 3, [&](size_t from, size_t size) {
      for (size_t i = from; i < from + size; ++i) {
        decisions[i] = DecideOne({.question = *questions[i],
                                  .homes = homes[i],
                                  .at = at,
                                  .changes = changes,
                                  .may_record = changes == nullptr || changes->Room() >= kMaxChanges});
      }
    });
  }
}

bool TripletTable::IsWhitelistedNow(const Asking& asking, const TripletKey& key, TripletSlots::Home home) noexcept {
  std::optional<TripletSlots::Found> found = slots_.Find(key, home);
  if (!found || !IsWhitelisted(found->row, asking.at)) return false;
  Refresh(asking, &*found);
  return true;
}

GreyDecision TripletTable::DecideOne(const Asking& asking) noexcept {
  const TripletQuestion& q = asking.question;
  const Homes& homes = asking.homes;
  if (MayPassClient(homes) && IsWhitelistedNow(asking, ClientOf(q), homes.client)) {
    return Whitelist(TripletKind::kClient);
  }
  if (MayPassSenderDomain(homes) && IsWhitelistedNow(asking, SenderDomainOf(q), homes.sender_domain)) {
    return Whitelist(TripletKind::kSenderDomain);
  }
  return DecideTriplet(asking);
}

// A lost race means that somebody else has just done the same.
void TripletTable::Refresh(const Asking& asking, TripletSlots::Found* found) noexcept {
  TripletRow next = Clamped(found->row, asking.at.now());
  const uint32_t minutes = asking.at.minutes();
  if (next.last_minutes == found->row.last_minutes && minutes - next.last_minutes < kRefreshMinutes) return;
  next.last_minutes = minutes;
  if (!asking.may_record || !slots_.Change(found, next)) return;
  asking.Push(found->row);
  records_.NotePass(records_.HomeOf(asking.question.network), minutes, asking.at);
}

GreyDecision TripletTable::DecideTriplet(const Asking& asking) noexcept {
  const TripletKey key = KeyOf(asking.question);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::optional<TripletSlots::Found> found = slots_.Find(key, asking.homes.triplet);
    if (!found) return AddNew(asking, key);
    if (IsKnownAsItIs(found->row, asking.at)) {
      return {.answer = GreyAnswer::kKnown, .reason = GreyReason::kKnown, .first = found->row.first};
    }
    Step step = StepOf(found->row, asking.at);
    if (step.next == found->row) return step.decision;
    if (!asking.may_record) {
      return step.decision.answer == GreyAnswer::kKnown ? step.decision : Unrecorded(GreyReason::kBehind);
    }
    if (!slots_.Change(&*found, step.next)) continue;
    asking.Push(found->row);
    if (step.decision.answer == GreyAnswer::kMatured) step.decision.pushed_out = Mature(asking);
    if (step.decision.answer == GreyAnswer::kKnown) NotePasses(asking);
    return step.decision;
  }
  return Unrecorded(GreyReason::kFull);
}

// What a network gets that has made as many new rows as it may.
std::optional<GreyDecision> TripletTable::Capped(NetworkRecords::Home home, const RulesAt& at) const noexcept {
  const NetworkRecords::Record record = records_.Look(home, at);
  if (record.new_rows < at.rules().new_rows) return std::nullopt;
  if (record.passed) return Unrecorded(GreyReason::kCapped);
  GreyDecision deferred = Deferred(GreyReason::kCapped, at.now(), at);
  deferred.first = 0;
  return deferred;
}

GreyDecision TripletTable::AddNew(const Asking& asking, const TripletKey& key) noexcept {
  const RulesAt& at = asking.at;
  if (!asking.may_record) return Unrecorded(GreyReason::kBehind);
  const NetworkRecords::Home record = asking.homes.record;
  if (const auto capped = Capped(record, at)) return *capped;
  const TripletRow row{.key = key, .first = at.now(), .last_minutes = at.minutes()};
  const std::optional<PushedOut> inserted = slots_.Insert(row, asking.homes.triplet, records_, at);
  if (!inserted) return Unrecorded(GreyReason::kFull);
  records_.NoteNewRow(record, at);
  asking.Push(row);
  GreyDecision deferred = Deferred(GreyReason::kNew, at.now(), at);
  deferred.pushed_out = *inserted;
  return deferred;
}

void TripletTable::NotePasses(const Asking& asking) noexcept {
  const TripletQuestion& q = asking.question;
  records_.NotePass(records_.HomeOf(q.network), asking.at.minutes(), asking.at);
  if (q.aligned) records_.NotePass(records_.HomeOf(q.domain), asking.at.minutes(), asking.at);
}

PushedOut TripletTable::Mature(const Asking& asking) noexcept {
  const TripletQuestion& q = asking.question;
  NotePasses(asking);
  if (asking.at.rules().credits == 0) return PushedOut::kNothing;
  const PushedOut of_client = Earn(asking, ClientOf(q), asking.homes.client);
  if (q.domain == 0) return of_client;
  return std::max(of_client, Earn(asking, SenderDomainOf(q), asking.homes.sender_domain));
}

PushedOut TripletTable::Earn(const Asking& asking, const TripletKey& key, TripletSlots::Home home) noexcept {
  const RulesAt& at = asking.at;
  const bool is_client = key.kind == TripletKind::kClient;
  TripletRow fresh{.key = key, .first = at.now(), .last_minutes = at.minutes()};
  if (!is_client) fresh.payload = WithSender(0, asking.question.sender);
  bool has_changed = false;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::optional<TripletSlots::Found> found = slots_.Find(key, home);
    if (!found) {
      const std::optional<PushedOut> inserted = slots_.Insert(fresh, home, records_, at);
      if (inserted) asking.Push(fresh);
      return inserted.value_or(PushedOut::kNothing);
    }
    TripletRow next = Clamped(found->row, at.now());
    if (next.forgotten || IsExpired(next, at)) {
      next = fresh;
      next.epoch = found->row.forgotten ? EpochAfter(found->row.epoch) : found->row.epoch;
    } else {
      next.payload = is_client ? WithCredit(next, at.now()) : WithSender(next.payload, asking.question.sender);
      next.last_minutes = at.minutes();
    }
    const bool is_there = next == found->row;
    if (is_there && !has_changed) break;
    const uint64_t before = found->extra;
    if (is_there || slots_.Change(&*found, next)) {
      asking.Push(found->row);
      break;
    }
    // The credit may be there already, and is yet to be handed over.
    has_changed |= found->extra != before;
  }
  return PushedOut::kNothing;
}

GreyDecision TripletTable::Look(const TripletQuestion& q, const TripletRules& rules, uint32_t now) const noexcept {
  const RulesAt at(rules, now);
  Homes homes;
  FindHomes(q, rules, &homes);
  const auto passes = [&](const TripletKey& key, TripletSlots::Home home) {
    const std::optional<TripletSlots::Found> found = slots_.Find(key, home);
    return found && IsWhitelisted(found->row, at);
  };
  if (MayPassClient(homes) && passes(ClientOf(q), homes.client)) return Whitelist(TripletKind::kClient);
  if (MayPassSenderDomain(homes) && passes(SenderDomainOf(q), homes.sender_domain)) {
    return Whitelist(TripletKind::kSenderDomain);
  }
  if (const auto found = slots_.Find(KeyOf(q), homes.triplet)) {
    GreyDecision decision = StepOf(found->row, at).decision;
    const bool would_begin = decision.reason == GreyReason::kNew || decision.reason == GreyReason::kLate;
    if (would_begin) decision.first = 0;
    return decision;
  }
  if (const auto capped = Capped(records_.HomeOf(q.network), at)) return *capped;
  GreyDecision deferred = Deferred(GreyReason::kNew, now, at);
  deferred.first = 0;
  return deferred;
}

}  // namespace rblitz
