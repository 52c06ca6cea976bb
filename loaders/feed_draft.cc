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

Status FeedDraft::Add(AddressRange range, ValueId value) {
  const uint64_t size = uint64_t{range.last} - range.first + 1;
  if (specials.max_range != 0 && size > specials.max_range) {
    return Fail("range of " + std::to_string(size) + " addresses is larger than $MAXRANGE4 or max_range allows (" +
                std::to_string(specials.max_range) + ")");
  }
  if (size == 1) {
    ip4.Add(range.first, value);
  } else {
    ip4.AddRange(range.first, range.last, value);
  }
  return {};
}

void FeedDraft::Finish(const Ip4Table* previous, Ip4BuildReport* report) {
  values_.Resolve(specials.texts, &data_->verdicts);
  data_->ip4 = std::make_shared<const Ip4Table>(ip4.Build(previous, report));
  data_->test_listed = ip4.exact(kTestListed);
  data_->test_unlisted = ip4.exact(kTestUnlisted);
  data_->verdicts.Seal();
  data_->ttl_seconds = specials.ttl_seconds;
  data_->soa = std::move(specials.soa);
  data_->ns = std::move(specials.ns);
}

}  // namespace rblitz
