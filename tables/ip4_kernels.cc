#include "tables/ip4_kernels.h"

namespace rblitz {

namespace {

const Ip4Kernel* Best() noexcept {
  const Ip4Kernel* best = nullptr;
  for (const Ip4Kernel* const kernel : Ip4Kernels()) {
    if (kernel->supported()) best = kernel;
  }
  return best;
}

}  // namespace

std::span<const Ip4Kernel* const> Ip4Kernels() noexcept {
#ifdef __x86_64__
  static constexpr const Ip4Kernel* kKernels[] = {&kIp4KernelAvx2};
  return kKernels;
#else
  return {};
#endif
}

const Ip4Kernel* BestIp4Kernel() noexcept {
  static const Ip4Kernel* const best = Best();
  return best;
}

}  // namespace rblitz
