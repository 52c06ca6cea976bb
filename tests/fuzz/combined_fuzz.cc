// Any bytes as a combined feed: reading a block at once and line by line give the same data sets.
#include "tests/fuzz/format_fuzz.h"

namespace rblitz {
namespace {

uint64_t ParseLineByLine(std::string_view block, FeedDraft* draft, LineErrors* errors) {
  auto* rejected = static_cast<RejectedLines*>(errors);
  const uint64_t first = rejected->first;
  uint64_t lines = 0;
  for (; !block.empty() && !draft->fatal; ++lines) {
    const std::string_view line = block.substr(0, block.find('\n') + 1);
    rejected->first = first + lines;
    Require(ParseCombinedBlock(line, draft, rejected) == 1);
    block.remove_prefix(line.size());
  }
  rejected->first = first;
  return lines;
}

void Fuzz(std::string_view bytes) {
  const FeedFormat& format = *FindFormat("combined");
  const auto at_once = ParseAll(format, bytes, format.parse);
  const auto by_line = ParseAll(format, bytes, ParseLineByLine);
  Require(at_once->rejected.numbers == by_line->rejected.numbers);
  Require(at_once->report.entries == by_line->report.entries);
  Require(at_once->feed.soa == by_line->feed.soa && at_once->feed.ns == by_line->feed.ns);
  Require(at_once->feed.parts.size() == by_line->feed.parts.size());
  for (size_t i = 0; i < at_once->feed.parts.size(); ++i) {
    const FeedPart& part = at_once->feed.parts[i];
    Require(!part.zones.empty() && part.zones == by_line->feed.parts[i].zones);
    Require(part.data->name == by_line->feed.parts[i].data->name);
    Require(part.data->parts.empty() && part.data->acl == nullptr && !part.data->soa && !part.data->ns);
    Require(part.data->ip4->addresses() == by_line->feed.parts[i].data->ip4->addresses());
    Require(part.data->ttl_seconds == by_line->feed.parts[i].data->ttl_seconds);
  }
}

}  // namespace
}  // namespace rblitz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rblitz::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
