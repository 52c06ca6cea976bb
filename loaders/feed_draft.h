// What a grammar fills while a feed is read, and how it becomes FeedData: entries go to the builder at once, values and
// texts are kept raw until everything is known.
//
// Thread-safety: none. Lifetime: `data` must outlive the draft.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "loaders/category_codes.h"
#include "loaders/entry_watcher.h"
#include "loaders/feed.h"
#include "loaders/heat_draft.h"
#include "loaders/heat_text.h"
#include "loaders/ip4_text.h"
#include "loaders/raw_values.h"
#include "loaders/specials.h"
#include "tables/access_keys.h"
#include "tables/acl.h"
#include "tables/build_report.h"
#include "tables/generic_records.h"
#include "tables/hash_builder.h"
#include "tables/ip4_builder.h"
#include "tables/ip6_builder.h"
#include "tables/name_builder.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz {

struct FeedFormat;

// What the entries of a format are.
enum class FeedContent : uint8_t { kAddresses, kNames, kHashes, kGeneric, kClients, kKeys, kCombined, kHeat };

struct PartDraft;  // loaders/part_draft.h

// A line that makes all of a feed unusable; `number` counts the lines of its block from 0.
struct FatalLine {
  uint64_t number = 0;
  Error error;
};

class FeedDraft {
 public:
  FeedDraft(const FeedConfig& config, const FeedFormat& format, FeedData* data);
  ~FeedDraft();

  [[nodiscard]] const FeedConfig& config() const noexcept { return config_; }
  // What the entries take so far, at least.
  [[nodiscard]] uint64_t bytes() const;

  // Default lines count for the rest of their file only.
  void StartFile() noexcept {
    default_value_ = kConfigValue;
    acl_default = kBuiltinAclDecision;
    part = nullptr;
  }
  // What is decided of entries that say nothing, up to the next default line, and of clients with none of the keys.
  void SetAclDefault(AclDecision decision) {
    acl_default = decision;
    keys.set_unnamed(decision);
  }

  // What entries get that name nothing: as configured, then as the last default line of the file says.
  [[nodiscard]] RawValue config_value() const noexcept { return config_value_; }
  [[nodiscard]] ValueId default_value() const noexcept { return default_value_; }
  [[nodiscard]] RawValue default_raw() const noexcept { return values_.at(default_value_); }
  void SetDefault(RawValue value) { default_value_ = values_.Intern(value); }
  // The one value of a set that has only one. The first setting counts, for all entries of the feed.
  void SetOnlyValue(RawValue value);

  [[nodiscard]] ValueId Intern(RawValue value) {
    if (watcher == nullptr) return values_.Intern(value);
    watched_ = value;
    return kWatchedValue;
  }

  // Adds a range, or fails if it is larger than $MAXRANGE4 allows.
  [[nodiscard]] Status Add(AddressRange range, ValueId value);
  void AddClients(AddressRange range, AclDecision decision);
  // Fails if it is wider than max_range_v6 allows; no special limits IPv6.
  [[nodiscard]] Status Add(const Ip6Prefix& prefix, ValueId value) {
    if (prefix.length < ip6_least_length) [[unlikely]]
      return TooWide(prefix);
    if (watcher != nullptr) {
      Show(prefix, value);
    } else {
      ip6.Add(prefix, value);
    }
    return {};
  }
  // REQUIRES: it is a feed of heat. Fails as above.
  [[nodiscard]] Status AddHeat(const std::variant<HeatNetwork, Ip6Prefix>& network, double value, int64_t time);
  // An address that no limit of ranges is about.
  void AddAddress(uint32_t address, ValueId value) {
    if (watcher != nullptr) [[unlikely]]
      return Show(AddressRange{address, address}, value);
    ip4.Add(address, value);
  }
  void AddAddresses(std::span<const uint32_t> addresses, ValueId value) {
    if (watcher == nullptr) return ip4.Add(addresses, value);
    for (const uint32_t address : addresses) AddAddress(address, value);
  }
  void AddName(std::span<const uint8_t> name, NameForm form, ValueId value) {
    if (watcher != nullptr) return watcher->Saw(name, form, Watched(value));
    names.Add(name, form, value);
  }
  void AddDigest(const Digest& digest, ValueId value) {
    if (watcher != nullptr) return Show(digest, value);
    hashes.Add(digest, value);
  }

  EntryWatcher* watcher = nullptr;  // gets the entries instead of the builders

  Ip4Builder ip4;
  Ip6Builder ip6;
  AclBuilder acl;
  AccessKeysBuilder keys;
  AclDecision acl_default = kBuiltinAclDecision;  // of entries that say nothing
  NameBuilder names;
  HashBuilder hashes;
  GenericRecords generic;
  std::vector<std::unique_ptr<PartDraft>> parts;  // of a combined feed
  PartDraft* part = nullptr;                      // the one that is being read
  std::unique_ptr<HeatDraft> heat;                // of a feed of heat
  const FeedFormat* list_format = nullptr;        // of the lines of one that counts a list
  std::optional<FatalLine> fatal;
  CategoryCodes categories;
  Specials specials;
  uint8_t ip6_least_length = 0;  // of what is listed
  // What single entries are held to.
  void SetLimits(const FeedGuards& guards) noexcept {
    specials.max_range = guards.max_range;
    ip6_least_length = guards.max_range_v6;
  }
  int64_t header_time = 0;  // that a comment of the feed states; 0: none
  // Of several the oldest counts: the data are no newer than that.
  void SetHeaderTime(int64_t time) noexcept {
    if (time != 0 && (header_time == 0 || time < header_time)) header_time = time;
  }

  // REQUIRES: called once, after the last line. Fills `data` but for its times; compares with `previous`, if any. The
  // report is about all tables.
  void Finish(const FeedData* previous, BuildReport* report);

 private:
  static constexpr ValueId kConfigValue = 1;
  static constexpr AclDecision kBuiltinAclDecision{.action = AclAction::kIgnore};

  static constexpr ValueId kWatchedValue = ~ValueId{0};  // what was interned last, while there is a watcher

  // Valid until the next call.
  [[nodiscard]] WatchedValue Watched(ValueId value) {
    if (value == kNotListed) return nullptr;
    if (value != kWatchedValue) watched_ = values_.at(value);
    return &watched_;
  }
  template <class Entry>
  void Show(const Entry& entry, ValueId value) {
    watcher->Saw(entry, Watched(value));
  }

  // Fails if a range is larger than $MAXRANGE4 allows.
  [[nodiscard]] Status CheckRange(AddressRange range) const;
  [[nodiscard]] Status TooWide(const Ip6Prefix& prefix) const;

  void FinishIp4(const FeedData* previous, BuildReport* report);
  void FinishIp6(const FeedData* previous, BuildReport* report);
  void FinishAcl(const FeedData* previous, BuildReport* report);
  void FinishKeys(const FeedData* previous, BuildReport* report);
  void FinishNames(const FeedData* previous, BuildReport* report);
  void FinishHashes(const FeedData* previous, BuildReport* report);
  void FinishGeneric(const FeedData* previous, BuildReport* report);
  void FinishParts(const FeedData* previous, BuildReport* report);
  void FinishHeat(const FeedData* previous, BuildReport* report);

  const FeedContent content_;  // which of the builders data gets, entries or none
  const bool is_text_only_;
  FeedData* const data_;
  const FeedConfig config_;
  std::string config_text_;
  RawValue config_value_;
  RawValues values_;
  ValueId default_value_ = kConfigValue;
  bool only_value_set_ = false;
  RawValue watched_;
};

}  // namespace rblitz
