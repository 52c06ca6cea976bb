#include "dataplane/io/kernel_port.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <ctime>

namespace rblitz::io {

namespace {

// Frames in one direction before the other one has its turn.
constexpr size_t kTurn = 64;
// A conversation has pauses: it goes on being waited for closely.
constexpr auto kStaysBusy = std::chrono::milliseconds(100);

// Until the device has something to read or the time is over: a ring cannot wake anybody.
void Wait(int tap, std::chrono::microseconds time) {
  pollfd polled = {.fd = tap, .events = POLLIN, .revents = 0};
  const timespec timeout = {.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(time).count()};
  // A device that is down says so at once and for as long as it is: only the time counts then.
  if (ppoll(&polled, 1, &timeout, nullptr) > 0 && (polled.revents & POLLIN) == 0) nanosleep(&timeout, nullptr);
}

}  // namespace

Result<std::unique_ptr<KernelPort>> KernelPort::Open(const TapConfig& config, uint32_t workers) {
  const Result<int> tap = OpenTap(config);
  if (!tap) return tl::unexpected(tap.error());
  return std::unique_ptr<KernelPort>(new KernelPort(config.name, *tap, workers));
}

KernelPort::KernelPort(std::string name, int tap, uint32_t workers) : name_(std::move(name)), tap_(tap) {
  for (uint32_t worker = 0; worker < workers; ++worker) to_kernel_.push_back(std::make_unique<FrameRing>(kSlots));
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "kernel-port");
}

KernelPort::~KernelPort() {
  stop_.store(true);
  thread_.join();
  close(tap_);
}

void KernelPort::Run() {
  using Clock = std::chrono::steady_clock;
  Clock::time_point busy_until;
  while (!stop_.load(std::memory_order_relaxed)) {
    bool moved = ReadFrames();
    for (const auto& ring : to_kernel_) moved |= WriteFrames(*ring);
    const Clock::time_point now = Clock::now();
    if (moved) {
      busy_until = now + kStaysBusy;
    } else {
      Wait(tap_, now < busy_until ? kBusyWait : kIdleWait);
    }
  }
}

// Whether there was something to write.
bool KernelPort::WriteFrames(FrameRing& ring) {
  size_t frames = 0;
  for (; frames < kTurn; ++frames) {
    const std::span<const uint8_t> frame = ring.Front();
    if (frame.empty()) break;
    const bool taken = write(tap_, frame.data(), frame.size()) == static_cast<ssize_t>(frame.size());
    (taken ? written_ : not_written_).Add(1);
    ring.Pop();
  }
  return frames > 0;
}

// Whether there was something to read.
bool KernelPort::ReadFrames() {
  uint8_t frame[FrameRing::kMaxFrame];
  size_t frames = 0;
  for (; frames < kTurn; ++frames) {
    const ssize_t size = read(tap_, frame, sizeof frame);
    if (size <= 0) break;
    if (!from_kernel_.Push({frame, static_cast<size_t>(size)})) full_.Add(1);
  }
  return frames > 0;
}

KernelPortInfo KernelPort::info() const {
  return {.name = name_,
          .to_kernel = written_.value(),
          .to_kernel_lost = not_written_.value(),
          .from_kernel = sent_.value(),
          .from_kernel_full = full_.value(),
          .from_kernel_unsent = unsent_.value()};
}

}  // namespace rblitz::io
