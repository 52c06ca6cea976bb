#include "tests/fuzz/format_fuzz.h"

#include "loaders/line_reader.h"
#include "tables/snapshot.h"

namespace rblitz {

std::unique_ptr<Parsed> ParseAll(const FeedFormat& format, std::string_view bytes, const ParseBytes& parse) {
  auto parsed = std::make_unique<Parsed>();
  FeedDraft draft({.name = "fuzz", .text = "In $feed: $ of $prefix"}, format, &parsed->feed);
  LineReader reader(std::make_unique<MemorySource>(bytes));
  for (;;) {
    const Result<std::optional<LineBlock>> block = reader.Next();
    Require(block.has_value());
    if (!block->has_value()) break;
    parsed->rejected.first += (*block)->bad != nullptr ? 1 : parse((*block)->bytes, &draft, &parsed->rejected);
  }
  draft.Finish(nullptr, &parsed->report);
  return parsed;
}

void FuzzFormat(std::string_view name, Status (*parse_line)(std::string_view, FeedDraft*), std::string_view bytes) {
  const FeedFormat& format = *FindFormat(name);
  const auto by_block = ParseAll(format, bytes, format.parse);
  const auto by_line = ParseAll(format, bytes, [&](std::string_view block, FeedDraft* draft, LineErrors* errors) {
    uint64_t lines = 0;
    for (; !block.empty(); block.remove_prefix(block.find('\n') + 1), ++lines) {
      std::string_view line = block.substr(0, block.find('\n'));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (const Status parsed = parse_line(line, draft); !parsed) errors->Add(lines, parsed.error());
    }
    return lines;
  });
  Require(by_block->rejected.numbers == by_line->rejected.numbers);
  Require(by_block->rejected.first == by_line->rejected.first);
  Require(by_block->report.entries == by_line->report.entries);
  Require(by_block->feed.ip4->addresses() == by_line->feed.ip4->addresses());
  const auto entries = [](const auto& table) { return table == nullptr ? 0 : table->entries(); };
  Require(entries(by_block->feed.ip6) == entries(by_line->feed.ip6));
  Require(entries(by_block->feed.names) == entries(by_line->feed.names));
  Require(entries(by_block->feed.hashes) == entries(by_line->feed.hashes));
  Require(entries(by_block->feed.generic) == entries(by_line->feed.generic));
  Require(by_block->feed.soa == by_line->feed.soa && by_block->feed.ns == by_line->feed.ns);
  Require(by_block->feed.verdicts.values() == by_line->feed.verdicts.values());
  char text[kMaxTextBytes];
  for (ValueId id = 1; id < by_block->feed.verdicts.values(); ++id) {
    for (const Verdict& verdict : by_block->feed.verdicts.at(id)) {
      Require((verdict.a_be == 0) == format.is_text_only || id == 1);
      Require(by_block->feed.verdicts.Render(verdict.text, "255.255.255.255", text) <= kMaxTextBytes);
    }
  }
}

}  // namespace rblitz
