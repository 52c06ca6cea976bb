#include "loaders/feed_search.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "loaders/entry_watcher.h"
#include "loaders/feed_entries.h"
#include "loaders/formats.h"
#include "tables/hash_builder.h"
#include "tables/ip4_builder.h"
#include "tables/ip6_builder.h"
#include "tables/name_builder.h"

namespace rblitz {

namespace {

bool IsBelow(std::span<const uint8_t> name, std::span<const uint8_t> above) {
  for (size_t at = 0; at < name.size(); at += size_t{name[at]} + 1) {
    if (name.size() - at == above.size()) return at > 0 && std::ranges::equal(name.subspan(at), above);
  }
  return false;
}

bool Contains(const Ip6Prefix& prefix, const Ip6Address& address) {
  const Ip6Address host = HostBits(prefix.length);
  return (address.high & ~host.high) == prefix.address.high && (address.low & ~host.low) == prefix.address.low;
}

// The entries of one data set that cover what is sought. Each line has a value of its own: an index.
class Covering {
 public:
  explicit Covering(Precedence precedence) : ip4_(precedence, &values_) {}

  [[nodiscard]] ValueId ValueOf(size_t line) {
    return values_.Intern(Verdict{.a_be = static_cast<uint32_t>(line), .text = kNoText});
  }
  void Add(AddressRange range, ValueId value) { ip4_.AddRange(range.first, range.last, value); }
  void Add(const Ip6Prefix& prefix, ValueId value) { ip6_.Add(prefix, value); }
  void Add(std::span<const uint8_t> name, NameForm form, ValueId value) { names_.Add(name, form, value); }
  void Add(const Digest& digest, ValueId value) { hashes_.Add(digest, value); }

  // Adds the lines that decide. REQUIRES: called once.
  void Decide(const Sought& sought, std::span<const Digest> digests, std::set<uint32_t>* lines) {
    const auto take = [&](ValueId value) {
      for (const Verdict& verdict : values_.at(value)) lines->insert(verdict.a_be);
    };
    BuildReport ignored;
    if (sought.ip4) take(ip4_.Build(nullptr, &ignored).Lookup(*sought.ip4));
    if (sought.ip6) take(ip6_.Build(nullptr, &ignored).Lookup(*sought.ip6));
    if (!names_.empty()) take(names_.Build(nullptr, &ignored).Lookup(sought.labels).value);
    if (hashes_.empty()) return;
    const HashTable table = hashes_.Build(nullptr, &ignored);
    for (const Digest& digest : digests) take(table.Lookup(digest));
  }

 private:
  Verdicts values_;
  Ip4Builder ip4_;
  Ip6Builder ip6_;
  NameBuilder names_{&values_};
  HashBuilder hashes_{&values_};
};

class Search final : public EntryWatcher {
 public:
  // Of a combined feed nothing counts before its first data set.
  Search(const Sought& sought, const FeedFormat& format) : sought_(sought), digests_(DigestsFromLabels(sought.labels)) {
    if (format.content != FeedContent::kCombined) covering_ = std::make_unique<Covering>(format.precedence);
  }

  bool AtLine(const std::string& path, uint64_t line) override {
    path_ = &path;
    line_ = line;
    return found_.size() < kMostCovering;
  }

  void AtPart(std::span<const std::string> zones, Precedence precedence) override {
    Decide();
    const bool counts = std::ranges::find(zones, sought_.part) != zones.end();
    covering_ = counts ? std::make_unique<Covering>(precedence) : nullptr;
  }

  void Saw(AddressRange range, WatchedValue value) override {
    if (covering_ == nullptr) return;
    if (sought_.ip4 && range.first <= *sought_.ip4 && *sought_.ip4 <= range.last) covering_->Add(range, ValueOf(value));
  }
  void Saw(const Ip6Prefix& prefix, WatchedValue value) override {
    if (covering_ == nullptr) return;
    if (sought_.ip6 && Contains(prefix, *sought_.ip6)) covering_->Add(prefix, ValueOf(value));
  }
  void Saw(std::span<const uint8_t> name, NameForm form, WatchedValue value) override {
    if (covering_ == nullptr) return;
    const bool covers = (form != NameForm::kBelow && std::ranges::equal(name, sought_.labels)) ||
                        (form != NameForm::kExact && IsBelow(sought_.labels, name));
    if (covers) covering_->Add(name, form, ValueOf(value));
  }
  void Saw(const Digest& digest, WatchedValue value) override {
    if (covering_ == nullptr) return;
    if (std::ranges::find(sought_digests(), digest) != sought_digests().end()) covering_->Add(digest, ValueOf(value));
  }

  std::vector<FoundLine> Deciding() {
    Decide();
    std::vector<FoundLine> lines;
    lines.reserve(deciding_.size());
    for (const uint32_t index : deciding_) lines.push_back(found_[index]);
    return lines;
  }

 private:
  [[nodiscard]] std::span<const Digest> sought_digests() const { return {digests_.digests.data(), digests_.count}; }

  // A value that stands for the line.
  ValueId ValueOf(WatchedValue value) {
    if (value == nullptr) return kNotListed;
    found_.push_back({.path = *path_, .line = line_, .a_be = value->a_be});
    return covering_->ValueOf(found_.size() - 1);
  }
  void Decide() {
    if (covering_ != nullptr) covering_->Decide(sought_, sought_digests(), &deciding_);
    covering_ = nullptr;
  }

  const Sought& sought_;
  const DigestReadings digests_;
  const std::string* path_ = nullptr;
  uint64_t line_ = 0;
  std::vector<FoundLine> found_;        // that cover it
  std::unique_ptr<Covering> covering_;  // of the data set that is read; null: it does not count
  std::set<uint32_t> deciding_;         // indices into found_
};

}  // namespace

Result<std::vector<FoundLine>> FindLines(const FeedConfig& config, std::vector<FeedSource> sources,
                                         const Sought& sought) {
  const FeedFormat* const format = FindFormat(config.format);
  if (format == nullptr) return Fail("feed " + config.name + ": unknown format '" + config.format + "'");
  Search search(sought, *format);
  const Status shown = ShowEntries(config, std::move(sources), &search);
  if (!shown) return tl::unexpected(shown.error());
  return search.Deciding();
}

}  // namespace rblitz
