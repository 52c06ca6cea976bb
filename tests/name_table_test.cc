#include "tables/name_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tables/name_builder.h"
#include "tests/names.h"
#include "tests/sanitizers.h"

namespace rblitz {
namespace {

using Random = std::mt19937_64;
using As = std::vector<uint32_t>;

struct Fixture {
  ValueId Value(uint32_t a) { return verdicts.Intern({.a_be = a, .text = kNoText}); }
  void Add(std::string_view name, NameForm form, uint32_t a) { builder.Add(Wire(name), form, a == 0 ? 0 : Value(a)); }
  NameTable Build(const NameTable* previous = nullptr) { return builder.Build(previous, &report); }
  As At(const NameTable& table, std::string_view name) {
    As as;
    for (const Verdict& verdict : verdicts.at(table.Lookup(Wire(name)).value)) as.push_back(verdict.a_be);
    return as;
  }

  Verdicts verdicts;
  NameBuilder builder{&verdicts};
  BuildReport report;
};

TEST(NameTable, EmptyTableListsNothing) {
  Fixture f;
  const NameTable table = f.Build();
  for (const char* name : {"", "a", "a.b", "a.b.c.d.e.f.g.h.i.j.k"}) EXPECT_EQ(table.Lookup(Wire(name)), NameMatch{});
  EXPECT_EQ(table.entries(), 0u);
  EXPECT_FALSE(table.Exact(Wire("test")).present);
}

TEST(NameTable, FormsSayWhetherTheNameOrWhatIsBelowIsListed) {
  Fixture f;
  f.Add("exact.net", NameForm::kExact, 2);
  f.Add("wild.org", NameForm::kBelow, 3);
  f.Add("both.com", NameForm::kBoth, 4);
  const NameTable table = f.Build();
  EXPECT_EQ(f.At(table, "exact.net"), As{2});
  EXPECT_EQ(f.At(table, "x.exact.net"), As{});
  EXPECT_EQ(f.At(table, "wild.org"), As{});
  EXPECT_EQ(f.At(table, "x.wild.org"), As{3});
  EXPECT_EQ(f.At(table, "both.com"), As{4});
  EXPECT_EQ(f.At(table, "y.x.both.com"), As{4});
  EXPECT_EQ(f.At(table, "bothxcom"), As{});
  EXPECT_EQ(f.At(table, "com"), As{});
  EXPECT_EQ(f.At(table, ""), As{});
}

TEST(NameTable, TellsWhereTheMatchedNameBegins) {
  Fixture f;
  f.Add("wild.org", NameForm::kBelow, 3);
  f.Add("x.wild.org", NameForm::kExact, 4);
  const NameTable table = f.Build();
  EXPECT_EQ(table.Lookup(Wire("x.wild.org")).offset, 0);
  EXPECT_EQ(table.Lookup(Wire("yy.x.wild.org")).offset, 5);
  EXPECT_EQ(table.Lookup(Wire("yy.wild.org")).offset, 3);
}

TEST(NameTable, ExclusionOfANameLeavesWhatIsBelowIt) {
  Fixture f;
  f.Add("both.net", NameForm::kBoth, 2);
  f.Add("x.both.net", NameForm::kExact, 0);
  f.Add("y.both.net", NameForm::kBoth, 0);
  f.Add("z.y.both.net", NameForm::kBelow, 3);
  const NameTable table = f.Build();
  EXPECT_EQ(f.At(table, "x.both.net"), As{});
  EXPECT_TRUE(table.Lookup(Wire("x.both.net")).below);
  EXPECT_EQ(f.At(table, "a.x.both.net"), As{2});
  EXPECT_EQ(f.At(table, "a.y.both.net"), As{});
  EXPECT_EQ(f.At(table, "b.a.y.both.net"), As{});
  EXPECT_EQ(f.At(table, "z.y.both.net"), As{});
  EXPECT_EQ(f.At(table, "a.z.y.both.net"), As{3});
}

TEST(NameTable, UnitesValuesOfOneNameUnlessItIsExcluded) {
  Fixture f;
  f.Add("a.b", NameForm::kExact, 2);
  f.Add("a.b", NameForm::kBoth, 3);
  f.Add("a.b", NameForm::kExact, 2);
  f.Add("c.d", NameForm::kBelow, 4);
  f.Add("c.d", NameForm::kBelow, 5);
  f.Add("e.f", NameForm::kBoth, 6);
  f.Add("e.f", NameForm::kExact, 0);
  const NameTable table = f.Build();
  EXPECT_EQ(f.At(table, "a.b"), (As{2, 3}));
  EXPECT_EQ(f.At(table, "x.a.b"), As{3});
  EXPECT_EQ(f.At(table, "x.c.d"), (As{4, 5}));
  EXPECT_EQ(f.At(table, "e.f"), As{});
  EXPECT_EQ(f.At(table, "x.e.f"), As{6});
  EXPECT_EQ(f.report.entries, 5u);
  EXPECT_EQ(f.report.duplicates, 2u);
}

TEST(NameTable, KnowsWhetherSomethingLiesBelow) {
  Fixture f;
  f.Add("a.b.c", NameForm::kExact, 2);
  f.Add("w.x", NameForm::kBelow, 2);
  f.Add("k.l", NameForm::kBoth, 0);
  const NameTable table = f.Build();
  for (const char* name : {"", "c", "b.c", "x", "w.x", "q.w.x"})
    EXPECT_TRUE(table.Lookup(Wire(name)).below == (name != std::string("q.w.x"))) << name;
  for (const char* name : {"a.b.c", "z.c", "l", "k.l", "d"}) EXPECT_FALSE(table.Lookup(Wire(name)).below) << name;
  Fixture excluding;
  excluding.Add("k.l", NameForm::kBoth, 0);
  EXPECT_FALSE(excluding.Build().Lookup({}).below);
}

TEST(NameTable, ExactEntriesForTheTestPointsAreToldApartFromOthers) {
  Fixture f;
  f.Add("test", NameForm::kBelow, 2);
  f.Add("invalid", NameForm::kExact, 0);
  f.Add("a.b.c.d.e.f.g.h.i.j", NameForm::kBoth, 3);
  const NameTable table = f.Build();
  EXPECT_FALSE(table.Exact(Wire("test")).present);
  EXPECT_TRUE(table.Exact(Wire("invalid")).present);
  EXPECT_EQ(table.Exact(Wire("invalid")).value, kNotListed);
  EXPECT_EQ(table.Exact(Wire("a.b.c.d.e.f.g.h.i.j")).value, f.Value(3));
  EXPECT_FALSE(table.Exact(Wire("j")).present);
  EXPECT_FALSE(table.Exact({}).present);
}

// Names of few letters, so that they nest and meet.
std::string RandomName(Random& random, size_t most_labels, unsigned letters) {
  std::string name;
  for (size_t label = 0; label <= random() % most_labels; ++label) {
    if (!name.empty()) name.insert(name.begin(), '.');
    for (size_t i = 0; i <= random() % 2; ++i) name.insert(name.begin(), static_cast<char>('a' + random() % letters));
  }
  return name;
}

void ExpectAgrees(const NameTable& table, const Verdicts& verdicts, const NameModel& model, const std::string& name) {
  const NameMatch match = table.Lookup(Wire(name));
  const SlackName readable(Wire(name));
  HashedName hashed;
  hashed.Assign(readable.bytes());
  NameMatch in_batch;
  table.Find({&hashed, 1}, &in_batch);
  ASSERT_EQ(in_batch, match) << name;
  const NameModel::Match expected = model.Lookup(name);
  const auto found = verdicts.at(match.value);
  ASSERT_TRUE(std::is_permutation(found.begin(), found.end(), expected.verdicts.begin(), expected.verdicts.end()))
      << name << ": " << found.size() << " verdicts, " << expected.verdicts.size() << " expected";
  if (!found.empty()) {
    ASSERT_EQ(match.offset, expected.offset) << name;
  }
  if (found.empty() || match.offset == 0) {
    ASSERT_EQ(match.below, expected.below) << name;
  }
}

TEST(NameTable, AgreesWithTheModelOnRandomNames) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Fixture f;
    NameModel model(&f.verdicts);
    const size_t labels = seed % 4 == 0 ? 14 : 1 + seed % 5;
    const auto letters = static_cast<unsigned>(1 + seed % 3);
    const auto forms = 1 + seed % 3;
    const size_t entries = 1 + random() % 150;
    for (size_t i = 0; i < entries; ++i) {
      const std::string name = RandomName(random, labels, letters);
      const auto form = static_cast<NameForm>(random() % forms);
      const ValueId value = random() % 4 == 0 ? kNotListed : f.Value(2 + static_cast<uint32_t>(random() % 5));
      f.builder.Add(Wire(name), form, value);
      model.Add(name, form, value);
    }
    const NameTable table = f.Build();
    EXPECT_EQ(f.report.entries, model.keys().size());
    EXPECT_EQ(f.report.duplicates, entries - model.keys().size());
    ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f.verdicts, model, ""));
    for (size_t i = 0; i < 400; ++i) {
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f.verdicts, model, RandomName(random, labels + 2, letters)));
    }
    for (const auto& [name, form] : model.keys()) {
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f.verdicts, model, name));
      ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f.verdicts, model, "z." + name));
    }
  }
}

TEST(NameTable, ReadsNamesOf127Labels) {
  const auto deep = [](size_t labels) {
    std::string name = "a";
    for (size_t i = 1; i < labels; ++i) name += ".a";
    return name;
  };
  Fixture f;
  NameModel model(&f.verdicts);
  for (const size_t labels : {1u, 9u, 60u, 126u, 127u}) {
    const NameForm form = labels == 127 ? NameForm::kExact : labels == 60 ? NameForm::kBoth : NameForm::kBelow;
    const ValueId value = labels == 9 ? kNotListed : f.Value(static_cast<uint32_t>(labels));
    f.builder.Add(Wire(deep(labels)), form, value);
    model.Add(deep(labels), form, value);
  }
  const NameTable table = f.Build();
  for (size_t labels = 1; labels <= 127; ++labels) {
    ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f.verdicts, model, deep(labels)));
    ASSERT_NO_FATAL_FAILURE(ExpectAgrees(table, f.verdicts, model, "b" + deep(labels).substr(1)));
  }
}

// With few values, and with so many that nodes are fetched beforehand; with entries as deep as hashes are kept, and
// deeper ones; names that are excluded among them, above which nothing else may be.
TEST(NameTable, BatchesAnswerAsSingleQuestions) {
  for (const uint32_t values : {1u, 5000u}) {
    for (const size_t labels : {1u, 3u, 8u, 12u}) {
      Random random(labels);
      Fixture f;
      for (size_t i = 0; i < 2 * values + 2000; ++i) {
        const auto a = static_cast<uint32_t>(random() % 4 == 0 ? 0 : 1 + random() % values);
        f.Add(RandomName(random, labels, 4), static_cast<NameForm>(random() % 3), a);
      }
      const NameTable table = f.Build();
      for (size_t size = 0; size <= kMaxBatch; ++size) {
        std::vector<SlackName> names;
        std::vector<HashedName> hashed(size);
        std::vector<NameMatch> matches(size);
        for (size_t i = 0; i < size; ++i) names.emplace_back(Wire(RandomName(random, labels + 2, 4)));
        for (size_t i = 0; i < size; ++i) hashed[i].Assign(names[i].bytes());
        table.Prefetch(hashed);
        table.Find(hashed, matches.data());
        for (size_t i = 0; i < size; ++i) ASSERT_EQ(matches[i], table.Lookup(names[i].bytes()));
      }
    }
  }
}

TEST(NameTable, AddedAndRemovedCountNamesByTheirForms) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Fixture before;
    Fixture after;
    using Keys = std::set<std::pair<std::string, NameForm>>;
    Keys keys[2];
    for (size_t i = 0; i < 500; ++i) {
      const std::string name = RandomName(random, 4, 3);
      const auto form = static_cast<NameForm>(random() % 3);
      const auto a = static_cast<uint32_t>(random() % 3);
      if (random() % 4 != 0) before.Add(name, form, a), keys[0].emplace(name, form);
      if (random() % 4 != 0) after.Add(name, form, 2 - a), keys[1].emplace(name, form);
    }
    const NameTable old = before.Build();
    const NameTable table = after.Build(&old);
    Keys added;
    Keys removed;
    std::set_difference(keys[1].begin(), keys[1].end(), keys[0].begin(), keys[0].end(),
                        std::inserter(added, added.end()));
    std::set_difference(keys[0].begin(), keys[0].end(), keys[1].begin(), keys[1].end(),
                        std::inserter(removed, removed.end()));
    EXPECT_EQ(after.report.entries, keys[1].size());
    EXPECT_EQ(after.report.added, added.size());
    EXPECT_EQ(after.report.removed, removed.size());
  }
}

// Names that can be told from their number alone, so that ten million of them need no memory to compare with: 2, 3 and
// 4 labels, four hosts in each domain of the last kind. Written in wire form at once: there are tens of millions.
class NumberedName {
 public:
  // `before` goes in front of the first label.
  explicit NumberedName(uint64_t number, char before = 0) {
    constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // times this, numbers that follow one another have little in common
    switch (number % 3) {
      case 0:
        Label(number * kOdd, before);
        break;
      case 1:
        Label(33, before);
        Label(number * kOdd);
        break;
      default:
        Label(number % 4, before);
        Label(17);
        Label(number / 12 * kOdd);
    }
    Label(number % 3 == 2 ? 5 : number % 300, 't');
  }
  [[nodiscard]] std::span<const uint8_t> wire() const { return {bytes_, size_}; }

 private:
  // The digits of `number` to the base 36.
  void Label(uint64_t number, char before = 0) {
    char* const first = reinterpret_cast<char*>(bytes_) + size_ + 1;
    char* digits = first;
    if (before != 0) *digits++ = before;
    const char* const end = std::to_chars(digits, reinterpret_cast<char*>(std::end(bytes_)), number, 36).ptr;
    bytes_[size_] = static_cast<uint8_t>(end - first);
    size_ += static_cast<size_t>(end - first) + 1;
  }

  uint8_t bytes_[64];  // two numbers of 13 digits, two of two, a few letters and lengths
  size_t size_ = 0;
};

// P4: bytes a name at ten million, with one value for all and with a thousand; the answers for all of them, and for as
// many others.
TEST(NameTable, TenMillionNamesTakeAtMostSixteenBytesEachAndAreAllAnsweredRight) {
  SKIP_UNDER_ADDRESS_SANITIZER();
  constexpr uint64_t kNames = 10000000;
  for (const uint32_t values : {1u, 1000u}) {
    Fixture f;
    for (uint32_t a = 1; a <= values; ++a) ASSERT_EQ(f.Value(a), a);
    f.builder.Reserve(kNames);
    const auto value_of = [values](uint64_t number) { return static_cast<uint32_t>(1 + number % values); };
    for (uint64_t i = 0; i < kNames; ++i) {
      f.builder.Add(NumberedName(i).wire(), i % 2 == 0 ? NameForm::kBoth : NameForm::kExact, value_of(i));
    }
    const NameTable table = f.Build();
    EXPECT_EQ(f.report.duplicates, 0u);  // no two fingerprints are the same
    const double bytes = static_cast<double>(table.bytes()) / static_cast<double>(table.entries());
    RecordProperty("bytes_a_name_" + std::to_string(values), std::to_string(bytes));
    RecordProperty("names_kept_" + std::to_string(values), std::to_string(table.names()));
    EXPECT_LE(bytes, 16.0);
    const uint64_t step = values == 1 ? 10 : 1;
    for (uint64_t i = 0; i < kNames; i += step) ASSERT_EQ(table.Lookup(NumberedName(i).wire()).value, value_of(i)) << i;
    uint64_t false_matches = 0;
    for (uint64_t i = kNames; i < 2 * kNames; i += step) {
      false_matches += table.Lookup(NumberedName(i, '-').wire()).value != kNotListed;
    }
    EXPECT_EQ(false_matches, 0u);  // one is expected in tens of thousands of runs
  }
}

}  // namespace
}  // namespace rblitz
