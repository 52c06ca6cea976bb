// Tables of rbldnsd data and what it answers. Expected answers are those of rbldnsd 1.0pre (Debian 1.0~20210120-2) for
// the same files, but where a comment says that it is wrong.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/feed_fixture.h"

namespace rblitz {

struct Question {
  const char* address;
  const char* answer;
};

struct Case {
  std::string text;
  std::vector<Question> questions;
  std::vector<std::string> errors = {};  // "line: what"
};

inline void Check(std::string_view format, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const Loaded loaded = LoadText(format, c.text);
    for (const Question& q : c.questions) EXPECT_EQ(loaded.Ask(q.address), q.answer) << c.text << " for " << q.address;
    std::vector<std::string> errors;
    for (const std::string& error : c.errors) errors.push_back("1:" + error);
    EXPECT_EQ(loaded.report.errors, errors) << c.text;
    EXPECT_EQ(loaded.report.rejected, errors.size()) << c.text;
  }
}

}  // namespace rblitz
