// Frames on standard input, each after its length in two bytes, go through MemoryIo and come out the same way, answered
// by tests/echo.h. Counters go to standard error. The port is that of tests/frames_ip6.h:
// OwnWithIp6().
#include <cstdio>
#include <iostream>
#include <memory>

#include "dataplane/io/memory_io.h"
#include "tests/echo.h"
#include "tests/frames_ip6.h"
#include "tests/stats_json.h"

namespace {

bool ReadFrame(rblitz::test::FrameBytes& frame) {
  uint8_t length[2];
  if (std::fread(length, 1, 2, stdin) != 2) return false;
  frame.resize(size_t{length[0]} << 8 | length[1]);
  return std::fread(frame.data(), 1, frame.size(), stdin) == frame.size();
}

void WriteFrame(const rblitz::test::FrameBytes& frame) {
  const uint8_t length[2] = {static_cast<uint8_t>(frame.size() >> 8), static_cast<uint8_t>(frame.size())};
  std::fwrite(length, 1, 2, stdout);
  std::fwrite(frame.data(), 1, frame.size(), stdout);
}

}  // namespace

int main() {
  const auto stats = std::make_unique<rblitz::WorkerStats>();
  rblitz::io::MemoryIo memory(rblitz::test::OwnWithIp6(), stats.get());
  rblitz::io::Burst burst;
  // One at a time, so that what comes out stands in the order of what went in.
  for (rblitz::test::FrameBytes frame; ReadFrame(frame);) {
    memory.Push(frame);
    memory.Receive(burst);
    rblitz::test::Echo(burst, *stats);
    memory.Send(burst);
    const auto sent = memory.TakeSent();
    WriteFrame(sent.empty() ? rblitz::test::FrameBytes() : sent.front());
  }
  rblitz::test::PrintStats(std::cerr, *stats);
  return 0;
}
