// check_client: asks a blocklist server over UDP at a given rate and compares every answer with an oracle.
//
// "0 wrong, 0 lost" is claimed only with it. Questions are paced by the clock and spread over several source sockets,
// so that an id stays unique while it is under way. Latencies count from when a question was due to when the kernel got
// its answer: up to a fifth of a millisecond of them is this program's own sleep, and where it is held up, that too.
// What is more than 50 ms behind is not asked any more, and counted as skipped.
//
//   check_client --server 127.0.0.1:5300 --zone bl.example.com --listed listed.txt --rate 20000 --seconds 10 --no-loss
//   check_client ... --either swapped.txt    what two versions of the data differ in, while they are being swapped
//
// Counts: answered = right in time + late + wrong; lost = no answer until --timeout-ms after the last question; late =
// right, but after --timeout-ms; wrong = not what the oracle says, or an answer to nothing that was asked.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/check_options.h"
#include "tests/check_oracle.h"

namespace rblitz::check {
namespace {

constexpr size_t kBatch = 32;
constexpr size_t kKeptMistakes = 10;
constexpr int kReceiveBuffer = 32 << 20;
constexpr uint64_t kTick = 200'000;  // ns of sleep between looks at the clock
constexpr uint64_t kMoment = kSecond / 10;

struct Counts {
  uint64_t under_way = 0;
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t lost = 0;
  uint64_t late = 0;
  uint64_t wrong = 0;
  uint64_t skipped = 0;
  uint64_t began = 0;
  double seconds = 0;
  std::vector<uint32_t> latencies;             // ns, of right answers
  std::vector<std::vector<uint32_t>> moments;  // the same by the tenth of a second in which the question was due
  std::vector<std::string> mistakes;
};

// Wall-clock time: what the kernel stamps arrivals with.
uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec);
}

// One source port and the questions under way on it.
class Asker {
 public:
  Asker(const Options& options, const Oracle& oracle, Counts* counts)
      : options_(options), oracle_(oracle), counts_(*counts), slots_(kIds) {}
  ~Asker() {
    if (socket_ >= 0) close(socket_);
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  [[nodiscard]] Status Open() {
    socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return Fail(std::string("socket: ") + std::strerror(errno));
    const int on = 1;
    if (setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0)
      setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    setsockopt(socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&options_.server), sizeof options_.server) != 0)
      return Fail(std::string("connect: ") + std::strerror(errno));
    return {};
  }

  // Asks `count` questions, at most kBatch, the first of which was due at `due` and each other one `step` later, and
  // returns how many the kernel took. Latencies count from when a question was due: a client that is held up does not
  // make a server look fast.
  size_t Ask(size_t count, uint64_t due, double step, std::mt19937_64& random) {
    uint8_t bytes[kBatch][512];
    iovec parts[kBatch];
    mmsghdr messages[kBatch] = {};
    for (size_t i = 0; i < count; ++i) {
      const auto id = static_cast<uint16_t>(next_id_ + i);
      if (slots_[id].due != 0) CountLost(slots_[id]);  // its id comes round again only after the timeout
      slots_[id] = {.question = oracle_.Pick(ChooseKind(random), random),
                    .due = due + static_cast<uint64_t>(static_cast<double>(i) * step)};
      parts[i] = {.iov_base = bytes[i], .iov_len = oracle_.Write(slots_[id].question, id, bytes[i])};
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int taken = sendmmsg(socket_, messages, static_cast<unsigned>(count), 0);
    const size_t sent = taken > 0 ? static_cast<size_t>(taken) : 0;
    for (size_t i = sent; i < count; ++i) slots_[static_cast<uint16_t>(next_id_ + i)].due = 0;
    next_id_ = static_cast<uint16_t>(next_id_ + sent);
    counts_.sent += sent;
    counts_.under_way += sent;
    return sent;
  }

  // Takes all answers that have arrived.
  void Collect() {
    uint8_t bytes[kBatch][4096];
    alignas(cmsghdr) char control[kBatch][CMSG_SPACE(sizeof(timespec))];
    iovec parts[kBatch];
    mmsghdr messages[kBatch];
    for (int got = kBatch; got == kBatch;) {
      std::memset(messages, 0, sizeof messages);
      for (size_t i = 0; i < kBatch; ++i) {
        parts[i] = {.iov_base = bytes[i], .iov_len = sizeof bytes[i]};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_control = control[i];
        messages[i].msg_hdr.msg_controllen = sizeof control[i];
      }
      got = recvmmsg(socket_, messages, kBatch, 0, nullptr);
      for (int i = 0; i < got; ++i) Take({bytes[i], messages[i].msg_len}, Arrival(messages[i].msg_hdr));
    }
  }

  void CountLost() {
    for (Slot& slot : slots_) {
      if (slot.due != 0) CountLost(slot);
    }
  }

 private:
  struct Slot {
    Question question;
    uint64_t due = 0;  // 0: nothing is under way
  };

  void CountLost(Slot& slot) {
    ++counts_.lost;
    --counts_.under_way;
    slot.due = 0;
  }

  Kind ChooseKind(std::mt19937_64& random) const {
    if (oracle_.Has(Kind::kEither) && random() % 4 == 0) return Kind::kEither;
    const bool listed = static_cast<double>(random() >> 11) * 0x1p-53 < options_.listed_share;
    return listed && oracle_.Has(Kind::kListed) ? Kind::kListed : Kind::kUnlisted;
  }

  static uint64_t Arrival(msghdr& header) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec stamp;
      std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
      return static_cast<uint64_t>(stamp.tv_sec) * kSecond + static_cast<uint64_t>(stamp.tv_nsec);
    }
    return Now();
  }

  void Take(std::span<const uint8_t> answer, uint64_t arrived) {
    ++counts_.answered;
    if (answer.size() < 2) return Blame("an answer without an id");
    const auto id = static_cast<uint16_t>(answer[0] << 8 | answer[1]);
    Slot& slot = slots_[id];
    if (slot.due == 0) return Blame("an answer to nothing that is under way, id " + std::to_string(id));
    const uint64_t due = std::exchange(slot.due, 0);
    const uint64_t latency = arrived > due ? arrived - due : 0;
    --counts_.under_way;
    const std::string mistake = oracle_.Judge(slot.question, id, answer);
    if (!mistake.empty()) return Blame(Oracle::Describe(slot.question) + ": " + mistake);
    if (latency > options_.timeout) ++counts_.late;
    counts_.latencies.push_back(static_cast<uint32_t>(std::min<uint64_t>(latency, UINT32_MAX)));
    const size_t moment = (due - counts_.began) / kMoment;
    if (moment >= counts_.moments.size()) counts_.moments.resize(moment + 1);
    counts_.moments[moment].push_back(counts_.latencies.back());
  }

  void Blame(std::string mistake) {
    if (++counts_.wrong <= kKeptMistakes) counts_.mistakes.push_back(std::move(mistake));
  }

  const Options& options_;
  const Oracle& oracle_;
  Counts& counts_;
  std::vector<Slot> slots_;
  uint16_t next_id_ = 0;
  int socket_ = -1;
};

void Sleep(uint64_t nanoseconds) {
  const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(nanoseconds)};
  nanosleep(&time, nullptr);
}

// Asks on one socket after the other as many questions as the clock says are due. After a stall of our own, what is
// more than 50 ms behind is let go: a flood would measure buffers.
void Ask(const Options& options, std::vector<std::unique_ptr<Asker>>& askers, Counts* counts) {
  std::mt19937_64 random(options.seed);
  const uint64_t start = Now();
  counts->began = start;
  const double step = kSecond / options.rate;
  const auto most_behind = static_cast<uint64_t>(options.rate / 20) + 1;
  uint64_t& skipped = counts->skipped;
  size_t turn = 0;
  for (double elapsed = 0; elapsed < options.seconds;) {
    elapsed = static_cast<double>(Now() - start) / kSecond;
    const auto scheduled = static_cast<uint64_t>(std::min(elapsed, options.seconds) * options.rate);
    uint64_t due = scheduled - std::min(scheduled, counts->sent + skipped);
    if (due > most_behind) {
      skipped += due - most_behind;
      due = most_behind;
    }
    while (due > 0) {
      const auto first = start + static_cast<uint64_t>(static_cast<double>(counts->sent + skipped) * step);
      const size_t taken = askers[turn++ % askers.size()]->Ask(std::min<uint64_t>(due, kBatch), first, step, random);
      if (taken == 0) break;
      due -= taken;
    }
    for (auto& asker : askers) asker->Collect();
    Sleep(kTick);
  }
  counts->seconds = static_cast<double>(Now() - start) / kSecond;
  for (const uint64_t end = Now() + options.timeout; Now() < end && counts->under_way > 0; Sleep(kTick)) {
    for (auto& asker : askers) asker->Collect();
  }
  for (auto& asker : askers) asker->CountLost();
}

Result<Counts> Run(const Options& options) {
  Result<Oracle> oracle = Oracle::Make(options.zone, options.expected_a);
  if (!oracle) return tl::unexpected(oracle.error());
  for (const auto& [kind, path] : options.files) {
    if (Status loaded = oracle->Load(kind, path); !loaded) return tl::unexpected(loaded.error());
  }
  if (Status prepared = oracle->Prepare(); !prepared) return tl::unexpected(prepared.error());
  Counts counts;
  std::vector<std::unique_ptr<Asker>> askers;
  for (unsigned i = 0; i < options.sockets; ++i) {
    askers.push_back(std::make_unique<Asker>(options, *oracle, &counts));
    if (Status opened = askers.back()->Open(); !opened) return tl::unexpected(opened.error());
  }
  Ask(options, askers, &counts);
  std::sort(counts.latencies.begin(), counts.latencies.end());
  return counts;
}

// In microseconds; 0 when nothing was answered.
double Percentile(const std::vector<uint32_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(share * static_cast<double>(sorted.size())))] / 1e3;
}

nlohmann::json Timeline(const Counts& counts) {
  nlohmann::json p50 = nlohmann::json::array(), p99 = p50, max = p50;
  for (std::vector<uint32_t> moment : counts.moments) {
    std::sort(moment.begin(), moment.end());
    p50.push_back(Percentile(moment, 0.5));
    p99.push_back(Percentile(moment, 0.99));
    max.push_back(Percentile(moment, 1));
  }
  return {{"began", static_cast<double>(counts.began) / kSecond},
          {"step", static_cast<double>(kMoment) / kSecond},
          {"p50", p50},
          {"p99", p99},
          {"max", max}};
}

void Print(const Counts& counts, bool json) {
  const double p50 = Percentile(counts.latencies, 0.5), p99 = Percentile(counts.latencies, 0.99);
  const double p999 = Percentile(counts.latencies, 0.999), max = Percentile(counts.latencies, 1);
  const double rate = counts.seconds > 0 ? static_cast<double>(counts.sent) / counts.seconds : 0;
  if (json) {
    const nlohmann::json latency = {{"p50", p50}, {"p99", p99}, {"p99_9", p999}, {"max", max}};
    const nlohmann::json all = {
        {"sent", counts.sent},         {"answered", counts.answered},    {"lost", counts.lost},
        {"late", counts.late},         {"wrong", counts.wrong},          {"skipped", counts.skipped},
        {"seconds", counts.seconds},   {"queries_per_second", rate},     {"latency_us", latency},
        {"mistakes", counts.mistakes}, {"timeline_us", Timeline(counts)}};
    std::puts(all.dump(2).c_str());
    return;
  }
  std::printf("sent %lu answered %lu lost %lu late %lu wrong %lu\n", counts.sent, counts.answered, counts.lost,
              counts.late, counts.wrong);
  std::printf("%.0f queries/s for %.1f s; latency us p50 %.0f p99 %.0f p99.9 %.0f max %.0f\n", rate, counts.seconds,
              p50, p99, p999, max);
  for (const std::string& mistake : counts.mistakes) std::printf("wrong: %s\n", mistake.c_str());
}

}  // namespace
}  // namespace rblitz::check

int main(int argc, char** argv) {
  const rblitz::check::Options options = rblitz::check::ParseOptions(argc, argv);
  const auto counts = rblitz::check::Run(options);
  if (!counts) {
    std::fprintf(stderr, "check_client: %s\n", counts.error().message.c_str());
    return 1;
  }
  rblitz::check::Print(*counts, options.json);
  const bool lossy = counts->lost + counts->late > 0 || counts->answered == 0;
  return counts->wrong > 0 || (options.no_loss && lossy) ? 1 : 0;
}
