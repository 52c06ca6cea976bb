// Writes a file as a whole: readers see the old one or the new one, and after an error the old one.
//
// Thread-safety: pure but for the file system. Errors: name the file.
#pragma once

#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

// What is no regular file (/dev/stdout) is written to as it is.
[[nodiscard]] Status WriteWholeFile(const std::string& path, std::string_view bytes);

}  // namespace rblitz
