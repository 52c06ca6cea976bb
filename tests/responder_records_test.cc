// Records of single names beside what lists the same names.
#include "tests/all_kinds.h"
#include "tests/responder_fixture.h"

namespace rblitz {
namespace {

using test::FurtherData;

class ResponderRecordsTest : public ResponderTest {
 protected:
  // One zone "z" of a feed that lists "both" with 127.0.0.2 and one with these records.
  void Serve(uint32_t list_ttl, const std::vector<GenericRecord>& records) {
    FurtherData list(test::MakeFeed("list", {}), 2);
    list.Name("both", NameForm::kExact);
    const std::shared_ptr<FeedData> listing = list.Build();
    listing->ttl_seconds = list_ttl;
    const std::shared_ptr<FeedData> single = test::MakeFeed("single", {});
    const auto generic = std::make_shared<GenericRecords>();
    for (const char* name : {"both", "alone", ""}) {
      for (const GenericRecord& record : records) generic->Add(Wire(name), record);
    }
    single->generic = generic;
    Snapshot snapshot;
    snapshot.feeds = {listing, single};
    const ZoneConfig zone = {.name = "z", .feeds = {0, 1}};
    auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
    ASSERT_TRUE(serving) << serving.error().message;
    serving_ = std::move(*serving);
  }
  std::vector<uint32_t> Ttls(const char* name, uint16_t type) {
    std::vector<uint32_t> ttls;
    for (const Record& record : Ask(Question(name, type)).answer) ttls.push_back(record.ttl);
    return ttls;
  }
};

using Ttl = std::vector<uint32_t>;

TEST_F(ResponderRecordsTest, AllRecordsOfANameAndTypeHaveTheSmallestTtl) {
  const std::string other = {'\x7f', 0, 0, 9};
  Serve(300,
        {{RecordType::kA, 7000, other}, {RecordType::kA, 600, {'\x7f', 0, 0, 8}}, {RecordType::kMx, 5, {0, 0, 0}}});
  EXPECT_EQ(Ttls("alone.z", dns::kA), (Ttl{600, 600}));
  EXPECT_EQ(Ttls("z", dns::kA), (Ttl{600, 600}));
  EXPECT_EQ(Ttls("both.z", dns::kA), (Ttl{300, 300, 300}));
  EXPECT_EQ(Ttls("both.z", kMx), (Ttl{5}));
}

TEST_F(ResponderRecordsTest, ARecordThatIsThereAlreadyCountsForTheTtl) {
  Serve(300, {{RecordType::kA, 60, {'\x7f', 0, 0, 2}}});
  EXPECT_EQ(Ttls("both.z", dns::kA), Ttl{60});
}

TEST_F(ResponderRecordsTest, WhatHasNoRecordOfTheTypeDoesNotCountForTheTtl) {
  Serve(300, {{RecordType::kMx, 7000, {0, 0, 0}}});
  EXPECT_EQ(Ttls("both.z", kMx), Ttl{7000});
}

}  // namespace
}  // namespace rblitz
