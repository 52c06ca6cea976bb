#include "cli/blast/asker.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "dataplane/dns/wire.h"

namespace rblitz::blast {

namespace {

// After the end, what was due before it may still go out for so long.
constexpr uint64_t kGrace = kSecond / 20;
// How long to wait when a link takes nothing.
constexpr uint64_t kBlockedWait = 20'000;
// Batches of answers that are taken before the next look at the clock.
constexpr int kMostBatches = 4;

}  // namespace

uint64_t MostUnderWay(const Load& load) noexcept {
  if (load.millirate == 0) return load.window;
  const double most = static_cast<double>(load.millirate) / 1000 * static_cast<double>(load.timeout) / kSecond;
  return static_cast<uint64_t>(most) + kBatch;
}

Status CheckRoom(const Load& load, size_t flows) {
  if (MostUnderWay(load) <= flows * UnderWay::kIds) return {};
  return Fail("rate and timeout need " + std::to_string(MostUnderWay(load) / UnderWay::kIds + 1) +
              " source ports, but there are " + std::to_string(flows) + " (--sources, --source-ports)");
}

Asker::Asker(const QuestionSet& set, const Oracle* oracle, const Load& load, Link& link, const std::atomic<bool>* stop)
    : set_(set),
      oracle_(oracle),
      load_(load),
      link_(link),
      stop_(stop),
      // Twice as many places as may be needed, so that late answers are known for a while.
      under_way_(link.flows(), link.run(), 2 * MostUnderWay(load)),
      random_(load.seed),
      at_(load.first % set.size()) {}

Counts Asker::Run() {
  start_ = link_.Now();
  if (load_.millirate != 0) {
    pace_.emplace(start_, load_.millirate, load_.random_arrivals ? std::optional(load_.seed) : std::nullopt);
  }
  uint64_t end_of_asking = 0;
  while (true) {
    const uint64_t now = link_.Now();
    const bool asking = end_of_asking == 0 && IsAsking(now);
    if (!asking && end_of_asking == 0) end_of_asking = now;
    const size_t asked = asking ? Ask(now) : 0;
    const size_t heard = Hear();
    const uint64_t later = link_.Now();
    counts_.lost += under_way_.GiveUp(later - std::min(later, load_.timeout));
    if (!asking && under_way_.count() == 0) break;
    if (asked == 0 && heard == 0) link_.Wait(WakeAt(later, asking));
  }
  Finish(end_of_asking);
  return std::move(counts_);
}

bool Asker::IsAsking(uint64_t now) const noexcept {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) return false;
  if (load_.count != 0 && counts_.sent >= load_.count) return false;
  const uint64_t end = start_ + load_.duration;
  if (now < end) return true;
  return pace_ && pace_->next() < end && now < end + kGrace;
}

size_t Asker::DueNow(uint64_t now) const noexcept {
  const uint64_t wanted = load_.count != 0 ? std::min<uint64_t>(load_.count - counts_.sent, kBatch) : kBatch;
  if (pace_) return pace_->next() <= now ? wanted : 0;
  const uint64_t room = load_.window - std::min<uint64_t>(load_.window, under_way_.count());
  return std::min(wanted, room);
}

size_t Asker::Ask(uint64_t now) noexcept {
  const size_t most = DueNow(now);
  const uint64_t end = start_ + load_.duration;
  const Pace before = pace_.value_or(Pace(0, 1));
  size_t n = 0;
  for (; n < most && under_way_.has_room(); ++n) {
    if (pace_ && (pace_->next() > now || pace_->next() >= end)) break;
    Prepare(outgoing_[n], now);
  }
  const size_t taken = n > 0 ? link_.Send({outgoing_.data(), n}) : 0;
  blocked_ = taken == 0 && most > 0;
  if (taken < n) {
    under_way_.TakeBack(n - taken);
    at_ = (at_ + set_.size() - (n - taken) % set_.size()) % set_.size();
    if (pace_) {
      *pace_ = before;
      for (size_t i = 0; i < taken; ++i) pace_->Take();
    }
  }
  counts_.sent += taken;
  return taken;
}

void Asker::Prepare(Outgoing& question, uint64_t now) noexcept {
  size_t asked = at_;
  if (load_.random_order) {
    asked = random_() % set_.size();
  } else {
    at_ = at_ + 1 < set_.size() ? at_ + 1 : 0;
  }
  const UnderWay::Ticket ticket =
      under_way_.Begin(static_cast<uint32_t>(asked), set_.hash(asked), pace_ ? pace_->next() : now, now);
  const std::span<const uint8_t> message = set_.message(asked);
  question.flow = ticket.flow;
  question.size = static_cast<uint16_t>(message.size());
  std::memcpy(question.bytes.data(), message.data(), message.size());
  dns::Store16(question.bytes.data(), ticket.id);
  if (pace_) pace_->Take();
}

size_t Asker::Hear() {
  size_t heard = 0;
  for (int batch = 0; batch < kMostBatches; ++batch) {
    const size_t n = link_.Receive(arrived_);
    if (n > 0) {
      const uint64_t now = link_.Now();
      for (size_t i = 0; i < n; ++i) Take(arrived_[i], now);
    }
    heard += n;
    if (n < kBatch) break;
  }
  return heard;
}

void Asker::Take(const Arrived& arrived, uint64_t now) {
  const std::optional<AnswerHead> head = ReadAnswerHead(arrived.message);
  if (!head) {
    ++counts_.stray;
    return;
  }
  const auto answered = under_way_.Answer(arrived.flow, head->id, head->has_question ? &head->hash : nullptr);
  if (answered.fate == UnderWay::Fate::kStray) {
    ++counts_.stray;
    return;
  }
  if (answered.fate == UnderWay::Fate::kLate) {
    ++counts_.late;
    return;
  }
  ++counts_.answered;
  ++counts_.rcodes[head->rcode];
  counts_.latency.Record(now > answered.due ? now - answered.due : 0);
  if (oracle_ == nullptr) return;
  const std::string mistake = oracle_->Judge(answered.question, arrived.message);
  if (!mistake.empty()) Blame(answered.question, mistake);
}

void Asker::Blame(uint32_t question, const std::string& what) {
  ++counts_.wrong;
  if (counts_.mistakes.size() < kToldMistakes) counts_.mistakes.push_back(set_.Text(question) + ": " + what);
}

uint64_t Asker::WakeAt(uint64_t now, bool asking) const noexcept {
  if (blocked_ && asking && pace_) return now + kBlockedWait;
  uint64_t wake = start_ + load_.duration;
  if (!asking || wake < now) wake = now + kSecond;
  if (asking && pace_) wake = std::min(wake, std::max(pace_->next(), now));
  if (under_way_.count() > 0) wake = std::min(wake, under_way_.oldest_sent() + load_.timeout + 1);
  return wake;
}

void Asker::Finish(uint64_t end_of_asking) {
  counts_.elapsed = std::clamp<uint64_t>(end_of_asking - start_, 1, load_.duration);
  counts_.refused = link_.refused();
  if (!pace_ || (stop_ != nullptr && stop_->load(std::memory_order_relaxed))) return;
  const uint64_t due = pace_->DueBefore(start_ + load_.duration);
  const uint64_t wanted = load_.count != 0 ? std::min(due, load_.count) : due;
  counts_.unsent = wanted - std::min(wanted, counts_.sent);
}

}  // namespace rblitz::blast
