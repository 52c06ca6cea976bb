#include "dataplane/dns/address_labels.h"

#include "dataplane/dns/address_labels_kernels.h"

namespace rblitz::dns {

namespace {

#ifdef __x86_64__
bool HasAvx2() noexcept {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("bmi2") != 0;
}

// Microcode, a loop over the bits.
bool PdepIsSlow() noexcept {
  return __builtin_cpu_is("bdver4") != 0 || __builtin_cpu_is("znver1") != 0 || __builtin_cpu_is("znver2") != 0;
}

#endif

constexpr AddressLabelsKernel kKernels[] = {
    {"plain", ParseAddressLabelsPlain, []() noexcept { return true; }},
#ifdef __x86_64__
    {"ssse3", ParseAddressLabelsSsse3, []() noexcept { return __builtin_cpu_supports("ssse3") != 0; }},
    {"avx2", ParseAddressLabelsAvx2, HasAvx2},
    {"avx2_pdep", ParseAddressLabelsAvx2Pdep, []() noexcept { return HasAvx2() && !PdepIsSlow(); }},
#endif
};

}  // namespace

std::span<const AddressLabelsKernel> AddressLabelsKernels() noexcept { return kKernels; }

const AddressLabelsKernel& BestAddressLabelsKernel() noexcept {
  const AddressLabelsKernel* best = kKernels;
  for (const AddressLabelsKernel& kernel : kKernels) {
    if (kernel.supported()) best = &kernel;
  }
  return *best;
}

}  // namespace rblitz::dns
