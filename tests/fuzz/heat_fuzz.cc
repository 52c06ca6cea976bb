// All grammars of heat: what they make of a file are scores, at most one for each /24, whatever is in it.
#include "tests/fuzz/format_fuzz.h"

namespace rblitz {
namespace {

void FuzzHeat(std::string_view name, std::string_view bytes) {
  const FeedFormat& format = *FindFormat(name);
  const auto parsed = ParseAll(format, bytes, format.parse);
  Require(parsed->feed.heat != nullptr);
  const uint64_t ip6 = parsed->feed.heat6 != nullptr ? parsed->feed.heat6->count() : 0;
  Require(parsed->report.entries == parsed->feed.heat->active() + ip6);
  Require(parsed->report.added == parsed->report.entries && parsed->report.removed == 0);
  Require(parsed->feed.ip4->entries() == 0);
}

}  // namespace
}  // namespace rblitz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const std::string_view format : {"heat", "heat-cap", "heat-counts", "heat-dshield", "heat-list",
                                        "heat-stopforumspam", "heat-threatfox", "heat-times"}) {
    rblitz::FuzzHeat(format, {reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
