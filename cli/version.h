// The version that every program shows, from meson.build.
#pragma once

#include <string_view>

namespace rblitz {

inline constexpr std::string_view kVersion = RBLITZ_VERSION;

}  // namespace rblitz
