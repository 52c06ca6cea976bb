#include "loaders/feed_draft.h"

#include <arpa/inet.h>

#include <cassert>
#include <utility>

namespace rblitz {

namespace {

constexpr uint32_t kBuiltinA = 0x7f000002;
constexpr uint32_t kTestListed = 0x7f000002;  // RFC 5782 section 5
constexpr uint32_t kTestUnlisted = 0x7f000001;

}  // namespace

FeedDraft::FeedDraft(const FeedConfig& config, Precedence precedence, FeedData* data)
    : ip4(precedence, &data->verdicts),
      data_(data),
      config_text_(RawFromConfig(config.text.value_or(""), config.name)),
      config_value_{.a_be = config.a_be.value_or(htonl(kBuiltinA)), .text = config_text_} {
  [[maybe_unused]] const ValueId id = values_.Intern(config_value_);
  assert(id == kConfigValue);
}

void FeedDraft::SetOnlyValue(RawValue value) {
  if (!std::exchange(only_value_set_, true)) values_.Replace(kConfigValue, value);
}

Status FeedDraft::CheckRange(AddressRange range) const {
  const uint64_t size = uint64_t{range.last} - range.first + 1;
  if (specials.max_range == 0 || size <= specials.max_range) return {};
  return Fail("range of " + std::to_string(size) + " addresses is larger than $MAXRANGE4 allows (" +
              std::to_string(specials.max_range) + ")");
}

Status FeedDraft::Add(AddressRange range, ValueId value) {
  if (Status checked = CheckRange(range); !checked) return checked;
  ip4.AddRange(range.first, range.last, value);
  return {};
}

Status FeedDraft::AddClients(AddressRange range, AclDecision decision) {
  if (Status checked = CheckRange(range); !checked) return checked;
  acl.Add(range.first, range.last, decision);
  return {};
}

void FeedDraft::Finish(const FeedData* previous, BuildReport* report) {
  values_.Resolve(specials.texts, &data_->verdicts);
  data_->ip4 = std::make_shared<const Ip4Table>(ip4.Build(previous != nullptr ? previous->ip4.get() : nullptr, report));
  data_->test_listed = ip4.exact(kTestListed);
  data_->test_unlisted = ip4.exact(kTestUnlisted);
  BuildReport ip6_report;
  Ip6Table ip6_table = ip6.Build(previous != nullptr ? previous->ip6.get() : nullptr, &ip6_report);
  *report += ip6_report;
  if (ip6_table.entries() > 0) data_->ip6 = std::make_shared<const Ip6Table>(std::move(ip6_table));
  data_->ip6_test_listed = ip6.exact(kIp6TestListed);
  data_->ip6_test_unlisted = ip6.exact(kIp6TestUnlisted);
  BuildReport acl_report;
  Acl built_acl = acl.Build(previous != nullptr ? previous->acl.get() : nullptr, &acl_report);
  *report += acl_report;
  if (built_acl.entries() > 0) data_->acl = std::make_shared<const Acl>(std::move(built_acl));
  data_->verdicts.Seal();
  data_->ttl_seconds = specials.ttl_seconds;
  data_->soa = std::move(specials.soa);
  data_->ns = std::move(specials.ns);
}

}  // namespace rblitz
