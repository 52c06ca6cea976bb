// Any bytes as frames: received, answered, turned round. The first byte says by its bits whether checksums are mended,
// without which hardly an input would come past them (1: of IPv4 headers; 2: of UDP and ICMP over IPv6), and whether
// there is a kernel (4); the others are frames, each after its length in two bytes, as far as they go.
#include <memory>
#include <span>

#include "dataplane/io/memory_io.h"
#include "dataplane/net/frame.h"
#include "tests/echo.h"
#include "tests/frames_ip6.h"
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

size_t NetAt(const FrameBytes& frame) {
  return frame.size() >= 18 && rblitz::test::Read16(frame, 12) == 0x8100 ? 18 : 14;
}

void MendIpChecksum(FrameBytes& frame) {
  const size_t ip = NetAt(frame);
  const size_t header_size = frame.size() < ip + 20 ? 0 : (frame[ip] & 0x0f) * size_t{4};
  if (header_size < 20 || ip + header_size > frame.size()) return;
  rblitz::test::Write16(frame, ip + 10, 0);
  rblitz::test::Write16(frame, ip + 10, rblitz::test::NaiveChecksum(std::span(frame).subspan(ip, header_size)));
}

FrameBytes Part(const FrameBytes& frame, size_t at, size_t size) {
  return {frame.begin() + static_cast<ptrdiff_t>(at), frame.begin() + static_cast<ptrdiff_t>(at + size)};
}

uint32_t Checksum6(const FrameBytes& frame, size_t ip, uint8_t protocol, size_t at, size_t size) {
  return rblitz::test::NaiveChecksum6(Part(frame, ip + 8, 16), Part(frame, ip + 24, 16), protocol,
                                      Part(frame, at, size));
}

// Of a frame that is good but for its checksum, wherever it stands behind extension headers.
void MendChecksum6(FrameBytes& frame, const rblitz::net::OwnAddresses& own) {
  const size_t ip = NetAt(frame);
  if (frame.size() < ip + 40 || rblitz::test::Read16(frame, ip - 2) != 0x86dd) return;
  const size_t end = ip + 40 + rblitz::test::Read16(frame, ip + 4);
  const rblitz::net::Frame found = ClassifyFrame(frame, own);
  if (found.kind == rblitz::net::FrameKind::kDnsQuestion) {
    const size_t at = found.upper_at;
    rblitz::test::Write16(frame, at + 6, 0);
    const uint32_t checksum = Checksum6(frame, ip, 17, at, 8u + found.size);
    rblitz::test::Write16(frame, at + 6, checksum == 0 ? 0xffff : checksum);
  } else if (found.kind == rblitz::net::FrameKind::kIcmpChecksum && frame[ip + 6] == 58 && end <= frame.size()) {
    rblitz::test::Write16(frame, ip + 42, 0);
    rblitz::test::Write16(frame, ip + 42, Checksum6(frame, ip, 58, ip + 40, end - ip - 40));
  }
}

void RequireWellFormed6(const FrameBytes& frame, size_t ip) {
  const size_t size = frame.size() - ip - 40;
  const uint8_t protocol = frame[ip + 6];
  Require(rblitz::test::Read16(frame, ip + 4) == size);
  Require(protocol == 17 || protocol == 58);
  Require(frame[ip + 7] == (frame[ip + 40] == 136 && protocol == 58 ? 255 : 64));
  Require(Checksum6(frame, ip, protocol, ip + 40, size) == 0);
  if (protocol == 17) Require(rblitz::test::Read16(frame, ip + 44) == size);
}

// An answer goes to somebody, or as an advertisement to all nodes, has right lengths and right headers.
void RequireWellFormed(const FrameBytes& frame) {
  Require(frame.size() >= 42);
  const size_t ip = NetAt(frame);
  const uint32_t type = rblitz::test::Read16(frame, ip - 2);
  Require((frame[0] & 1) == 0 || (type == 0x86dd && frame[ip + 40] == 136));
  if (type == 0x0806) return;
  if (type == 0x86dd) return RequireWellFormed6(frame, ip);
  Require(rblitz::test::Read16(frame, ip + 2) == frame.size() - ip);
  Require(rblitz::test::NaiveSum(std::span(frame).subspan(ip, 20)) == 0xffff);
  if (frame[ip + 9] == 17) Require(rblitz::test::Read16(frame, ip + 24) == frame.size() - ip - 20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const rblitz::net::OwnAddresses kOwn = rblitz::test::OwnWithIp6();
  static const rblitz::net::FrameCheck kCheck(&kOwn);
  if (size == 0) return 0;
  const auto stats = std::make_unique<rblitz::WorkerStats>();
  rblitz::io::MemoryIo memory(kOwn, stats.get(), (data[0] & 4) != 0);
  std::span<const uint8_t> input(data + 1, size - 1);
  while (!input.empty()) {
    FrameBytes frame = NextFrame(input);
    if ((data[0] & 1) != 0) MendIpChecksum(frame);
    if ((data[0] & 2) != 0) MendChecksum6(frame, kOwn);
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
