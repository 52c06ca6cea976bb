// Any bytes as frames: received, answered, turned round. The first byte says by its lowest bit whether the IPv4 header
// checksums are mended, without which hardly an input would come past them; the others are frames, each after its
// length in two bytes, as far as they go.
#include <memory>
#include <span>

#include "dataplane/io/memory_io.h"
#include "dataplane/net/frame.h"
#include "tests/echo.h"
#include "tests/frames.h"
#include "tests/fuzz/require.h"

namespace {

using rblitz::Require;
using rblitz::test::FrameBytes;

FrameBytes NextFrame(std::span<const uint8_t>& input) {
  if (input.size() < 2) {
    input = {};
    return {};
  }
  const size_t size = std::min<size_t>(size_t{input[0]} << 8 | input[1], input.size() - 2);
  FrameBytes frame(input.begin() + 2, input.begin() + 2 + static_cast<ptrdiff_t>(size));
  input = input.subspan(2 + size);
  return frame;
}

void MendIpChecksum(FrameBytes& frame) {
  const size_t header_size = frame.size() < 34 ? 0 : (frame[14] & 0x0f) * size_t{4};
  if (header_size < 20 || 14 + header_size > frame.size()) return;
  rblitz::test::Write16(frame, 24, 0);
  rblitz::test::Write16(frame, 24, rblitz::test::NaiveChecksum(std::span(frame).subspan(14, header_size)));
}

// An answer goes to somebody, has right lengths and a right header.
void RequireWellFormed(const FrameBytes& frame) {
  Require(frame.size() >= 42);
  Require((frame[0] & 1) == 0);
  if (rblitz::test::Read16(frame, 12) == 0x0806) return;
  Require(rblitz::test::Read16(frame, 16) == frame.size() - 14);
  Require(rblitz::test::NaiveSum(std::span(frame).subspan(14, 20)) == 0xffff);
  if (frame[23] == 17) Require(rblitz::test::Read16(frame, 38) == frame.size() - 34);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const rblitz::net::OwnAddresses kOwn = rblitz::test::Own();
  static const rblitz::net::FrameCheck kCheck(&kOwn);
  if (size == 0) return 0;
  const auto stats = std::make_unique<rblitz::WorkerStats>();
  rblitz::io::MemoryIo memory(kOwn, stats.get());
  std::span<const uint8_t> input(data + 1, size - 1);
  while (!input.empty()) {
    FrameBytes frame = NextFrame(input);
    if ((data[0] & 1) != 0) MendIpChecksum(frame);
    Require(kCheck(frame) == ClassifyFrame(frame, kOwn));
    memory.Push(frame);
  }
  rblitz::io::Burst burst;
  for (uint64_t received = ~uint64_t{0}; received != stats->received.value();) {
    received = stats->received.value();
    memory.Receive(burst);
    rblitz::test::Echo(burst, *stats);
    memory.Send(burst);
  }
  for (const FrameBytes& frame : memory.TakeSent()) RequireWellFormed(frame);
  Require(rblitz::test::AddsUp(*stats));
  return 0;
}
