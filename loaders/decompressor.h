// Compressed formats, told apart by how they begin (RFC 1952 section 2.3.1, RFC 8878 section 3.1), never by a name.
//
// A file is a series of members (gzip) or frames (zstd), as their command-line programs write and read them.
//
// Thread-safety: none. Errors: say what is wrong with the data, as in "corrupt gzip data: incorrect data check".
// Cost: gzip 40 KiB, zstd up to the window that the data asks for, 128 MiB at most.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

class Decompressor {
 public:
  virtual ~Decompressor() = default;

  // Goes on until `in` is used up or `out` is full, and leaves what remains of both.
  [[nodiscard]] virtual Status Run(std::string_view* in, std::span<char>* out) = 0;
  // Whether nothing is missing when the input ends here. REQUIRES: Run left room in `out`.
  [[nodiscard]] virtual bool complete() const = 0;
  [[nodiscard]] virtual std::string_view format() const = 0;
};

// For data that begins so; null when it is not compressed, or is so short that it could not be told.
[[nodiscard]] Result<std::unique_ptr<Decompressor>> MakeDecompressor(std::string_view start);

}  // namespace rblitz
