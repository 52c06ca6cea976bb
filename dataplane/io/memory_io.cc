#include "dataplane/io/memory_io.h"

#include <cstring>
#include <utility>

#include "dataplane/io/frame_path.h"

namespace rblitz::io {

namespace {

// Frames start on a cache line and are copied in whole lines, so that copying knows no tails.
constexpr size_t kLine = 64;
constexpr size_t kMtu = 1500;
constexpr size_t kBufferSize = MemoryIo::kMaxFrame + kSlack;
static_assert(kBufferSize % kLine == 0);

struct alignas(kLine) Line {
  uint8_t bytes[kLine];
};

struct alignas(kLine) Buffer {
  uint8_t bytes[kBufferSize];
};

struct Waiting {
  size_t line;  // its first in `lines`
  size_t size;  // bytes
};

}  // namespace

struct MemoryIo::Rep {
  Rep(net::OwnAddresses addresses, WorkerStats* stats, bool has_kernel)
      : own(std::move(addresses)), path(&own, FramePath::MaxAnswer(kMtu), stats, has_kernel), buffers(kBurst) {}

  void Load(const Waiting& frame, Buffer& buffer) const noexcept {
    const Line* from = lines.data() + frame.line;
    uint8_t* to = buffer.bytes;
    for (size_t copied = 0; copied < frame.size; copied += kLine) std::memcpy(to + copied, from++, kLine);
  }

  void Keep(const uint8_t* frame, size_t size) {
    if (!replay) sent.emplace_back(frame, frame + size);
  }

  void Take(const ReceivedFrames& received, Burst& burst) noexcept {
    size_t replies[kBurst];
    uint16_t reply_sizes[kBurst];
    size_t count = 0;
    path.Take(received, burst, [&](size_t i, TakenFrame taken) {
      if (taken.fate == Fate::kMessage || taken.fate == Fate::kDropped) [[likely]]
        return;
      if (taken.fate == Fate::kToKernel) {
        to_kernel.emplace_back(received.data[i], received.data[i] + received.sizes[i]);
        return path.CountToKernel(true);
      }
      replies[count] = i;
      reply_sizes[count++] = taken.reply_size;
      path.CountReply(taken.fate);
    });
    // They are turned only when Take is through with them.
    for (size_t r = 0; r < count; ++r) Keep(received.data[replies[r]], reply_sizes[r]);
  }

  net::OwnAddresses own;
  FramePath path;
  std::vector<Buffer> buffers;
  std::vector<Line> lines;
  std::vector<Waiting> waiting;
  size_t next = 0;  // in `waiting`
  // Frames that Receive has not taken: those in `buffers`, as a port's ring of descriptors has them, and all.
  ReceivedFrames ring;
  size_t arrived = 0;
  size_t arrived_bytes = 0;
  bool replay = false;
  std::vector<std::vector<uint8_t>> sent;
  std::vector<std::vector<uint8_t>> to_kernel;
};

MemoryIo::MemoryIo(net::OwnAddresses own, WorkerStats* stats, bool has_kernel)
    : rep_(std::make_unique<Rep>(std::move(own), stats, has_kernel)) {}

MemoryIo::~MemoryIo() = default;

void MemoryIo::Push(std::span<const uint8_t> frame) {
  const size_t first_line = rep_->lines.size();
  rep_->waiting.push_back({first_line, frame.size()});
  rep_->lines.resize(first_line + (frame.size() + kLine - 1) / kLine);
  if (!frame.empty()) std::memcpy(&rep_->lines[first_line], frame.data(), frame.size());
}

std::vector<std::vector<uint8_t>> MemoryIo::TakeSent() { return std::exchange(rep_->sent, {}); }

std::vector<std::vector<uint8_t>> MemoryIo::TakeToKernel() { return std::exchange(rep_->to_kernel, {}); }

void MemoryIo::Replay() { rep_->replay = true; }

void MemoryIo::Arrive() noexcept {
  Rep& rep = *rep_;
  if (rep.replay && rep.next == rep.waiting.size()) rep.next = 0;
  rep.arrived = std::min(kBurst, rep.waiting.size() - rep.next);
  rep.arrived_bytes = 0;
  rep.ring.Clear();
  for (const Waiting& frame : std::span(rep.waiting.data() + rep.next, rep.arrived)) {
    rep.arrived_bytes += frame.size;
    if (frame.size > kMaxFrame) continue;
    Buffer& buffer = rep.buffers[rep.ring.count];
    rep.Load(frame, buffer);
    rep.ring.Add(buffer.bytes, static_cast<uint16_t>(frame.size), kBufferSize, UdpChecksum::kUnknown);
  }
}

void MemoryIo::Receive(Burst& burst) noexcept {
  Rep& rep = *rep_;
  burst.count = 0;
  burst.clients = this;
  // All are copied before the first is looked at, as a port does it: a load of what is still being stored would wait.
  if (rep.arrived == 0) Arrive();
  const size_t frames = std::exchange(rep.arrived, 0);
  const size_t bytes = rep.arrived_bytes;
  for (size_t i = rep.ring.count; i < frames; ++i) rep.path.CountOversize();
  rep.Take(rep.ring, burst);
  rep.next += frames;
  if (frames > 0) rep.path.CountReceived(frames, bytes);
  if (!rep.replay && rep.next == rep.waiting.size()) {
    rep.next = 0;
    rep.waiting.clear();
    rep.lines.clear();
  }
}

ClientAddress MemoryIo::ClientOf(const Message& message) const noexcept { return rep_->path.ClientOf(message); }

void MemoryIo::Send(Burst& burst) noexcept {
  const std::span messages(burst.messages, burst.count);
  uint16_t sizes[kBurst];
  const auto [frames, bytes] = rep_->path.TurnRound(messages, sizes);
  if (!rep_->replay) {
    for (size_t i = 0; i < burst.count; ++i) {
      if (sizes[i] != 0) rep_->Keep(rep_->path.FrameOf(messages[i]), sizes[i]);
    }
  }
  rep_->path.CountAnswered(frames, bytes);
}

}  // namespace rblitz::io
