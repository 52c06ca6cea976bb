#include "loaders/feed_draft.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cassert>
#include <ctime>
#include <utility>

#include "loaders/formats.h"
#include "loaders/ip6_text.h"
#include "loaders/part_draft.h"

namespace rblitz {

namespace {

constexpr uint32_t kBuiltinA = 0x7f000002;
constexpr uint32_t kTestListed = 0x7f000002;  // RFC 5782 section 5
constexpr uint32_t kTestUnlisted = 0x7f000001;
constexpr uint8_t kNameTestListed[] = {4, 't', 'e', 's', 't'};
constexpr uint8_t kNameTestUnlisted[] = {7, 'i', 'n', 'v', 'a', 'l', 'i', 'd'};

}  // namespace

FeedDraft::FeedDraft(const FeedConfig& config, const FeedFormat& format, FeedData* data)
    : ip4(format.precedence, &data->verdicts),
      names(&data->verdicts),
      hashes(&data->verdicts),
      categories(config.codes),
      content_(format.content),
      is_text_only_(format.is_text_only),
      data_(data),
      config_(config),
      config_text_(RawFromConfig(config.text ? *config.text : format.text, config.name)),
      config_value_{.a_be = config.a_be.value_or(htonl(kBuiltinA)), .text = config_text_} {
  [[maybe_unused]] const ValueId id = values_.Intern(config_value_);
  assert(id == kConfigValue);
  keys.set_unnamed(kBuiltinAclDecision);
  if (format.heat == HeatKind::kNone) return;
  heat = std::make_unique<HeatDraft>(config.heat, format.heat, std::time(nullptr));
  if (format.heat != HeatKind::kList) return;
  list_format = FindFormat(config.heat.list_format);
  assert(list_format != nullptr && list_format->content == FeedContent::kAddresses);
  watcher = heat->list();
}

FeedDraft::~FeedDraft() = default;

uint64_t FeedDraft::bytes() const {
  constexpr uint64_t kLeastEntryBytes = 4;  // in a builder
  uint64_t bytes = ip4.given() * kLeastEntryBytes;
  for (const std::unique_ptr<PartDraft>& one : parts) bytes += one->draft.bytes();
  return heat != nullptr ? bytes + heat->bytes() : bytes;
}

void FeedDraft::SetOnlyValue(RawValue value) {
  if (!std::exchange(only_value_set_, true)) values_.Replace(kConfigValue, value);
}

Status FeedDraft::CheckRange(AddressRange range) const {
  const uint64_t size = uint64_t{range.last} - range.first + 1;
  if (specials.max_range == 0 || size <= specials.max_range) return {};
  return Fail("range of " + std::to_string(size) + " addresses is larger than $MAXRANGE4 or max_range allows (" +
              std::to_string(specials.max_range) + ")");
}

Status FeedDraft::TooWide(const Ip6Prefix& prefix) const {
  return Fail("network " + Ip6Text(prefix) + " is wider than max_range_v6 allows (/" +
              std::to_string(ip6_least_length) + ")");
}

Status FeedDraft::Add(AddressRange range, ValueId value) {
  if (Status checked = CheckRange(range); !checked) return checked;
  if (watcher != nullptr) {
    Show(range, value);
  } else if (range.first == range.last) {
    ip4.Add(range.first, value);
  } else {
    ip4.AddRange(range.first, range.last, value);
  }
  return {};
}

Status FeedDraft::AddHeat(const std::variant<HeatNetwork, Ip6Prefix>& network, double value, int64_t time) {
  if (const auto* const network6 = std::get_if<Ip6Prefix>(&network)) {
    if (network6->length < ip6_least_length) return TooWide(*network6);
    heat->Add(*network6, value, time);
    return {};
  }
  const auto [prefix, length] = std::get<HeatNetwork>(network);
  const uint32_t host = length == 32 ? 0 : ~uint32_t{0} >> length;
  if (Status checked = CheckRange({prefix, prefix | host}); !checked) return checked;
  heat->Add(prefix, length, value, time);
  return {};
}

// A limit is for what is listed: the widest line of an access list is often the one that refuses everybody else.
void FeedDraft::AddClients(AddressRange range, AclDecision decision) { acl.Add(range.first, range.last, decision); }

void FeedDraft::FinishIp4(const FeedData* previous, BuildReport* report) {
  const Ip4Table* const before = previous != nullptr ? previous->ip4.get() : nullptr;
  data_->ip4 = std::make_shared<const Ip4Table>(ip4.Build(before, report));
  data_->test_listed = ip4.exact(kTestListed);
  data_->test_unlisted = ip4.exact(kTestUnlisted);
}

void FeedDraft::FinishIp6(const FeedData* previous, BuildReport* report) {
  Ip6Table table = ip6.Build(previous != nullptr ? previous->ip6.get() : nullptr, report);
  if (table.entries() > 0) data_->ip6 = std::make_shared<const Ip6Table>(std::move(table));
  data_->ip6_test_listed = ip6.exact(kIp6TestListed);
  data_->ip6_test_unlisted = ip6.exact(kIp6TestUnlisted);
}

void FeedDraft::FinishAcl(const FeedData* previous, BuildReport* report) {
  const Acl* const before = previous != nullptr ? previous->acl.get() : nullptr;
  data_->acl = std::make_shared<const Acl>(acl.Build(before, report));
}

void FeedDraft::FinishKeys(const FeedData* previous, BuildReport* report) {
  const AccessKeys* const before = previous != nullptr ? previous->keys.get() : nullptr;
  data_->keys = std::make_shared<const AccessKeys>(keys.Build(before, report));
}

void FeedDraft::FinishNames(const FeedData* previous, BuildReport* report) {
  const NameTable* const before = previous != nullptr ? previous->names.get() : nullptr;
  data_->names = std::make_shared<const NameTable>(names.Build(before, report));
  data_->name_test_listed = data_->names->Exact(kNameTestListed);
  data_->name_test_unlisted = data_->names->Exact(kNameTestUnlisted);
}

void FeedDraft::FinishHashes(const FeedData* previous, BuildReport* report) {
  const HashTable* const before = previous != nullptr ? previous->hashes.get() : nullptr;
  data_->hashes = std::make_shared<const HashTable>(hashes.Build(before, report));
}

void FeedDraft::FinishGeneric(const FeedData* previous, BuildReport* report) {
  *report = generic.Compare(previous != nullptr ? previous->generic.get() : nullptr);
  data_->generic = std::make_shared<const GenericRecords>(std::move(generic));
}

void FeedDraft::FinishParts(const FeedData* previous, BuildReport* report) {
  for (size_t i = 0; i < parts.size(); ++i) {
    PartDraft& one = *parts[i];
    // Compared with the data set at the same place, if it is the same one.
    const FeedPart* before = previous != nullptr && i < previous->parts.size() ? &previous->parts[i] : nullptr;
    if (before != nullptr && (before->data->name != one.data->name || before->zones != one.zones)) before = nullptr;
    // The feed has them.
    one.draft.specials.soa.reset();
    one.draft.specials.ns.reset();
    BuildReport of_part;
    one.draft.Finish(before != nullptr ? before->data.get() : nullptr, &of_part);
    *report += of_part;
    data_->parts.push_back({.zones = one.zones, .data = one.data});
  }
}

void FeedDraft::FinishHeat(const FeedData* previous, BuildReport* report) {
  auto cells = std::make_shared<HeatCells>(heat->Finish());
  const bool has_before = previous != nullptr && previous->heat != nullptr;
  const HeatChange change = CompareHeat(has_before ? *previous->heat : HeatCells(), *cells);
  auto networks = std::make_shared<Heat6Networks>(heat->Finish6());
  const bool has_networks_before = previous != nullptr && previous->heat6 != nullptr;
  const HeatChange change6 = CompareHeat(has_networks_before ? *previous->heat6 : Heat6Networks(), *networks);
  report->entries = cells->active() + networks->count();
  // Each pixel stands for networks of its own.
  const bool is_picture = heat->kind() == HeatKind::kPicture;
  report->duplicates = is_picture ? 0 : heat->given() - std::min(heat->given(), report->entries);
  report->added = change.added + change6.added;
  report->removed = change.removed + change6.removed;
  data_->heat = std::move(cells);
  if (networks->count() > 0) data_->heat6 = std::move(networks);
}

void FeedDraft::Finish(const FeedData* previous, BuildReport* report) {
  values_.Resolve(specials.texts, &data_->verdicts);
  if (data_->verdicts.has_prefixes()) ip4.KeepLengths();
  const auto finish = [&](auto step) {
    BuildReport of_part;
    (this->*step)(previous, &of_part);
    *report += of_part;
  };
  finish(&FeedDraft::FinishIp4);
  finish(&FeedDraft::FinishIp6);
  if (content_ == FeedContent::kNames) finish(&FeedDraft::FinishNames);
  if (content_ == FeedContent::kHashes) finish(&FeedDraft::FinishHashes);
  if (content_ == FeedContent::kGeneric) finish(&FeedDraft::FinishGeneric);
  if (content_ == FeedContent::kClients) finish(&FeedDraft::FinishAcl);
  if (content_ == FeedContent::kKeys) finish(&FeedDraft::FinishKeys);
  if (content_ == FeedContent::kCombined) finish(&FeedDraft::FinishParts);
  if (content_ == FeedContent::kHeat) finish(&FeedDraft::FinishHeat);
  data_->verdicts.Seal();
  data_->is_text_only = is_text_only_;
  data_->ttl_seconds = specials.ttl_seconds;
  data_->soa = std::move(specials.soa);
  data_->ns = std::move(specials.ns);
}

}  // namespace rblitz
