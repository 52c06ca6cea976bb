#include "dataplane/net/frame_kernel_body.h"

namespace rblitz::net {

namespace {

bool Supported() noexcept { return __builtin_cpu_supports("avx2") != 0; }

uint64_t Good(const QuestionPattern& pattern, const uint8_t* const* frames, const uint16_t* sizes, size_t count,
              uint16_t* payload_sizes) noexcept {
  return GoodQuestions<U32x8>(pattern, frames, sizes, count, payload_sizes);
}

uint64_t TurnRound(uint8_t* const* frames, const uint32_t* payload_sizes, const uint32_t* sum_changes,
                   size_t count) noexcept {
  return TurnAll<U32x8>(frames, payload_sizes, sum_changes, count);
}

}  // namespace

const FrameKernel kFrameKernelAvx2 = {"avx2", Supported, kFrames<U32x8>, Good, TurnRound};

}  // namespace rblitz::net
