#include "cli/request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rblitz {
namespace {

TEST(ControlRequest, HasWhatItsCommandNeeds) {
  const auto lookup = ParseRequest(R"({"command": "lookup", "what": "192.0.2.1", "zone": "bl.test"})");
  ASSERT_TRUE(lookup);
  EXPECT_EQ(lookup->command, "lookup");
  EXPECT_EQ(lookup->what, "192.0.2.1");
  EXPECT_EQ(lookup->zone, "bl.test");
  const auto reload = ParseRequest(R"({"command": "reload", "feeds": ["a", "b"]})");
  ASSERT_TRUE(reload);
  EXPECT_EQ(reload->feeds, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(ParseRequest(R"({"command": "reload"})")->feeds.empty());
}

TEST(ControlRequest, IgnoresWhatACommandDoesNotHave) {
  const auto status = ParseRequest(R"({"command": "status", "feeds": 7, "colour": "red", "zone": null})");
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->feeds.empty());
  EXPECT_TRUE(status->zone.empty());
  EXPECT_EQ(ParseRequest(R"({"command": 7})")->command, "");
}

TEST(ControlRequest, SaysWhatIsWrong) {
  const struct {
    const char* line;
    const char* what;
  } cases[] = {{"", "a request is one JSON object a line"},
               {"status", "a request is one JSON object a line"},
               {"[]", "a request is one JSON object a line"},
               {R"({"command": "status"} {})", "a request is one JSON object a line"},
               {"{\"command\": \"\xff\"}", "a request is one JSON object a line"},
               {R"({"command": "reload", "feeds": "a"})", "reload: feeds must be a list"},
               {R"({"command": "reload", "feeds": ["a", 1]})", "reload: feeds must be a list of names"}};
  for (const auto& [line, what] : cases) {
    const auto request = ParseRequest(line);
    ASSERT_FALSE(request) << line;
    EXPECT_EQ(request.error().message, what) << line;
  }
}

}  // namespace
}  // namespace rblitz
