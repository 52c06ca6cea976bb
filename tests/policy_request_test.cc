#include <gtest/gtest.h>

#include <random>
#include <string>

#include "cli/policy/request.h"
#include "tests/policy_request_twin.h"

namespace rblitz::policy {
namespace {

using namespace std::string_literals;

std::optional<Request> Read(const std::string& text) {
  size_t searched = 0;
  const auto size = RequestSize(text, &searched);
  return size ? ReadRequest(std::string_view(text).substr(0, *size)) : std::nullopt;
}

TEST(PolicyRequest, HasTheAttributesThatCount) {
  const std::string text =
      "request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a=b@c\nrecipient=d@e\nclient_address=192.0.2.1\n"
      "client_name=mx.test\ninstance=1.2\nsasl_username=joe\npolicy_context=aligned\nccert_subject=\n\n";
  for (const bool crlf : {false, true}) {
    std::string sent;
    for (const char c : text) sent += c == '\n' && crlf ? "\r\n"s : std::string(1, c);
    const auto request = Read(sent);
    ASSERT_TRUE(request) << crlf;
    EXPECT_EQ(request->sender, "a=b@c");
    EXPECT_EQ(request->recipient, "d@e");
    EXPECT_EQ(request->client_address, "192.0.2.1");
    EXPECT_EQ(request->client_name, "mx.test");
    EXPECT_EQ(request->instance, "1.2");
    EXPECT_EQ(request->sasl_username, "joe");
    EXPECT_EQ(request->policy_context, "aligned");
  }
}

TEST(PolicyRequest, EndsAtItsEmptyLine) {
  const struct {
    std::string bytes;
    std::optional<size_t> size;
  } cases[] = {
      {"", std::nullopt},
      {"\n", 1},
      {"\r\n", 2},
      {"\r", std::nullopt},
      {"a=b\n", std::nullopt},
      {"a=b\n\n", 5},
      {"a=b\r\n\r\n", 7},
      {"a=b\n\r\nc", 6},
      {"a=b\r\n\n", 6},
      {"a\r\r\n", std::nullopt},
      {"a=b\n\r", std::nullopt},
      {"a=b\n\nc=d\n\n", 5},
  };
  for (const auto& [bytes, size] : cases) {
    size_t searched = 0;
    EXPECT_EQ(RequestSize(bytes, &searched), size) << testing::PrintToString(bytes);
  }
}

TEST(PolicyRequest, BrokenOnesAreRefused) {
  for (const std::string& text :
       {"\n"s, "sender=a\n\n"s, "request=smtpd_access_policy\nnothing\n\n"s, "request=junk_policy\n\n"s,
        "request=smtpd_access_policy\nsender=a\0b\n\n"s, "request=smtpd_access_policy\nrequest=other\n\n"s,
        " request=smtpd_access_policy\n\n"s}) {
    EXPECT_FALSE(Read(text)) << testing::PrintToString(text);
  }
}

// Pieces of requests in any order and cut: whole ones end and read as the simple reader has it, however they arrive.
TEST(PolicyRequest, RandomStreamsReadAsTheTwinReadsThem) {
  const std::string pieces[] = {"request=smtpd_access_policy",
                                "sender=a@b",
                                "recipient=",
                                "=",
                                "x",
                                "\n",
                                "\n",
                                "\r\n",
                                "\r",
                                "\n\n",
                                "instance=1=2",
                                std::string(1, '\0'),
                                "client_name=n"};
  std::mt19937 random(1);
  size_t good = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string stream = random() % 2 == 0 ? "request=smtpd_access_policy\n" : "";
    for (size_t i = random() % 12; i > 0; --i) stream += pieces[random() % std::size(pieces)];
    size_t at = 0;
    for (const TwinRequest& twin : TwinRequests(stream)) {
      size_t searched = 0;
      std::optional<size_t> size;
      for (size_t came = at; !size && came < stream.size();) {
        came = std::min(came + 1 + random() % 5, stream.size());
        size = RequestSize(std::string_view(stream).substr(at, came - at), &searched);
      }
      ASSERT_EQ(size, twin.end - at) << testing::PrintToString(stream);
      const auto request = ReadRequest(std::string_view(stream).substr(at, *size));
      ASSERT_EQ(request.has_value(), twin.is_good) << testing::PrintToString(stream);
      at = twin.end;
      if (!request) continue;
      ++good;
      EXPECT_EQ(request->sender, twin.At("sender"));
      EXPECT_EQ(request->recipient, twin.At("recipient"));
      EXPECT_EQ(request->instance, twin.At("instance"));
      EXPECT_EQ(request->client_name, twin.At("client_name"));
    }
    size_t searched = 0;
    EXPECT_FALSE(RequestSize(std::string_view(stream).substr(at), &searched));
  }
  EXPECT_GT(good, 1000u);
}

}  // namespace
}  // namespace rblitz::policy
