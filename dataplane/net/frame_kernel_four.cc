// Vectors of 16 bytes, which every processor has: SSE on x86, NEON on arm64.
#include "dataplane/net/frame_kernel_body.h"

namespace rblitz::net {

namespace {

bool Supported() noexcept { return true; }

uint64_t Good(const QuestionPattern& pattern, const uint8_t* const* frames, const uint16_t* sizes, size_t count,
              uint16_t* payload_sizes) noexcept {
  return GoodQuestions<U32x4>(pattern, frames, sizes, count, payload_sizes);
}

uint64_t TurnRound(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept {
  return TurnAll<U32x4>(frames, payload_sizes, sum_changes, count);
}

}  // namespace

const FrameKernel kFrameKernelFour = {"four", Supported, kFrames<U32x4>, Good, TurnRound};

}  // namespace rblitz::net
