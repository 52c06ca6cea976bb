#include "tables/hash_builder.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <tuple>
#include <utility>

#include "tables/hash_rep.h"
#include "tables/ip4_paint.h"

namespace rblitz {

namespace {

struct Valued {
  Digest digest;
  ValueId value;
};

// Deals the digests out to the buckets of a part that has room for all of them.
class Dealer {
 public:
  Dealer(DigestPart* part, Verdicts* verdicts) : part_(*part), uniter_(Precedence::kPieces, verdicts) {}

  void Count(const uint8_t* digest) { ++part_.index[part_.BucketOf(digest) + 1]; }

  // From counts to where each bucket begins; placing moves that on to where the bucket ends.
  void Plan() {
    for (uint32_t bucket = 0; bucket < part_.buckets; ++bucket) part_.index[bucket + 1] += part_.index[bucket];
  }

  void Place(const uint8_t* digest, ValueId value) {
    const uint32_t at = part_.index[part_.BucketOf(digest)]++;
    std::memcpy(part_.digests.data() + part_.size * at, digest, part_.size);
    if (part_.values.size() > 0) part_.values[at] = value;
  }

  // Leaves each digest once, buckets close to each other.
  void Settle() {
    uint32_t begin = 0;
    for (uint32_t bucket = 0; bucket < part_.buckets; ++bucket) {
      const uint32_t end = part_.index[bucket];
      Take(begin, end);
      part_.index[bucket] = part_.count;
      PutBack();
      begin = end;
    }
    part_.index[part_.buckets] = part_.count;
  }

 private:
  void Take(uint32_t begin, uint32_t end) {
    bucket_.clear();
    for (uint32_t i = begin; i < end; ++i) {
      Valued& valued = bucket_.emplace_back(Valued{.digest = {}, .value = part_.ValueOf(i)});
      std::memcpy(valued.digest.bytes.data(), part_.at(i), part_.size);
    }
    std::ranges::sort(bucket_, {}, [](const Valued& valued) { return std::tie(valued.digest.bytes, valued.value); });
  }

  void PutBack() {
    for (size_t i = 0; i < bucket_.size();) {
      const Digest& digest = bucket_[i].digest;
      values_.clear();
      for (; i < bucket_.size() && bucket_[i].digest == digest; ++i) values_.push_back(bucket_[i].value);
      std::memcpy(part_.digests.data() + part_.size * part_.count, digest.bytes.data(), part_.size);
      if (part_.values.size() > 0) part_.values[part_.count] = uniter_.Unite(values_);
      ++part_.count;
    }
  }

  DigestPart& part_;
  Ip4Uniter uniter_;  // ip4set's way with several values of one address suits digests as well
  std::vector<Valued> bucket_;
  std::vector<ValueId> values_;
};

uint64_t CountCommon(const HashTable::Rep& table, const HashTable& previous) {
  uint64_t common = 0;
  for (const DigestPart& part : table.parts) {
    Digest digest{.size = static_cast<uint8_t>(part.size)};
    for (uint32_t i = 0; i < part.count; ++i) {
      std::memcpy(digest.bytes.data(), part.at(i), part.size);
      common += previous.Contains(digest);
    }
  }
  return common;
}

}  // namespace

void HashBuilder::Add(const Digest& digest, ValueId value) {
  const auto* const kind = std::ranges::find(kDigestSizes, digest.size);
  assert(kind != kDigestSizes.end());
  Given& given = given_[static_cast<size_t>(kind - kDigestSizes.begin())];
  if (given.count == 0) given.first_value = value;
  if (given.values.empty() && value != given.first_value) given.values.assign(given.count, given.first_value);
  if (value != given.first_value || !given.values.empty()) given.values.push_back(value);
  given.bytes.insert(given.bytes.end(), digest.bytes.begin(), digest.bytes.begin() + digest.size);
  ++given.count;
}

bool HashBuilder::empty() const noexcept {
  return std::ranges::all_of(given_, [](const Given& given) { return given.count == 0; });
}

void HashBuilder::BuildPart(const Given& given, DigestPart* part) const {
  part->buckets = given.count / DigestPart::kPerBucket + 1;
  part->index = HugeArray<uint32_t>(part->buckets + size_t{1});
  part->digests = HugeArray<uint8_t>(part->size * given.count);
  part->values = HugeArray<ValueId>(given.values.size());
  part->common = given.first_value;
  Dealer dealer(part, verdicts_);
  const uint8_t* const end = given.bytes.data() + given.bytes.size();
  for (const uint8_t* digest = given.bytes.data(); digest < end; digest += part->size) dealer.Count(digest);
  dealer.Plan();
  for (size_t i = 0; i < given.count; ++i) {
    dealer.Place(given.bytes.data() + part->size * i, given.values.empty() ? given.first_value : given.values[i]);
  }
  dealer.Settle();
}

HashTable HashBuilder::Build(const HashTable* previous, BuildReport* report) {
  auto table = std::make_unique<HashTable::Rep>();
  *report = {};
  for (size_t kind = 0; kind < kDigestSizes.size(); ++kind) {
    const Given given = std::exchange(given_[kind], {});
    DigestPart& part = table->parts[kind];
    part.size = kDigestSizes[kind];
    if (given.count > 0) BuildPart(given, &part);
    report->entries += part.count;
    report->duplicates += given.count - part.count;
  }
  const uint64_t common = previous == nullptr ? 0 : CountCommon(*table, *previous);
  report->added = report->entries - common;
  report->removed = previous == nullptr ? 0 : previous->entries() - common;
  return HashTable(std::move(table));
}

}  // namespace rblitz
