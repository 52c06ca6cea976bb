// Hosts files that send names nowhere: an address, and names for it. Names that every such file has for the machine
// itself are no entries.
#include <algorithm>
#include <vector>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/name_text.h"

namespace rblitz {

namespace {

bool IsSink(std::string_view address) {
  static constexpr std::string_view kSinks[] = {"0.0.0.0", "127.0.0.1", "::", "::1"};
  return std::ranges::find(kSinks, address) != std::end(kSinks);
}

bool IsOwn(std::string_view name) {
  static constexpr std::string_view kOwn[] = {
      "localhost",     "localhost.localdomain", "localhost4",   "localhost6",   "local",
      "broadcasthost", "ip6-localhost",         "ip6-loopback", "ip6-localnet", "ip6-mcastprefix",
      "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts",
  };
  return std::ranges::find(kOwn, name) != std::end(kOwn) || IsAddressText(name);
}

}  // namespace

Status ParseHostsLine(std::string_view line, FeedDraft* draft) {
  std::string_view rest = WithoutComment(line);
  if (rest.empty()) return {};
  const std::string_view address = TakeListWord(rest);
  if (!IsAddressText(address)) return Fail("bad address " + Quoted(address));
  if (rest.empty()) return Fail("no name for " + Quoted(address));
  std::vector<NameLabels> names;
  while (!rest.empty()) {
    const std::string_view text = TakeListWord(rest);
    if (IsOwn(text)) continue;
    // Another address is where that host really is.
    if (!IsSink(address)) return Fail("not a blocked name: " + Quoted(line));
    const Result<NameLabels> name = NameFromList(text);
    if (!name) return tl::unexpected(name.error());
    names.push_back(*name);
  }
  for (const NameLabels& name : names) draft->AddName(name.span(), NameForm::kExact, draft->default_value());
  return {};
}

}  // namespace rblitz
