#include "tables/ip4_kernels.h"

namespace rblitz {

const Ip4Kernel* BestIp4Kernel() noexcept {
  static const Ip4Kernel* const best = __builtin_cpu_supports("avx2") != 0 ? &kIp4KernelAvx2 : nullptr;
  return best;
}

}  // namespace rblitz
