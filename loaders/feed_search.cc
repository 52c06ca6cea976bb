#include "loaders/feed_search.h"

#include <algorithm>
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

class Search final : public EntryWatcher {
 public:
  Search(const Sought& sought, Precedence precedence)
      : sought_(sought), digests_(DigestsFromLabels(sought.labels)), ip4_(precedence, &values_) {}

  bool AtLine(const std::string& path, uint64_t line) override {
    path_ = &path;
    line_ = line;
    return found_.size() < kMostCovering;
  }

  void Saw(AddressRange range, WatchedValue value) override {
    if (sought_.ip4 && range.first <= *sought_.ip4 && *sought_.ip4 <= range.last) {
      ip4_.AddRange(range.first, range.last, ValueOf(value));
    }
  }
  void Saw(const Ip6Prefix& prefix, WatchedValue value) override {
    if (sought_.ip6 && Contains(prefix, *sought_.ip6)) ip6_.Add(prefix, ValueOf(value));
  }
  void Saw(std::span<const uint8_t> name, NameForm form, WatchedValue value) override {
    const bool covers = (form != NameForm::kBelow && std::ranges::equal(name, sought_.labels)) ||
                        (form != NameForm::kExact && IsBelow(sought_.labels, name));
    if (covers) names_.Add(name, form, ValueOf(value));
  }
  void Saw(const Digest& digest, WatchedValue value) override {
    const std::span<const Digest> sought(digests_.digests.data(), digests_.count);
    if (std::ranges::find(sought, digest) != sought.end()) hashes_.Add(digest, ValueOf(value));
  }

  std::vector<FoundLine> Deciding() {
    std::set<uint32_t> deciding;
    const auto take = [&](ValueId value) {
      for (const Verdict& verdict : values_.at(value)) deciding.insert(verdict.a_be);
    };
    BuildReport ignored;
    if (sought_.ip4) take(ip4_.Build(nullptr, &ignored).Lookup(*sought_.ip4));
    if (sought_.ip6) take(ip6_.Build(nullptr, &ignored).Lookup(*sought_.ip6));
    if (!names_.empty()) take(names_.Build(nullptr, &ignored).Lookup(sought_.labels).value);
    if (!hashes_.empty()) {
      const HashTable table = hashes_.Build(nullptr, &ignored);
      for (size_t i = 0; i < digests_.count; ++i) take(table.Lookup(digests_.digests[i]));
    }
    std::vector<FoundLine> lines;
    lines.reserve(deciding.size());
    for (const uint32_t index : deciding) lines.push_back(found_[index]);
    return lines;
  }

 private:
  // A value that stands for the line.
  ValueId ValueOf(WatchedValue value) {
    if (value == nullptr) return kNotListed;
    found_.push_back({.path = *path_, .line = line_, .a_be = value->a_be});
    return values_.Intern(Verdict{.a_be = static_cast<uint32_t>(found_.size() - 1), .text = kNoText});
  }

  const Sought& sought_;
  const DigestReadings digests_;
  const std::string* path_ = nullptr;
  uint64_t line_ = 0;
  std::vector<FoundLine> found_;  // that cover it
  Verdicts values_;               // whose A values are indices into found_
  Ip4Builder ip4_;
  Ip6Builder ip6_;
  NameBuilder names_{&values_};
  HashBuilder hashes_{&values_};
};

}  // namespace

Result<std::vector<FoundLine>> FindLines(const FeedConfig& config, std::vector<FeedSource> sources,
                                         const Sought& sought) {
  const FeedFormat* const format = FindFormat(config.format);
  if (format == nullptr) return Fail("feed " + config.name + ": unknown format '" + config.format + "'");
  Search search(sought, format->precedence);
  const Status shown = ShowEntries(config, std::move(sources), &search);
  if (!shown) return tl::unexpected(shown.error());
  return search.Deciding();
}

}  // namespace rblitz
