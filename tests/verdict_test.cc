#include "tables/verdict.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace rblitz {
namespace {

std::string Rendered(const Verdicts& verdicts, TextId text, std::string_view subject) {
  char out[kMaxTextBytes];
  return {out, verdicts.Render(text, subject, out)};
}

TextId Intern(Verdicts& verdicts, std::vector<std::string_view> parts) { return verdicts.InternText(parts); }

TEST(Verdicts, TextPutsTheSubjectBetweenItsParts) {
  Verdicts verdicts;
  const TextId text = Intern(verdicts, {"see ", "?ip=", ""});
  EXPECT_EQ(Rendered(verdicts, text, "192.0.2.1"), "see 192.0.2.1?ip=192.0.2.1");
  EXPECT_TRUE(verdicts.HasSubject(text));
}

TEST(Verdicts, TextWithoutSubjectIsTheSameForAll) {
  Verdicts verdicts;
  const TextId text = Intern(verdicts, {"listed"});
  EXPECT_EQ(Rendered(verdicts, text, "192.0.2.1"), "listed");
  EXPECT_FALSE(verdicts.HasSubject(text));
}

TEST(Verdicts, EmptyTextIsNoText) {
  Verdicts verdicts;
  EXPECT_EQ(Intern(verdicts, {""}), kNoText);
  EXPECT_EQ(Intern(verdicts, {}), kNoText);
  EXPECT_EQ(Rendered(verdicts, kNoText, "x"), "");
}

TEST(Verdicts, TextIsCutAt254BytesWhereverTheSubjectStands) {
  Verdicts verdicts;
  const std::string long_part(300, 'a');
  EXPECT_EQ(Rendered(verdicts, Intern(verdicts, {long_part}), ""), std::string(254, 'a'));
  EXPECT_EQ(Rendered(verdicts, Intern(verdicts, {std::string(250, 'b'), "tail"}), "192.0.2.1"),
            std::string(250, 'b') + "192.");
  std::vector<std::string_view> places(400, "");
  EXPECT_EQ(Rendered(verdicts, Intern(verdicts, places), "1.2.3.4").size(), 254u);
}

TEST(Verdicts, EqualTextsAndListsShareAnId) {
  Verdicts verdicts;
  EXPECT_EQ(Intern(verdicts, {"a", "b"}), Intern(verdicts, {"a", "b"}));
  EXPECT_NE(Intern(verdicts, {"a", "b"}), Intern(verdicts, {"ab"}));
  const ValueId two = verdicts.Intern({.a_be = 2, .text = 1});
  EXPECT_EQ(two, verdicts.Intern({.a_be = 2, .text = 1}));
  EXPECT_NE(two, verdicts.Intern({.a_be = 2, .text = 0}));
  EXPECT_EQ(verdicts.Intern(std::span<const Verdict>{}), kNotListed);
  EXPECT_EQ(verdicts.at(two).size(), 1u);
  EXPECT_EQ(verdicts.at(kNotListed).size(), 0u);
}

TEST(Verdicts, ListsKeepTheirOrderAfterSeal) {
  Verdicts verdicts;
  const std::vector<Verdict> list = {{9, 0}, {3, 0}, {7, 0}};
  const ValueId id = verdicts.Intern(list);
  verdicts.Seal();
  EXPECT_EQ(std::vector<Verdict>(verdicts.at(id).begin(), verdicts.at(id).end()), list);
  EXPECT_EQ(verdicts.values(), 2u);
}

}  // namespace
}  // namespace rblitz
