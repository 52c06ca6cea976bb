#include "cli/policy/asker.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace rblitz::policy {

Asker::Asker(size_t servers, std::chrono::milliseconds timeout, Transport first, std::function<uint16_t()> random,
             Carrier* carrier, Done done)
    : servers_(servers),
      step_(timeout / kTries),
      first_(first),
      random_(std::move(random)),
      carrier_(carrier),
      done_(std::move(done)),
      by_id_(servers, std::vector<uint32_t>(65536, kNone)),
      health_(servers) {
  assert(servers >= 1 && servers <= kMaxServers);
}

bool Asker::Ask(const Question& question, Token token, Clock::time_point now) {
  const uint32_t index = Take(question, token);
  if (index == kNone) return false;
  slots_[index].steps = static_cast<unsigned>(servers_) * kTries;
  if (SetOrder(slots_[index], now) == 0) {
    slots_[index].order[0] = static_cast<uint8_t>(turn_++ % servers_);
    slots_[index].steps = 1;
  }
  Send(index, now);
  return true;
}

bool Asker::Look(const Question& question, size_t server, Token token, Clock::time_point now) {
  const uint32_t index = Take(question, token);
  if (index == kNone) return false;
  slots_[index].order[0] = static_cast<uint8_t>(server);
  slots_[index].steps = 1;
  Send(index, now);
  return true;
}

uint32_t Asker::Take(const Question& question, Token token) {
  if (free_.empty() && slots_.size() == kMaxOutstanding) return kNone;
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.question = question;
  slot.token = token;
  slot.step = 0;
  slot.tcp_refused = false;
  slot.is_used = true;
  return index;
}

// Those that answer in their order, among them one whose time to be tried again has come; then the others. Returns how
// many the former are.
size_t Asker::SetOrder(Slot& slot, Clock::time_point now) {
  size_t count = 0;
  std::array<bool, kMaxServers> later{};
  for (size_t server = 0; server < servers_; ++server) {
    Health& health = health_[server];
    later[server] = health.is_down && now < health.until;
    if (later[server]) continue;
    if (health.is_down) health.until = now + kHoldOff;
    slot.order[count++] = static_cast<uint8_t>(server);
  }
  const size_t hopeful = count;
  for (size_t server = 0; server < servers_; ++server) {
    if (later[server]) slot.order[count++] = static_cast<uint8_t>(server);
  }
  return hopeful;
}

bool Asker::IsOverTcp(const Slot& slot) const {
  const unsigned attempt = slot.step % kTries;
  // A try that is the only one goes over UDP.
  if (attempt == 0) return first_ == Transport::kTcp && slot.steps > 1 && !slot.tcp_refused;
  return attempt + 1 == kTries;
}

void Asker::Send(uint32_t index, Clock::time_point now) {
  Slot& slot = slots_[index];
  const size_t server = slot.server();
  const bool is_known = slot.step != 0 && by_id_[server][slot.ids[server]] == index;
  if (!is_known) {
    slot.ids[server] = FreeId(server);
    by_id_[server][slot.ids[server]] = index;
  }
  slot.question.set_id(slot.ids[server]);
  deadlines_.push_back({.at = now + step_, .slot = index, .turn = ++slot.turn});
  if (IsOverTcp(slot)) {
    carrier_->SendTcp(server, slot.question);
  } else {
    carrier_->SendUdp(server, slot.question);
  }
}

uint16_t Asker::FreeId(size_t server) const {
  uint16_t id = random_();
  while (by_id_[server][id] != kNone) id = random_();
  return id;
}

void Asker::GoOn(uint32_t index, unsigned step, Clock::time_point now) {
  Slot& slot = slots_[index];
  if (step >= slot.steps) return Finish(index, Asked{});
  if (step % kTries == 0) slot.tcp_refused = false;  // another server's
  slot.step = step;
  Send(index, now);
}

void Asker::Finish(uint32_t index, Asked asked) {
  Slot& slot = slots_[index];
  asked.question = &slot.question;
  for (unsigned i = 0; i <= slot.step / kTries; ++i) {
    uint32_t& holder = by_id_[slot.order[i]][slot.ids[slot.order[i]]];
    if (holder == index) holder = kNone;
  }
  slot.is_used = false;
  ++slot.turn;
  const Token token = slot.token;
  free_.push_back(index);
  done_(token, asked);
}

void Asker::NoteFailure(size_t server, Clock::time_point now) {
  Health& health = health_[server];
  if (++health.failures < kFailures || health.is_down) return;
  health.is_down = true;
  health.until = now + kHoldOff;
}

void Asker::OnMessage(size_t server, std::span<const uint8_t> message, Clock::time_point now) {
  if (message.size() < kQuestionHeader) return;
  const uint32_t index = by_id_[server][MessageId(message)];
  if (index == kNone) return;
  Slot& slot = slots_[index];
  slot.question.set_id(slot.ids[server]);  // another server may have been asked since, by another id
  Asked asked{.answered = true, .server = server, .reply = ReadReply(message, slot.question)};
  slot.question.set_id(slot.ids[slot.server()]);
  if (asked.reply.kind == ReplyKind::kForeign) return;
  // One that answers that it cannot is no help: it counts as one that is silent.
  if (asked.reply.kind != ReplyKind::kFailed) health_[server] = Health{};
  if (asked.reply.kind == ReplyKind::kData) return Finish(index, std::move(asked));
  if (server != slot.server()) return;
  const unsigned first = slot.step / kTries * kTries;
  if (asked.reply.kind == ReplyKind::kFailed) {
    NoteFailure(server, now);
    return GoOn(index, first + kTries, now);
  }
  const unsigned over_tcp = first + kTries - 1;
  slot.steps = std::max(slot.steps, first + kTries);  // it is there, even if it had one try alone
  if (slot.step < over_tcp) GoOn(index, over_tcp, now);
}

void Asker::OnRefused(size_t server, bool over_tcp, Clock::time_point now) {
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    Slot& slot = slots_[index];
    if (!slot.is_used || slot.server() != server || IsOverTcp(slot) != over_tcp) continue;
    if (over_tcp && slot.step % kTries == 0) {
      slot.tcp_refused = true;
      carrier_->SendUdp(server, slot.question);  // within the time that this try has
      continue;
    }
    const unsigned next = (slot.step / kTries + 1) * kTries;
    if (next >= slot.steps) continue;
    NoteFailure(server, now);
    GoOn(index, next, now);
  }
}

void Asker::OnTime(Clock::time_point now) {
  while (!deadlines_.empty()) {
    const Deadline deadline = deadlines_.front();
    const Slot& slot = slots_[deadline.slot];
    const bool counts = slot.is_used && slot.turn == deadline.turn;
    if (counts && deadline.at > now) break;
    deadlines_.pop_front();  // before its time where the question is over, so that nobody wakes for it
    if (!counts) continue;
    const unsigned next = slot.step + 1;
    if (next % kTries == 0) NoteFailure(slot.server(), now);
    GoOn(deadline.slot, next, now);
  }
}

void Asker::GiveUp() {
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].is_used) Finish(index, Asked{});
  }
}

std::optional<Asker::Clock::time_point> Asker::next() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.front().at;
}

}  // namespace rblitz::policy
