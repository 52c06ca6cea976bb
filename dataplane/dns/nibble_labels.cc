#include "dataplane/dns/nibble_labels.h"

#include "dataplane/dns/nibble_labels_kernels.h"

namespace rblitz::dns {

namespace {

constexpr NibbleLabelsKernel kKernels[] = {
    {"plain", ParseNibbleLabelsPlain, []() noexcept { return true; }},
#ifdef __x86_64__
    {"ssse3", ParseNibbleLabelsSsse3, []() noexcept { return __builtin_cpu_supports("ssse3") != 0; }},
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
