// What the network layer costs a question, frame and tables warm: the check, the turn round, and both with MemoryIo
// around them.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "dataplane/io/memory_io.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/turn_round.h"
#include "tests/frames_ip6.h"

namespace rblitz {
namespace {

constexpr size_t kFrames = io::kBurst;
constexpr size_t kQuestionSize = 50;
constexpr size_t kAnswerSize = 66;

std::vector<test::FrameBytes> Questions(bool has_checksum) {
  std::vector<test::FrameBytes> frames;
  for (uint32_t i = 0; i < kFrames; ++i) {
    const test::FrameBytes payload(kQuestionSize, static_cast<uint8_t>(i));
    frames.push_back(test::UdpFrame({.source = 0x0b000001 + i}, {.has_checksum = has_checksum}, payload));
    frames.back().resize(128);
  }
  return frames;
}

// One over IPv4, as most ports have.
net::OwnAddresses OneAddress() {
  net::OwnAddresses own = test::OwnWithIp6();
  own.ip4.resize(1);
  return own;
}

void Check(benchmark::State& state, const auto& check) {
  const std::vector<test::FrameBytes> frames = Questions(true);
  for (auto _ : state) {
    for (const test::FrameBytes& frame : frames) benchmark::DoNotOptimize(check(frame));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kFrames));
}

void BM_FrameCheck(benchmark::State& state) {
  const net::OwnAddresses own = OneAddress();
  Check(state, net::FrameCheck(&own));
}
void BM_ClassifyFrame(benchmark::State& state) {
  const net::OwnAddresses own = OneAddress();
  Check(state, [&own](const test::FrameBytes& frame) { return net::ClassifyFrame(frame, own); });
}
BENCHMARK(BM_FrameCheck);
BENCHMARK(BM_ClassifyFrame);

// A turned frame is turned back the next time: same work, no copy between.
void TurnUdp(benchmark::State& state, bool has_checksum) {
  std::vector<test::FrameBytes> frames = Questions(has_checksum);
  for (auto _ : state) {
    for (test::FrameBytes& frame : frames) {
      if (!has_checksum) test::Write16(frame, net::kUdpAt + net::udp::kChecksum, 0);
      benchmark::DoNotOptimize(net::TurnUdp(frame.data(), kAnswerSize, 0x1234));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kFrames));
}

void BM_TurnUdp_Adjusted(benchmark::State& state) { TurnUdp(state, true); }
void BM_TurnUdp_Computed(benchmark::State& state) { TurnUdp(state, false); }
BENCHMARK(BM_TurnUdp_Adjusted);
BENCHMARK(BM_TurnUdp_Computed);

// Frame in, frame out with no responder between: what is left of P2's budget is the responder's.
void Replay(benchmark::State& state, const std::vector<test::FrameBytes>& questions) {
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(OneAddress(), stats.get());
  for (const test::FrameBytes& frame : questions) memory.Push(frame);
  memory.Replay();
  io::Burst burst;
  for (auto _ : state) {
    memory.Receive(burst);
    for (io::Message& message : std::span(burst.messages, burst.count)) message.size = kAnswerSize;
    memory.Send(burst);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kFrames));
  if (stats->answered.value() != stats->received.value()) state.SkipWithError("frames were dropped");
}

void BM_MemoryIo_Replay(benchmark::State& state) {
  std::vector<test::FrameBytes> questions = Questions(true);
  for (test::FrameBytes& frame : questions) frame.resize(42 + kQuestionSize);
  Replay(state, questions);
}
// Every checksum is looked at on the way in.
void BM_MemoryIo_Replay_Ip6(benchmark::State& state) {
  std::vector<test::FrameBytes> questions;
  for (uint32_t i = 0; i < kFrames; ++i) {
    questions.push_back(
        test::Udp6Frame({.source = test::Ip6(0xfd53, 0x1000 + i)}, {}, test::FrameBytes(kQuestionSize, 1)));
  }
  Replay(state, questions);
}
void BM_MemoryIo_Replay_Tagged(benchmark::State& state) {
  std::vector<test::FrameBytes> questions = Questions(true);
  for (test::FrameBytes& frame : questions) {
    frame.resize(42 + kQuestionSize);
    frame = test::Tagged(frame, 7);
  }
  Replay(state, questions);
}
BENCHMARK(BM_MemoryIo_Replay);
BENCHMARK(BM_MemoryIo_Replay_Ip6);
BENCHMARK(BM_MemoryIo_Replay_Tagged);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
