// Writes a file as a whole: readers see the old one or the new one, and after an error the old one.
//
// Thread-safety: pure but for the file system. Errors: name the file.
#pragma once

#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

// What is no regular file itself, as a pipe, /dev/stdout or any other symbolic link, is written to where it is.
[[nodiscard]] Status WriteWholeFile(const std::string& path, std::string_view bytes, unsigned mode = 0644);

// To an open file; `path` is its name.
[[nodiscard]] Status WriteAll(const std::string& path, int fd, std::string_view bytes);

}  // namespace rblitz
