// Who lines of logs say has come.
#include <gtest/gtest.h>

#include <random>

#include "cli/heat/log_line.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"
#include "loaders/line_reader.h"

namespace rblitz {
namespace {

using Kind = LogLine::Kind;

std::string Read(std::string line) {
  const size_t size = line.size();
  line.append(kBlockSlack, '7');  // what is behind a line says nothing
  const LogLine read = ReadLogLine(std::string_view(line).substr(0, size));
  const char* const kinds[] = {"other", "mail", "client", "plain", "nothing", "bad"};
  std::string text = kinds[static_cast<size_t>(read.kind)];
  if (read.kind != Kind::kClient && read.kind != Kind::kPlain) return text;
  const auto* const ip6 = std::get_if<Ip6Address>(&read.client);
  return text + " " + (ip6 != nullptr ? Ip6Text({.address = *ip6}) : AddressText(std::get<uint32_t>(read.client)));
}

constexpr const char* kPostfix = "Nov 22 10:00:00 mx1 postfix/";
constexpr const char* kExim = "2026-11-22 10:00:00 ";

TEST(HeatLogLine, TellsClientsOfPostfix) {
  const std::pair<const char*, const char*> table[] = {
      {"smtpd[12]: connect from unknown[192.0.2.1]", "client 192.0.2.1"},
      {"smtpd[12]: connect from mail.example.com[192.0.2.1]:4711", "client 192.0.2.1"},
      {"submission/smtpd[12]: connect from mail.example.com[2001:db8::1]", "client 2001:db8::1"},
      {"smtpd[12]: connect from mail.example.com[::ffff:192.0.2.1]", "client 192.0.2.1"},
      {"smtpd[12]: connect from unknown[unknown]", "bad"},
      {"smtpd[12]: connect from unknown[192.0.2.01]", "bad"},
      {"smtpd[12]: connect from unknown[192.0.2]", "bad"},
      {"smtpd[12]: connect from unknown[192.0.2.1", "bad"},
      {"smtpd[12]: connect from ", "bad"},
      {"smtpd[12]: disconnect from unknown[192.0.2.1] ehlo=1 quit=1 commands=2", "mail"},
      {"smtpd[12]: lost connection after CONNECT from unknown[192.0.2.1]", "mail"},
      {"smtpd[12]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <connect from x[192.0.2.9]>", "mail"},
      {"smtpd[12]: warning: hostname connect from does not resolve to address 192.0.2.1", "mail"},
      {"postscreen[9]: CONNECT from [192.0.2.1]:40542 to [198.51.100.5]:25", "mail"},
      {"postscreen[9]: DISCONNECT [192.0.2.1]:40542", "client 192.0.2.1"},
      {"postscreen[9]: DISCONNECT [2001:db8::1]:40542", "client 2001:db8::1"},
      {"postscreen[9]: DISCONNECT [unknown]:40542", "bad"},
      {"postscreen[9]: HANGUP after 1.2 from [192.0.2.1]:40542 in tests after SMTP handshake", "mail"},
      {"postscreen[9]: NOQUEUE: reject: CONNECT from [192.0.2.1]:40542: too many connections", "mail"},
      {"postscreen[9]: PASS OLD [192.0.2.1]:40542", "mail"},
      {"postscreen[9]: PASS NEW [2001:db8::1]:40542", "mail"},
      {"postscreen[9]: ALLOWLISTED [192.0.2.1]:40542", "mail"},
      {"postscreen[9]: WHITELISTED [192.0.2.1]:40542", "mail"},
      {"postscreen[9]: DENYLISTED [192.0.2.1]:40542", "mail"},
      {"postscreen[9]: PREGREET 14 after 0.2 from [192.0.2.1]:40542: EHLO x", "mail"},
      {"qmgr[7]: 4F1A: from=<a@example.com>, size=1, nrcpt=1 (queue active)", "mail"},
      {"smtp[7]: 4F1A: to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1", "mail"},
  };
  for (const auto& [line, expected] : table) EXPECT_EQ(Read(std::string(kPostfix) + line), expected) << line;
  EXPECT_EQ(Read("2026-11-22T10:00:00.123456+01:00 mx1 postfix-in/smtpd[1]: connect from a[192.0.2.1]"),
            "client 192.0.2.1");
  EXPECT_EQ(Read("<22>1 2026-11-22T10:00:00Z mx1 postfix/postscreen[1]: DISCONNECT [192.0.2.1]:1"), "client 192.0.2.1");
}

TEST(HeatLogLine, TellsClientsOfExim) {
  const std::pair<const char*, const char*> table[] = {
      {"1abcde-000000-00 <= a@example.com H=mail.example.com [192.0.2.1] P=esmtps S=99", "client 192.0.2.1"},
      {"1abcde-000000-00 <= a@example.com H=mail.example.com (helo) [192.0.2.1]:4711 I=[192.0.2.25]:25 P=esmtp",
       "client 192.0.2.1"},
      {"1abcde-000000-00 <= <> H=([198.51.100.1]) [192.0.2.1]:4711 P=smtp", "client 192.0.2.1"},
      {"1abcde-000000-00 <= a@example.com H=[2001:db8::1]:4711 P=smtp", "client 2001:db8::1"},
      {"+0100 [77] 1abcde-000000-00 <= a@example.com H=[192.0.2.1] P=smtp", "client 192.0.2.1"},
      // What clients choose themselves.
      {"1abcde-000000-00 <= \"x H=[198.51.100.1] \"@example.com H=[192.0.2.1] P=smtp", "client 192.0.2.1"},
      {"1abcde-000000-00 <= \"x\\\" H=[198.51.100.1] \"@example.com H=[192.0.2.1] P=smtp", "client 192.0.2.1"},
      {"1abcde-000000-00 <= a@example.com U=root P=local S=400 T=\"H=[198.51.100.1]\"", "mail"},
      {"1abcde-000000-00 => a@example.com R=dnslookup T=remote_smtp H=mx.example.com [198.51.100.1]:25 X=1", "mail"},
      {"1abcde-000000-00 -> a@example.com R=dnslookup T=remote_smtp H=mx.example.com [198.51.100.1]:25", "mail"},
      {"1abcde-000000-00 ** a@example.com R=dnslookup T=remote_smtp H=mx.example.com [198.51.100.1]:25: 550 no",
       "mail"},
      {"1abcde-000000-00 == a@example.com R=dnslookup T=remote_smtp defer (-44) H=mx.example.com [198.51.100.1]",
       "mail"},
      {"1abcde-000000-00 Completed", "mail"},
      {"H=(helo) [192.0.2.1]:4711 F=<a@example.com> rejected RCPT <b@example.com>: relay not permitted",
       "client 192.0.2.1"},
      {"H=[192.0.2.1]:4711 temporarily rejected connection in \"connect\" ACL: wait", "client 192.0.2.1"},
      {"1abcde-000000-00 H=mail.example.com [2001:db8::1] F=<> rejected after DATA: spam", "client 2001:db8::1"},
      {"H=mail.example.com [192.0.2.1] Warning: slow", "mail"},
      {"H=mail.example.com rejected RCPT <b@example.com>", "bad"},
      {"1abcde-000000-00 <= a@example.com H=mail.example.com [192.0.2.256] P=esmtp", "bad"},
      {"1abcde-000000-00 <= a@example.com H=", "bad"},
      {"SMTP connection from [192.0.2.1]:4711 lost", "mail"},
      {"", "mail"},
      {"1abcde-000000-00 <=", "mail"},
  };
  for (const auto& [line, expected] : table) EXPECT_EQ(Read(std::string(kExim) + line), expected) << line;
  EXPECT_EQ(Read("2026-11-22 10:00:00.123 1abcde-000000-00 <= a@example.com H=[192.0.2.1]"), "client 192.0.2.1");
  EXPECT_EQ(Read("2026-11-22 10:00:00"), "mail");
  for (const char* const time : {"", "2026-11-22 10:00:00 "}) {
    EXPECT_EQ(
        Read("Nov 22 10:00:00 mx1 exim[7]: " + std::string(time) + "1abcde-000000-00 <= a@example.com H=[192.0.2.1]"),
        "client 192.0.2.1");
  }
}

TEST(HeatLogLine, TellsPlainAddresses) {
  const std::pair<const char*, const char*> table[] = {
      {"192.0.2.1", "plain 192.0.2.1"},
      {"  192.0.2.1\tmore", "plain 192.0.2.1"},
      {"192.0.2.1 # why", "plain 192.0.2.1"},
      {"2001:db8::1", "plain 2001:db8::1"},
      {"::ffff:192.0.2.1", "plain 192.0.2.1"},
      {"192.0.2.1 - - [22/Nov/2026:10:00:00 +0000] \"GET /]: HTTP/1.1\" 200 1", "plain 192.0.2.1"},
      {"", "nothing"},
      {"   ", "nothing"},
      {"# comment", "nothing"},
      {"192.0.2.0/24", "other"},
      {"192.0.2.1,5", "other"},
      {"192.0.2", "other"},
      {"3221225985", "other"},
      {"mail.example.com", "other"},
      {"Nov 22 10:00:00 mx1 kernel: [12.5] x", "other"},
      {"Nov 22 10:00:00 mx1 sshd[7]: Connection from 192.0.2.1", "other"},
      {"]: ", "other"},
      {"smtpd[1]: connect from a[192.0.2.1]", "client 192.0.2.1"},
  };
  for (const auto& [line, expected] : table) EXPECT_EQ(Read(line), expected) << line;
}

TEST(HeatLogLine, ReadsWhateverBytesThereAre) {
  std::mt19937 random(7);
  const std::string pieces[] = {"[",
                                "]",
                                "]: ",
                                "H=",
                                "<= ",
                                "\"",
                                "\\",
                                "connect from ",
                                " ",
                                "192.0.2.1",
                                "7]",
                                "::",
                                "smtpd",
                                "exim[1]: ",
                                kPostfix,
                                kExim,
                                "(",
                                ")",
                                "PASS OLD ",
                                "\xff",
                                "x/smtpd[1]: connect from a[192.0.2."};
  size_t clients = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string line;
    for (auto n = random() % 12; n > 0; --n) line += pieces[random() % std::size(pieces)];
    clients += Read(line).starts_with("client");
  }
  EXPECT_GT(clients, 0u);
}

}  // namespace
}  // namespace rblitz
