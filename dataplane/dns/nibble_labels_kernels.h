// The kernels behind nibble_labels.h, each in a translation unit of its own.
#pragma once

#include "dataplane/dns/nibble_labels.h"

namespace rblitz::dns {

void ParseNibbleLabelsPlain(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);
void ParseNibbleLabelsSsse3(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);
void ParseNibbleLabelsAvx2(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);
void ParseNibbleLabelsAvx512(const uint8_t* const* names, size_t count, NibbleAddress* addresses, uint8_t* good);

}  // namespace rblitz::dns
