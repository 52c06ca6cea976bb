#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/address_labels_kernels.h"

namespace rblitz::dns {

int OctetOfLabel(const uint8_t* label) noexcept {
  const unsigned length = label[0];
  if (length < 1 || length > 3) return -1;
  int value = 0;
  for (unsigned i = 1; i <= length; ++i) {
    if (label[i] < '0' || label[i] > '9') return -1;
    value = value * 10 + (label[i] - '0');
  }
  return value <= 255 ? value : -1;
}

void ParseAddressLabelsPlain(const uint8_t* const* names, size_t count, uint32_t* addresses, uint8_t* sizes) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* at = names[i];
    uint32_t address = 0;
    sizes[i] = 0;
    addresses[i] = 0;
    for (unsigned label = 0; label < 4; ++label) {
      const int octet = OctetOfLabel(at);
      if (octet < 0) break;
      address |= static_cast<uint32_t>(octet) << (8 * label);  // the name begins with the last octet
      at += 1 + at[0];
      if (label < 3) continue;
      addresses[i] = address;
      sizes[i] = static_cast<uint8_t>(at - names[i]);
    }
  }
}

}  // namespace rblitz::dns
