// Readers against a publisher that swaps as fast as it can, for a few seconds each: what ThreadSanitizer must see
// (make tsan), and what shows itself without it, because what was freed is poisoned first.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "dataplane/io/memory_io.h"
#include "dataplane/worker.h"
#include "tables/rcu.h"
#include "tests/dns_message.h"
#include "tests/frames.h"
#include "tests/serving.h"

namespace rblitz {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kDuration{3};

// Calls publish(1), publish(2) ... for kDuration, while all of `readers` run; then tells those to stop. Returns how
// often.
uint64_t PublishAgainst(const std::vector<std::function<void(const std::atomic<bool>& stop)>>& readers,
                        const std::function<void(uint64_t version)>& publish) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (const auto& reader : readers) threads.emplace_back([&] { reader(stop); });
  uint64_t version = 0;
  for (const auto end = Clock::now() + kDuration; Clock::now() < end;) publish(++version);
  stop.store(true);
  for (std::thread& thread : threads) thread.join();
  return version;
}

// Two words that must match, plain so that ThreadSanitizer sees every access, spoilt when destroyed.
class Pair {
 public:
  explicit Pair(uint64_t number) : number_(number), complement_(~number) { alive.fetch_add(1); }
  ~Pair() {
    // Volatile, or the compiler leaves out stores into what is about to be freed.
    *const_cast<volatile uint64_t*>(&number_) = kPoison;
    *const_cast<volatile uint64_t*>(&complement_) = kPoison;
    alive.fetch_sub(1);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  [[nodiscard]] uint64_t number() const { return number_; }
  [[nodiscard]] bool sound() const { return number_ == ~complement_; }

  static inline std::atomic<int> alive{0};

 private:
  static constexpr uint64_t kPoison = 0xdeaddeaddeaddead;
  uint64_t number_;
  uint64_t complement_;
};

struct Findings {
  uint64_t reads = 0;
  uint64_t torn = 0;
  uint64_t backwards = 0;
};

// Reads once or several times between quiescent states, and rests now and then as a socket worker does.
Findings ReadPairs(const Published<Pair>& published, unsigned seed, const std::atomic<bool>& stop) {
  Findings findings;
  std::minstd_rand random(seed);
  uint64_t newest = 0;
  RcuReader reader;
  while (!stop.load(std::memory_order_relaxed)) {
    const Pair* const first = published.Read();
    const uint64_t number = first->number();
    for (unsigned reads = 1 + random() % 4; reads > 0; --reads) {
      const Pair* const pair = published.Read();
      if (!pair->sound() || !first->sound() || first->number() != number) ++findings.torn;
      if (pair->number() < newest) ++findings.backwards;
      newest = pair->number();
      ++findings.reads;
    }
    if (random() % 64 == 0) {
      reader.Offline();
      std::this_thread::yield();
      reader.Online();
    } else {
      reader.Quiescent();
    }
  }
  return findings;
}

TEST(RcuStress, ReadersSeeWholeValuesThatNobodyFreesAndNeverAnOlderOne) {
  std::vector<Findings> findings(3);
  {
    Published<Pair> published;
    published.Publish(std::make_unique<const Pair>(0));
    std::vector<std::function<void(const std::atomic<bool>&)>> readers;
    for (unsigned i = 0; i < findings.size(); ++i) {
      readers.emplace_back([&, i](const std::atomic<bool>& stop) { findings[i] = ReadPairs(published, i + 1, stop); });
    }
    const uint64_t versions = PublishAgainst(readers, [&](uint64_t version) {
      published.Publish(std::make_unique<const Pair>(version));
      EXPECT_EQ(Pair::alive.load(), 1);  // the old one is gone when Publish returns
    });
    EXPECT_GT(versions, 100u);
  }
  EXPECT_EQ(Pair::alive.load(), 0);
  for (const Findings& one : findings) {
    EXPECT_GT(one.reads, 1000u);
    EXPECT_EQ(one.torn, 0u);
    EXPECT_EQ(one.backwards, 0u);
  }
}

// What version n of the data says of itself, in every kind of answer.
uint32_t ValueOf(uint64_t version) { return 2 + static_cast<uint32_t>(version % 250); }
uint32_t SerialOf(uint64_t version) { return 1000 + static_cast<uint32_t>(version % 250); }

// One feed for two zones. Every eighth version is large, so that all shapes of the table are freed under readers.
std::unique_ptr<const Serving> MakeVersion(uint64_t version) {
  const std::string text = std::to_string(SerialOf(version));
  std::vector<test::Entry> entries = {
      {test::Ip(192, 0, 2, 1), test::Ip(192, 0, 2, 1), ValueOf(version), {text}},
      {test::Ip(198, 51, 100, 0), test::Ip(198, 51, 100, 255), ValueOf(version), {text}},
  };
  if (version % 8 == 0) {
    for (uint32_t i = 0; i < 70000; ++i) entries.push_back({i * 40000, i * 40000, 1});
  }
  Snapshot snapshot;
  snapshot.feeds.push_back(test::MakeFeed("feed", entries));
  const Soa soa = test::ShortSoa(SerialOf(version));
  const std::vector<ZoneConfig> zones = {{.name = "bl.test", .feeds = {0}, .soa = soa},
                                         {.name = "other.test", .feeds = {0}, .soa = soa, .slot = 1}};
  return *BuildServing(std::move(snapshot), zones, {.version = "", .id = ""});
}

// Brings the same questions to a worker again and again, and reads what it answers: all answers of a burst must come
// from one version.
class VersionsIo final : public io::PacketIo {
 public:
  VersionsIo() {
    for (const char* zone : {".bl.test", ".other.test"}) {
      Add("1.2.0.192", zone, dns::kA);
      Add("1.2.0.192", zone, dns::kTxt);
      Add("77.100.51.198", zone, dns::kA);
      Add("1.2.0.203", zone, dns::kA);
      Add("192", zone, dns::kA);
      Add("", zone, dns::kSoa);
    }
  }

  void Receive(io::Burst& burst) noexcept override {
    for (const test::FrameBytes& frame : frames_) memory_.Push(frame);
    memory_.Receive(burst);
  }
  void Send(io::Burst& burst) noexcept override {
    memory_.Send(burst);
    ++bursts_;
    const auto sent = memory_.TakeSent();
    if (sent.size() != frames_.size()) ++lost_;
    std::vector<uint32_t> versions;
    for (const test::FrameBytes& frame : sent) versions.push_back(VersionIn(Bytes(frame.begin() + 42, frame.end())));
    for (const uint32_t version : versions) mixed_ += version != versions.front();
  }

  [[nodiscard]] io::ClientAddress ClientOf(const io::Message& message) const noexcept override {
    return memory_.ClientOf(message);
  }

  WorkerStats* stats() { return stats_.get(); }
  [[nodiscard]] uint64_t bursts() const { return bursts_; }
  [[nodiscard]] uint64_t lost() const { return lost_; }
  [[nodiscard]] uint64_t mixed() const { return mixed_; }

 private:
  void Add(const std::string& name, const char* zone, uint16_t type) {
    frames_.push_back(test::UdpFrame({}, {}, Question(name.empty() ? zone + 1 : name + zone, type)));
  }
  // The version that an answer tells, modulo 250; a number past all of them when it tells none.
  static uint32_t VersionIn(const Bytes& message) {
    const Answer answer = AnswerReader(message).Read();
    for (const Record& record : answer.answer) {
      if (record.type == dns::kA) return Number(record.data.substr(record.data.rfind('.') + 1)) - ValueOf(0);
      if (record.type == dns::kTxt) return Number(record.data) - SerialOf(0);
    }
    for (const auto* section : {&answer.answer, &answer.authority}) {
      for (const Record& record : *section) {
        // "mname rname serial ..."
        if (record.type == dns::kSoa) {
          const size_t serial = record.data.find(' ', record.data.find(' ') + 1) + 1;
          return Number(record.data.substr(serial, record.data.find(' ', serial) - serial)) - SerialOf(0);
        }
      }
    }
    return UINT32_MAX;
  }
  static uint32_t Number(const std::string& text) { return static_cast<uint32_t>(std::stoul(text)); }

  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  io::MemoryIo memory_{test::Own(), stats_.get()};
  std::vector<test::FrameBytes> frames_;
  uint64_t bursts_ = 0;
  uint64_t lost_ = 0;
  uint64_t mixed_ = 0;
};

TEST(RcuStress, EveryBurstIsAnsweredFromOneVersionWhileVersionsChange) {
  Published<Serving> serving;
  serving.Publish(MakeVersion(0));
  VersionsIo ios[2];
  std::vector<std::function<void(const std::atomic<bool>&)>> workers;
  for (VersionsIo& io : ios) {
    workers.emplace_back([&](const std::atomic<bool>& stop) { Worker(&io, &serving, io.stats()).Run(stop); });
  }
  const uint64_t versions = PublishAgainst(workers, [&](uint64_t version) { serving.Publish(MakeVersion(version)); });
  EXPECT_GT(versions, 10u);
  for (const VersionsIo& io : ios) {
    EXPECT_GT(io.bursts(), 100u);
    EXPECT_EQ(io.lost(), 0u);
    EXPECT_EQ(io.mixed(), 0u);
  }
}

}  // namespace
}  // namespace rblitz
