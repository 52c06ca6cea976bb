// What maps of heat are written with: light on dark, so that heat stands out.
//
// Thread-safety: constants.
#pragma once

#include "loaders/heat_palette.h"

namespace rblitz {

inline constexpr Rgb kPaper = {0x12, 0x14, 0x18};
inline constexpr Rgb kInk = {0xf2, 0xf4, 0xf8};
inline constexpr Rgb kFaint = {0xa4, 0xab, 0xb8};  // what should not be louder than heat

}  // namespace rblitz
