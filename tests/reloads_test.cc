#include "cli/reloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <new>

#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

using namespace std::chrono_literals;

class ReloadsTest : public testing::Test {
 protected:
  Config Configuration() const {
    const std::string file = folder_.Write("rblitz.toml", R"([server]
listen = ["127.0.0.1:5300"]
[[feed]]
name = "a"
path = "a.txt"
format = "cidr"
[[zone]]
name = "z.test"
feeds = ["a"]
)");
    folder_.Write("a.txt", "192.0.2.1\n");
    return LoadConfig(file).value();
  }
  // What `ask` gets for an answer, or null after ten seconds.
  template <class Ask>
  static Json AnswerTo(Ask ask) {
    auto answer = std::make_shared<std::promise<Json>>();
    ask([answer](const Json& json) { answer->set_value(json); });
    auto future = answer->get_future();
    return future.wait_for(10s) == std::future_status::ready ? future.get() : Json();
  }

  TempFolder folder_;
};

// The clock stands for whatever runs out of memory on the way.
TEST_F(ReloadsTest, AnswersWithAnErrorWhenSomethingThrows) {
  std::atomic<bool> throws = false;
  Reloader reloader({.now = [&]() -> int64_t { return throws ? throw std::bad_alloc() : 1'800'000'000; }});
  ZonePublisher publisher({});
  Greylists greylists;
  Reloads reloads(Configuration(), &reloader, &publisher, &greylists);
  ASSERT_EQ(AnswerTo([&](auto done) { reloads.Start(done); })["ok"], true);
  throws = true;
  testing::internal::CaptureStderr();
  for (const std::vector<std::string>& feeds : {std::vector<std::string>{}, {"a"}}) {
    const Json answer = AnswerTo([&](auto done) { reloads.Ask(feeds, done); });
    EXPECT_EQ(answer["ok"], false);
    EXPECT_EQ(answer["errors"], Json({"std::bad_alloc"}));
    EXPECT_EQ(answer["feeds"], Json::array());
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("event=reload_error error=std::bad_alloc\n"));
  throws = false;
  EXPECT_EQ(AnswerTo([&](auto done) { reloads.Ask({"a"}, done); })["ok"], true);
}

}  // namespace
}  // namespace rblitz
