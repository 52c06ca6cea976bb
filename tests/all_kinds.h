// A small server whose zones have more than IPv4 addresses: all kinds of data at once in feeds that overlap, and each
// kind alone.
//
// Thread-safety: pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tables/digest.h"
#include "tables/hash_builder.h"
#include "tables/ip6_builder.h"
#include "tables/name_builder.h"
#include "tests/names.h"
#include "tests/serving.h"

namespace rblitz::test {

// What a feed has besides IPv4 addresses. Every entry's A value ends in `a`; the text tells what was listed.
class FurtherData {
 public:
  explicit FurtherData(std::shared_ptr<FeedData> feed, uint32_t a)
      : feed_(std::move(feed)),
        value_(feed_->verdicts.Intern(
            {.a_be = __builtin_bswap32(Ip(127, 0, 0, a)),
             .text = feed_->verdicts.InternText(std::vector<std::string_view>{"listed: ", ""})})),
        names_(&feed_->verdicts),
        hashes_(&feed_->verdicts) {}

  void Prefix(Ip6Address address, unsigned length, bool listed = true) {
    ip6_.Add({.address = address, .length = static_cast<uint8_t>(length)}, listed ? value_ : kNotListed);
  }
  void Name(std::string_view name, NameForm form, bool listed = true) {
    names_.Add(Wire(name), form, listed ? value_ : kNotListed);
  }
  void Hash(std::string_view digest) { hashes_.Add(*DigestFromText(digest, Base32::kRfc4648), value_); }
  void Record(std::string_view name, RecordType type, std::string rdata) {
    if (feed_->generic == nullptr) feed_->generic = records_ = std::make_shared<GenericRecords>();
    records_->Add(Wire(name), {.type = type, .rdata = std::move(rdata)});
  }

  std::shared_ptr<FeedData> Build() {
    BuildReport report;
    feed_->ip6 = std::make_shared<const Ip6Table>(ip6_.Build(nullptr, &report));
    feed_->names = std::make_shared<const NameTable>(names_.Build(nullptr, &report));
    feed_->hashes = std::make_shared<const HashTable>(hashes_.Build(nullptr, &report));
    return std::move(feed_);
  }

 private:
  std::shared_ptr<FeedData> feed_;
  ValueId value_;
  Ip6Builder ip6_;
  NameBuilder names_;
  HashBuilder hashes_;
  std::shared_ptr<GenericRecords> records_;
};

inline std::shared_ptr<FeedData> FirstOfAllKinds() {
  FurtherData data(MakeFeed("first", {{Ip(10, 0, 0, 0), Ip(10, 0, 255, 255), 2, {"net of ", ""}}}), 2);
  data.Prefix({0x20010db800000000, 0}, 32);
  data.Prefix({0x20010db800000001, 0}, 64, false);
  data.Prefix({0, 0}, 8);
  data.Name("a", NameForm::kBoth);
  data.Name("b.a", NameForm::kExact, false);
  data.Name("c.b", NameForm::kBelow);
  data.Name("1.2.3.4", NameForm::kExact);  // an address, too
  data.Hash("d41d8cd98f00b204e9800998ecf8427e");
  data.Hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  data.Record("www", RecordType::kA, {'\x7f', 0, 0, 9});
  data.Record("a", RecordType::kTxt, "\x02go");
  data.Record("", RecordType::kMx, std::string("\0\x0a\x02mx\0", 6));
  return data.Build();
}

// 40 records of one name do not fit any datagram.
inline std::shared_ptr<FeedData> SecondOfAllKinds() {
  FurtherData data(MakeFeed("second", {{Ip(10, 0, 0, 1), Ip(10, 0, 0, 1), 3}, {Ip(1, 2, 3, 4), Ip(1, 2, 3, 4), 4}}), 3);
  data.Prefix({0x20010db800000001, 7}, 128);
  data.Name("a", NameForm::kExact);
  data.Name("c.b", NameForm::kBoth);
  data.Hash("d41d8cd98f00b204e9800998ecf8427e");
  for (char i = 0; i < 40; ++i)
    data.Record("many", RecordType::kTxt, "\x3c" + std::string(60, static_cast<char>('A' + i)));
  data.Record("www", RecordType::kA, {'\x7f', 0, 0, 9});
  std::shared_ptr<FeedData> feed = data.Build();
  feed->ttl_seconds = 60;
  return feed;
}

inline Result<std::unique_ptr<const Serving>> ZonesOfAllKinds(std::shared_ptr<const ClientRules> client_rules = {}) {
  const std::shared_ptr<FeedData> all = FirstOfAllKinds();
  const auto alone = [](auto&& keep) {
    auto feed = MakeFeed("alone", {});
    keep(*feed);
    return feed;
  };
  Snapshot snapshot;
  snapshot.feeds = {all,
                    SecondOfAllKinds(),
                    alone([&](FeedData& feed) { feed.ip6 = all->ip6, feed.verdicts = all->verdicts; }),
                    alone([&](FeedData& feed) { feed.names = all->names, feed.verdicts = all->verdicts; }),
                    alone([&](FeedData& feed) { feed.hashes = all->hashes, feed.verdicts = all->verdicts; }),
                    alone([&](FeedData& feed) { feed.generic = all->generic; })};
  const std::vector<ZoneConfig> zones = {
      {.name = "all", .feeds = {0, 1}, .slot = 0},  {.name = "six", .feeds = {2}, .slot = 1},
      {.name = "names", .feeds = {3}, .slot = 2},   {.name = "hashes", .feeds = {4}, .slot = 3},
      {.name = "records", .feeds = {5}, .slot = 4}, {.name = "a.all", .feeds = {1, 3}, .slot = 5}};
  return BuildServing(std::move(snapshot), zones, {.version = "", .id = "one"}, std::move(client_rules));
}

}  // namespace rblitz::test
