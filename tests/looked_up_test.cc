#include "cli/looked_up.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace rblitz {
namespace {

std::string Read(const std::string& what) {
  const Result<LookedUp> read = ReadLookup(what);
  if (!read) return read.error().message;
  if (read->asked.is_ip4) return "IPv4";
  if (read->asked.is_ip6) return "IPv6";
  char text[4 * dns::kMaxName];
  return {text, dns::NameToText(read->name.bytes.data(), text)};
}

TEST(ReadLookup, TakesAddressesAndNames) {
  const std::string network = " is a network: look up an address of it";
  const std::pair<std::string, std::string> cases[] = {
      {"192.0.2.1", "IPv4"},
      {"2001:db8::1", "IPv6"},
      {"Example.COM.", "example.com"},
      {"a\\.b.example", "a\\.b.example"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"b\u00fccher.example", "xn--bcher-kva.example"},
      {"B\u00dcCHER.example.", "xn--bcher-kva.example"},
      {"192.0.2.0/24", "lookup: '192.0.2.0/24'" + network},
      {"192.0.2.0/99", "lookup: '192.0.2.0/99'" + network},
      {"2001:db8::/32", "lookup: '2001:db8::/32'" + network},
      {"example.com/24", "example.com/24"},  // a name of rbldnsd's files may have a slash
      {"192.0.2.0/", "lookup: '192.0.2.0/'" + network},
      {"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
       "ca978112ca1bbdcafac231b39a23dc4d.a786eff8147c4e72b9807785afee48bb"},
      {"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bg",
       "lookup: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bg' is neither an address nor a name"},
      {"", "lookup: '' is neither an address nor a name"},
      {".", "lookup: '.' is neither an address nor a name"},
      {"a..b", "lookup: 'a..b' is neither an address nor a name"}};
  for (const auto& [what, read] : cases) EXPECT_EQ(Read(what), read) << what;
}

TEST(ReadLookup, SaysWhatIsWrongWithInternationalNames) {
  for (const std::string what : {"b\xfc\x63her.example", "\u2014.example", "\u00fc..example"}) {
    EXPECT_EQ(Read(what).substr(0, 12), "lookup: bad ") << what << ": " << Read(what);
  }
}

}  // namespace
}  // namespace rblitz
