// Keys of [[feed]] that only some formats understand.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "cli/config.h"

namespace rblitz {
namespace {

// A file with one feed; these lines begin with the ninth.
Result<Config> WithFeed(const std::string& lines) {
  return ParseConfig(
      "[server]\nlisten = [\"127.0.0.1:5300\"]\n[[zone]]\nname = \"z.example\"\nfeeds = [\"f\"]\n"
      "[[feed]]\nname = \"f\"\npath = \"f.txt\"\n" +
          lines,
      "/etc/r.toml");
}

std::string ErrorOf(const std::string& lines) {
  const Result<Config> config = WithFeed(lines);
  return config ? "none" : config.error().message;
}

TEST(FeedCodes, AreAValuesOrNone) {
  const Result<Config> config =
      WithFeed("format = \"cymru-cap\"\ncodes = { bots = \"127.0.0.40\", open-resolver = \"none\" }\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->feeds[0].feed.codes,
            (std::map<std::string, uint32_t>{{"bots", htonl(0x7f000028)}, {"open-resolver", 0}}));
}

TEST(FeedCodes, AreRefusedWhereTheyAreWrongOrMeanNothing) {
  EXPECT_EQ(ErrorOf("format = \"cymru-cap\"\ncodes = { bots = \"127.0.0.256\" }\n"),
            "/etc/r.toml:10: feed.codes.bots: bad address '127.0.0.256' (as in 127.0.0.2)");
  EXPECT_EQ(ErrorOf("format = \"cidr\"\ncodes = { bots = \"127.0.0.4\" }\n"),
            "/etc/r.toml:10: feed.codes: format 'cidr' has no categories");
}

TEST(FeedTexts, AreRefusedWhereRowsAreTheTexts) {
  EXPECT_EQ(ErrorOf("format = \"cymru-origin\"\n"), "none");
  EXPECT_EQ(ErrorOf("format = \"cymru-asn\"\ntxt = \"x\"\n"),
            "/etc/r.toml:10: feed.txt: means nothing in format 'cymru-asn': its rows are the texts, and there is no A");
  EXPECT_EQ(
      ErrorOf("format = \"cymru-origin\"\na = \"127.0.0.4\"\n"),
      "/etc/r.toml:10: feed.a: means nothing in format 'cymru-origin': its rows are the texts, and there is no A");
}

}  // namespace
}  // namespace rblitz
