// How rows of the greylist stand in files: the bytes of journals and snapshots.
//
// A file is a header of 64 bytes and blocks. A block is its length in rows, its number in the file, a checksum over all
// of it, and rows of 40 bytes. All integers are little-endian. A block whose number is not the next one belongs to an
// older file whose place on the disk was used again. A snapshot ends with a block without rows; a journal with the last
// block that is whole.
//
// Thread-safety: pure functions. Errors: messages say what is wrong with the bytes; the caller adds the file's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

inline constexpr size_t kGreyHeaderBytes = 64;
inline constexpr size_t kGreyMagicBytes = 8;   // its first, of every version
inline constexpr size_t kGreyBlockBytes = 24;  // before the rows
inline constexpr size_t kGreyRowBytes = 40;
inline constexpr uint32_t kMaxGreyBlockRows = 1 << 16;

enum class GreyFileKind : uint8_t { kJournal = 1, kSnapshot = 2 };

struct GreyHeader {
  GreyFileKind kind = GreyFileKind::kJournal;
  // Drawn once for each file: blocks carry it in their checksum.
  uint64_t salt = 0;
  // Places rows in the table; drawn once for each store.
  uint64_t seed = 0;
  // Of a journal its number; of a snapshot that of the first journal whose rows it may lack.
  uint64_t number = 0;

  bool operator==(const GreyHeader&) const = default;
};

[[nodiscard]] std::string GreyHeaderText(const GreyHeader& header);
// Errors: another kind of file, a newer version, another key scheme, a wrong checksum.
[[nodiscard]] Result<GreyHeader> ParseGreyHeader(std::string_view bytes);

// REQUIRES: at most kMaxGreyBlockRows.
void AppendGreyBlock(std::span<const TripletRow> rows, uint64_t salt, uint64_t number, std::string* text);

inline constexpr size_t kMaxGreyBlockBytes = kGreyBlockBytes + kMaxGreyBlockRows * kGreyRowBytes;

// Its length, and in `rows` nothing but the rows of the block at the beginning of `bytes`. Errors: cut short, a length
// that cannot be, a wrong checksum or number, a row that is none.
[[nodiscard]] Result<size_t> ParseGreyBlock(std::string_view bytes, uint64_t salt, uint64_t number,
                                            std::vector<TripletRow>* rows);

// A block that is not all there: whoever wrote it was stopped.
[[nodiscard]] bool IsCutShortGreyBlock(std::string_view bytes);

// The length of a block that is damaged within: what stands behind it is the next block, or the end. Nothing: nobody
// knows where the next one begins.
[[nodiscard]] std::optional<size_t> DamagedGreyBlock(std::string_view bytes, uint64_t number);

}  // namespace rblitz
