#include "dataplane/dns/nibble_labels.h"

#include "dataplane/dns/nibble_labels_kernels.h"

namespace rblitz::dns {

namespace {

#ifdef __x86_64__
bool HasAvx512() noexcept { return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0; }
#endif

constexpr NibbleLabelsKernel kKernels[] = {
    {"plain", ParseNibbleLabelsPlain, []() noexcept { return true; }},
#ifdef __x86_64__
    {"ssse3", ParseNibbleLabelsSsse3, []() noexcept { return __builtin_cpu_supports("ssse3") != 0; }},
    {"avx2", ParseNibbleLabelsAvx2, []() noexcept { return __builtin_cpu_supports("avx2") != 0; }},
    {"avx512", ParseNibbleLabelsAvx512, HasAvx512},
#endif
};

}  // namespace

std::span<const NibbleLabelsKernel> NibbleLabelsKernels() noexcept { return kKernels; }

const NibbleLabelsKernel& BestNibbleLabelsKernel() noexcept {
  const NibbleLabelsKernel* best = kKernels;
  for (const NibbleLabelsKernel& kernel : kKernels) {
    if (kernel.supported()) best = &kernel;
  }
  return *best;
}

}  // namespace rblitz::dns
