// Questions as frames that arrive over and over in memory, and the comparison of what a responder answers to the first
// of them with what must be answered, before anything is timed.
//
// Thread-safety: each Arriving is one thread's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/data_set.h"
#include "bench/right_answer.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/io/memory_io.h"
#include "dataplane/responder.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"
#include "tests/frames.h"

namespace rblitz::bench {

inline constexpr const char* kZone = "bl.example.com";

// What questions look like; which zone one is for is its number's.
struct Shape {
  uint16_t qtype = dns::kA;
  bool edns = false;
  uint32_t zones = 1;           // asked in turn
  bool mostly_for_one = false;  // nine of ten questions are for the first zone
  bool own_feeds = false;       // what is right is not what all zones of one feed say

  bool operator==(const Shape&) const = default;

  [[nodiscard]] uint32_t ZoneOf(uint32_t question) const {
    if (!mostly_for_one) return question % zones;
    return question % 10 != 0 ? 0 : question / 10 % zones;
  }
};

inline std::string ZoneName(uint32_t i, uint32_t zones) {
  return zones == 1 ? kZone : "z" + std::to_string(i) + "." + kZone;
}

inline std::vector<uint8_t> Question(uint32_t address, uint16_t id, const Shape& shape) {
  std::string name;
  for (int i = 0; i < 4; ++i) name += std::to_string(address >> (8 * i) & 255) + ".";
  const dns::Name wire = dns::NameFromText(name + ZoneName(shape.ZoneOf(id), shape.zones));
  std::vector<uint8_t> out(dns::kHeaderSize + wire.size + 4u + (shape.edns ? dns::kOptSize : 0));
  dns::Store16(&out[0], id);
  dns::Store16(&out[2], dns::kRd);
  dns::Store16(&out[4], 1);
  std::copy_n(wire.bytes.begin(), wire.size, &out[dns::kHeaderSize]);
  dns::Store16(&out[dns::kHeaderSize + wire.size], shape.qtype);
  dns::Store16(&out[dns::kHeaderSize + wire.size + 2u], dns::kIn);
  if (shape.edns) {
    uint8_t* const opt = &out[dns::kHeaderSize + wire.size + 4u];
    dns::Store16(&out[10], 1);
    dns::Store16(opt + 1, dns::kOpt);
    dns::Store16(opt + 3, 1232);
  }
  return out;
}

inline net::OwnAddresses OneAddress() {
  net::OwnAddresses own = test::Own();
  own.ip4.resize(1);
  return own;
}

struct Arriving {
  Arriving(std::vector<uint32_t> questions, const Shape& shape_of_all)
      : addresses(std::move(questions)), shape(shape_of_all), memory(OneAddress(), stats.get()) {
    uint16_t id = 0;
    for (const uint32_t address : addresses) memory.Push(test::UdpFrame({}, {}, Question(address, id++, shape)));
    memory.Replay();
  }

  const std::vector<uint32_t> addresses;
  const Shape shape;
  std::vector<uint32_t> expected;  // as Expect gives it, once it has been asked
  std::unique_ptr<WorkerStats> stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory;
};

// The A record of each of the first questions, or kNone, found without any table.
using Expect = std::function<std::vector<uint32_t>(std::span<const uint32_t> addresses, const Shape& shape)>;

// Of zones that all list the same.
inline Expect ListedIn(const DataSet& set) {
  return [&set](std::span<const uint32_t> addresses, const Shape&) {
    std::vector<uint32_t> expected;
    for (const bool listed : ListedAmong(set, addresses)) expected.push_back(listed ? kListed : kNone);
    return expected;
  };
}

// Asks the first questions once and compares each answer.
inline bool AnswersAreRight(const Serving& serving, Arriving& arriving, const Expect& expect) {
  constexpr size_t kDns = 14 + 20 + 8;  // behind Ethernet, IPv4 and UDP
  const std::span first(arriving.addresses.data(), kChecked);
  if (arriving.expected.empty()) arriving.expected = expect(first, arriving.shape);
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(OneAddress(), stats.get());
  uint16_t id = 0;
  for (const uint32_t address : first) memory.Push(test::UdpFrame({}, {}, Question(address, id++, arriving.shape)));
  Responder responder(stats.get());
  io::Burst burst;
  for (memory.Receive(burst); burst.count > 0; memory.Receive(burst)) {
    responder.Answer(burst, serving);
    memory.Send(burst);
  }
  const std::vector<std::vector<uint8_t>> sent = memory.TakeSent();
  std::vector<bool> is_answered(first.size());
  for (const std::vector<uint8_t>& frame : sent) {
    if (frame.size() < kDns + dns::kHeaderSize) return false;
    const size_t asked = dns::Load16(&frame[kDns]);
    if (asked >= first.size() || is_answered[asked]) return false;
    is_answered[asked] = true;
    if (!IsRight(std::span(frame).subspan(kDns), arriving.expected[asked], arriving.shape.qtype)) return false;
  }
  return sent.size() == first.size();
}

}  // namespace rblitz::bench
