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

// "n" TXT records of 200 bytes each.
std::vector<GenericRecord> Texts(size_t n) {
  std::vector<GenericRecord> records;
  for (size_t i = 0; i < n; ++i) {
    std::string text = std::to_string(i);
    text.resize(199, '.');
    records.push_back({RecordType::kTxt, 60, static_cast<char>(text.size()) + text});
  }
  return records;
}

TEST_F(ResponderRecordsTest, WhatIsCutOverUdpIsWholeOverTcp) {
  for (const size_t records : {1u, 20u, 308u, 309u, 400u}) {
    SCOPED_TRACE(records);
    Serve(300, Texts(records));
    for (const bool edns : {false, true}) {
      // Records of 212 bytes behind 25 of header and question: in 512 bytes, or 1232 with OPT, and in 65,535.
      const size_t over_udp = std::min<size_t>(records, edns ? 5 : 2);
      const size_t over_tcp = std::min<size_t>(records, edns ? 308 : 309);
      const Bytes question = edns ? Question("alone.z", dns::kTxt, Opt{.size = 4096}) : Question("alone.z", dns::kTxt);
      over_tcp_ = false;
      const Answer cut = AnswerReader(AskAll({question}, 65535).front()).Read();
      EXPECT_EQ(cut.answer.size(), over_udp);
      EXPECT_EQ((cut.flags & dns::kTc) != 0, cut.answer.size() < records);
      over_tcp_ = true;
      const Answer whole = AnswerReader(AskAll({question}, 65535).front()).Read();
      EXPECT_EQ(whole.answer.size(), over_tcp);
      EXPECT_EQ((whole.flags & dns::kTc) != 0, over_tcp < records);
      EXPECT_EQ(whole.opt.has_value(), edns);
    }
  }
}

// The same of addresses, whose answers are composed in another place.
TEST_F(ResponderRecordsTest, AnAddressWithManyTextsIsWholeOverTcp) {
  Snapshot snapshot;
  ZoneConfig zone = {.name = "z", .feeds = {}};
  const std::string text(180, 't');
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < 12; ++i) texts.push_back(std::to_string(i) + text);
  for (uint32_t i = 0; i < 12; ++i) {
    const uint32_t address = test::Ip(192, 0, 2, 1);
    snapshot.feeds.push_back(test::MakeFeed("f" + std::to_string(i), {{address, address, 2 + i, {texts[i]}}}));
    zone.feeds.push_back(i);
  }
  auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  ASSERT_TRUE(serving) << serving.error().message;
  serving_ = std::move(*serving);
  for (const Bytes& question :
       {Question("1.2.0.192.z", dns::kTxt), Question("1.2.0.192.z", dns::kTxt, Opt{.size = 512})}) {
    over_tcp_ = false;
    const Answer cut = Ask(question);
    EXPECT_LT(cut.answer.size(), 12u);
    EXPECT_NE(cut.flags & dns::kTc, 0);
    over_tcp_ = true;
    const Answer whole = AnswerReader(AskAll({question}, 65535).front()).Read();
    EXPECT_EQ(whole.answer.size(), 12u);
    EXPECT_EQ(whole.flags & dns::kTc, 0);
  }
}

}  // namespace
}  // namespace rblitz
