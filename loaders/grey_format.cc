#include "loaders/grey_format.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "tables/hash.h"

namespace rblitz {

namespace {

constexpr std::string_view kMagic = "rblitzGR";
static_assert(kMagic.size() == kGreyMagicBytes);
constexpr uint32_t kVersion = 1;
// What is hashed, and how: SHA-1 of KEY, "|" and a lower-case address, the first 128 bits of each, joined by XXH3.
constexpr uint32_t kKeyScheme = 1;
constexpr size_t kHeaderChecksumAt = kGreyHeaderBytes - sizeof(uint64_t);
constexpr uint8_t kPassed = 1;
constexpr uint8_t kForgotten = 2;

template <class T>
void Put(T value, char* at) {
  for (size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
}

template <class T>
T Get(const char* at) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value |= uint64_t{static_cast<uint8_t>(at[i])} << (8 * i);
  return static_cast<T>(value);
}

void PutRow(const TripletRow& row, char* at) {
  Put(row.key.network, at);
  Put(row.key.fingerprint, at + 8);
  Put(row.payload, at + 16);
  Put(row.first, at + 24);
  Put(row.last_minutes, at + 28);
  Put(row.epoch, at + 32);
  Put(static_cast<uint8_t>(row.key.kind), at + 34);
  Put(static_cast<uint8_t>((row.passed ? kPassed : 0) | (row.forgotten ? kForgotten : 0)), at + 35);
  Put(uint32_t{0}, at + 36);
}

TripletRow RowAt(const char* at) {
  const auto flags = Get<uint8_t>(at + 35);
  return {.key = {.network = Get<uint64_t>(at),
                  .fingerprint = Get<uint64_t>(at + 8),
                  .kind = static_cast<TripletKind>(Get<uint8_t>(at + 34))},
          .first = Get<uint32_t>(at + 24),
          .last_minutes = Get<uint32_t>(at + 28),
          .epoch = Get<uint16_t>(at + 32),
          .passed = (flags & kPassed) != 0,
          .forgotten = (flags & kForgotten) != 0,
          .payload = Get<uint64_t>(at + 16)};
}

bool IsRow(const TripletRow& row) {
  return row.key.kind <= TripletKind::kSenderDomain && row.last_minutes <= kMaxLastMinutes && row.epoch <= kMaxEpoch &&
         row.payload >> 48 == 0 && row.first != 0;
}

// Of all but the checksum, which stands behind length and number.
uint64_t ChecksumOf(std::string_view block, uint64_t salt) {
  const uint64_t parts[] = {Hash64(block.data(), 16, salt),
                            Hash64(block.data() + kGreyBlockBytes, block.size() - kGreyBlockBytes, salt)};
  return Hash64(parts, sizeof(parts), salt);
}

// REQUIRES: at most kMaxGreyBlockRows.
size_t BlockBytes(uint64_t rows) { return kGreyBlockBytes + static_cast<size_t>(rows) * kGreyRowBytes; }

}  // namespace

std::string GreyHeaderText(const GreyHeader& header) {
  std::string text(kGreyHeaderBytes, '\0');
  std::memcpy(text.data(), kMagic.data(), kMagic.size());
  Put(kVersion, text.data() + 8);
  Put(kKeyScheme, text.data() + 12);
  Put(static_cast<uint8_t>(header.kind), text.data() + 16);
  Put(header.salt, text.data() + 24);
  Put(header.seed, text.data() + 32);
  Put(header.number, text.data() + 40);
  Put(Hash64(text.data(), kHeaderChecksumAt, kVersion), text.data() + kHeaderChecksumAt);
  return text;
}

Result<GreyHeader> ParseGreyHeader(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return Fail("is no greylist of rblitz");
  if (bytes.size() < kGreyHeaderBytes) return Fail("is cut short in its header");
  const auto version = Get<uint32_t>(bytes.data() + 8);
  const auto scheme = Get<uint32_t>(bytes.data() + 12);
  if (version != kVersion) {
    return Fail("is of version " + std::to_string(version) + ", this program reads " + std::to_string(kVersion));
  }
  if (scheme != kKeyScheme) {
    return Fail("has keys of scheme " + std::to_string(scheme) + ", this program reads " + std::to_string(kKeyScheme));
  }
  if (Get<uint64_t>(bytes.data() + kHeaderChecksumAt) != Hash64(bytes.data(), kHeaderChecksumAt, kVersion)) {
    return Fail("has a header with a wrong checksum");
  }
  const auto kind = Get<uint8_t>(bytes.data() + 16);
  if (kind != static_cast<uint8_t>(GreyFileKind::kJournal) && kind != static_cast<uint8_t>(GreyFileKind::kSnapshot)) {
    return Fail("is neither journal nor snapshot");
  }
  return GreyHeader{.kind = static_cast<GreyFileKind>(kind),
                    .salt = Get<uint64_t>(bytes.data() + 24),
                    .seed = Get<uint64_t>(bytes.data() + 32),
                    .number = Get<uint64_t>(bytes.data() + 40)};
}

void AppendGreyBlock(std::span<const TripletRow> rows, uint64_t salt, uint64_t number, std::string* text) {
  assert(rows.size() <= kMaxGreyBlockRows);
  const size_t begin = text->size();
  text->resize(begin + kGreyBlockBytes + rows.size() * kGreyRowBytes);
  char* const block = text->data() + begin;
  Put(uint64_t{rows.size()}, block);
  Put(number, block + 8);
  for (size_t i = 0; i < rows.size(); ++i) PutRow(rows[i], block + kGreyBlockBytes + i * kGreyRowBytes);
  Put(ChecksumOf({block, text->size() - begin}, salt), block + 16);
}

Result<size_t> ParseGreyBlock(std::string_view bytes, uint64_t salt, uint64_t number, std::vector<TripletRow>* rows) {
  rows->clear();
  if (bytes.size() < kGreyBlockBytes) return Fail("is cut short");
  const auto count = Get<uint64_t>(bytes.data());
  if (count > kMaxGreyBlockRows) return Fail("has a block of an impossible length");
  const size_t size = BlockBytes(count);
  if (bytes.size() < size) return Fail("is cut short in a block");
  if (Get<uint64_t>(bytes.data() + 16) != ChecksumOf(bytes.substr(0, size), salt)) {
    return Fail("has a block with a wrong checksum");
  }
  if (Get<uint64_t>(bytes.data() + 8) != number) return Fail("has a block out of order");
  rows->reserve(static_cast<size_t>(count));
  for (size_t i = 0; i < count; ++i) {
    const TripletRow row = RowAt(bytes.data() + kGreyBlockBytes + i * kGreyRowBytes);
    if (!IsRow(row)) return Fail("has a row that is none");
    rows->push_back(row);
  }
  return size;
}

bool IsCutShortGreyBlock(std::string_view bytes) {
  if (bytes.size() < kGreyBlockBytes) return true;
  const auto count = Get<uint64_t>(bytes.data());
  return count <= kMaxGreyBlockRows && bytes.size() < BlockBytes(count);
}

std::optional<size_t> DamagedGreyBlock(std::string_view bytes, uint64_t number) {
  if (bytes.size() < kGreyBlockBytes || IsCutShortGreyBlock(bytes)) return std::nullopt;
  const auto count = Get<uint64_t>(bytes.data());
  if (count > kMaxGreyBlockRows || Get<uint64_t>(bytes.data() + 8) != number) return std::nullopt;
  const size_t size = BlockBytes(count);
  if (bytes.size() == size) return size;
  const bool is_followed =
      bytes.size() >= size + kGreyBlockBytes && Get<uint64_t>(bytes.data() + size + 8) == number + 1;
  return is_followed ? std::optional(size) : std::nullopt;
}

}  // namespace rblitz
