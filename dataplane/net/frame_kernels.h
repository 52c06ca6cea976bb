// Bursts of frames several at a time: checked for good questions on the way in, turned round on the way out. There is a
// kernel for each vector width, both from the text of frame_kernel_body.h; what they do is defined by ClassifyFrame
// and TurnUdp, frame by frame. This header holds no function that exists by itself, so that nothing of a kernel can
// stand in for code of the baseline.
//
// Thread-safety: pure. Units: bytes. Cost: bench/frame_bench, docs/performance.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tables/vectors.h"

namespace rblitz::net {

// What is the same in every good question.
struct QuestionPattern {
  static constexpr size_t kMaxAddresses = 8;

  struct Key {  // memory order
    uint32_t address;
    uint32_t broadcast;  // `address` again where the network has none
  };

  // The headers, and the first bytes behind them: of `wanted` the bits that are set in `compared`.
  U32x4 wanted[3] = {};
  U32x4 compared[3] = {};
  size_t keys_size = 0;  // 0: too many or none, nothing passes
  std::array<Key, kMaxAddresses> keys{};
};

struct FrameKernel {
  std::string_view name;
  bool (*supported)() noexcept;
  size_t step;  // frames taken at once: `count` is a multiple of it, at most 64

  // Bit i: frame i is a good question, and payload_sizes[i] is its payload's. REQUIRES: 48 bytes can be read at each.
  uint64_t (*good)(const QuestionPattern& pattern, const uint8_t* const* frames, const uint16_t* sizes, size_t count,
                   uint16_t* payload_sizes) noexcept;
  // As TurnUdp, but that it leaves the checksum of the frames that it returns (bit i: frame i) to be computed: their
  // question had none.
  uint64_t (*turn)(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept;
};

extern const FrameKernel kFrameKernelFour;
extern const FrameKernel kFrameKernelAvx2;

// All of them, slowest first.
[[nodiscard]] std::span<const FrameKernel* const> FrameKernels() noexcept;

// The fastest one that this processor has.
[[nodiscard]] const FrameKernel& BestFrameKernel() noexcept;

}  // namespace rblitz::net
