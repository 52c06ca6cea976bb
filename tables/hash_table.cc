#include "tables/hash_table.h"

#include "tables/hash_rep.h"

namespace rblitz {

namespace {

constexpr size_t kCacheLine = 64;

}  // namespace

HashTable::HashTable(std::unique_ptr<Rep> rep) noexcept : rep_(std::move(rep)) {}
HashTable::HashTable(HashTable&&) noexcept = default;
HashTable& HashTable::operator=(HashTable&&) noexcept = default;
HashTable::~HashTable() = default;

void HashTable::Prefetch(std::span<const Digest> digests, DigestCursor& cursor) const noexcept {
  for (size_t i = 0; i < digests.size(); ++i) {
    const DigestPart& part = rep_->PartOf(digests[i].size);
    cursor.begin[i] = 0;
    if (part.count == 0) continue;
    cursor.begin[i] = part.BucketOf(digests[i].bytes.data());
    __builtin_prefetch(part.index.data() + cursor.begin[i], 0, 3);
  }
}

void HashTable::Locate(std::span<const Digest> digests, DigestCursor& cursor) const noexcept {
  for (size_t i = 0; i < digests.size(); ++i) {
    const DigestPart& part = rep_->PartOf(digests[i].size);
    cursor.end[i] = 0;
    if (part.count == 0) continue;
    const uint32_t bucket = cursor.begin[i];
    cursor.begin[i] = part.index[bucket];
    cursor.end[i] = part.index[bucket + 1];
    if (cursor.begin[i] == cursor.end[i]) continue;
    const uint8_t* const last = part.at(cursor.end[i]) - 1;
    for (const uint8_t* line = part.at(cursor.begin[i]); line < last; line += kCacheLine)
      __builtin_prefetch(line, 0, 3);
    __builtin_prefetch(last, 0, 3);
    if (part.values.size() > 0) __builtin_prefetch(part.values.data() + cursor.begin[i], 0, 3);
  }
}

void HashTable::Find(std::span<const Digest> digests, const DigestCursor& cursor, ValueId* values) const noexcept {
  for (size_t i = 0; i < digests.size(); ++i) {
    const DigestPart& part = rep_->PartOf(digests[i].size);
    const uint32_t found = part.Find(digests[i].bytes.data(), cursor.begin[i], cursor.end[i]);
    values[i] = found == cursor.end[i] ? kNotListed : part.ValueOf(found);
  }
}

void HashTable::LookupBatch(std::span<const Digest> digests, ValueId* values) const noexcept {
  DigestCursor cursor;
  Prefetch(digests, cursor);
  Locate(digests, cursor);
  Find(digests, cursor, values);
}

ValueId HashTable::Lookup(const Digest& digest) const noexcept {
  ValueId value = kNotListed;
  LookupBatch({&digest, 1}, &value);
  return value;
}

bool HashTable::Contains(const Digest& digest) const noexcept {
  DigestCursor cursor;
  Prefetch({&digest, 1}, cursor);
  Locate({&digest, 1}, cursor);
  const DigestPart& part = rep_->PartOf(digest.size);
  return part.Find(digest.bytes.data(), cursor.begin[0], cursor.end[0]) != cursor.end[0];
}

uint64_t HashTable::entries() const noexcept {
  uint64_t entries = 0;
  for (const DigestPart& part : rep_->parts) entries += part.count;
  return entries;
}

size_t HashTable::bytes() const noexcept {
  size_t bytes = sizeof(Rep);
  for (const DigestPart& part : rep_->parts) bytes += part.index.bytes() + part.digests.bytes() + part.values.bytes();
  return bytes;
}

}  // namespace rblitz
