#include "cli/blast/frame_link.h"

#include <sched.h>
#include <time.h>

#include <array>

namespace rblitz::blast {

namespace {

static_assert(kBatch == io::kBurst);
static_assert(Frames::kMostHeader + kMaxQuestion <= io::FrameIo::kMostBytes);

constexpr uint64_t kAgain = 100'000'000;  // ns between solicitations

}  // namespace

template <class Write>
void FrameLink::SendOne(const Write& write) noexcept {
  std::array<uint8_t*, 1> out;
  if (io_.Allocate(out) == 0) return;
  const auto size = static_cast<uint16_t>(write(out[0]));
  // Who gets no reply asks again.
  static_cast<void>(io_.Send(size != 0 ? std::span(&size, 1) : std::span<const uint16_t>()));
}

Status FrameLink::Resolve(const net::Ip6& address, uint64_t patience) {
  std::array<std::span<const uint8_t>, kBatch> received;
  const uint64_t start = Now();
  uint64_t next = start;
  while (Now() - start < patience) {
    if (Now() >= next) {
      SendOne([&](uint8_t* out) { return frames_.WriteSolicitation(address, out); });
      next += kAgain;
    }
    const size_t n = io_.Receive(received);
    for (size_t i = 0; i < n; ++i) {
      if (const auto mac = frames_.ReadAdvertisement(received[i], address)) {
        frames_.set_server_mac(*mac);
        return {};
      }
      SendOne([&](uint8_t* out) { return frames_.WriteReply(received[i], out); });
    }
    if (n == 0) Wait(next);
  }
  return Fail("nobody on the port's network says that the server's address is theirs (--server-mac, --gateway)");
}

uint64_t FrameLink::Now() noexcept {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

size_t FrameLink::Send(std::span<const Outgoing> questions) noexcept {
  std::array<uint8_t*, kBatch> out;
  std::array<uint16_t, kBatch> sizes;
  const size_t n = io_.Allocate(std::span(out).first(questions.size()));
  for (size_t i = 0; i < n; ++i) {
    const Outgoing& question = questions[i];
    sizes[i] =
        static_cast<uint16_t>(frames_.WriteQuestion(question.flow, {question.bytes.data(), question.size}, out[i]));
  }
  return io_.Send({sizes.data(), n});
}

size_t FrameLink::Receive(std::span<Arrived, kBatch> arrived) noexcept {
  std::array<std::span<const uint8_t>, kBatch> received;
  const size_t n = io_.Receive(received);
  size_t answers = 0;
  for (size_t i = 0; i < n; ++i) {
    if (const auto answered = frames_.ReadAnswer(received[i])) [[likely]] {
      arrived[answers++] = {.flow = answered->flow, .message = answered->message};
    } else {
      SendOne([&](uint8_t* out) { return frames_.WriteReply(received[i], out); });
    }
  }
  return answers;
}

// A port is looked at without rest; whoever shares the core gets a turn.
void FrameLink::Wait(uint64_t /*until*/) noexcept { sched_yield(); }

}  // namespace rblitz::blast
