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

namespace {

void RequireTheSame(const Parsed& a, const Parsed& b) {
  Require(a.rejected.numbers == b.rejected.numbers);
  Require(a.rejected.first == b.rejected.first);
  Require(a.report.entries == b.report.entries);
  Require(a.feed.ip4->addresses() == b.feed.ip4->addresses());
  const auto entries = [](const auto& table) { return table == nullptr ? 0 : table->entries(); };
  Require(entries(a.feed.ip6) == entries(b.feed.ip6));
  Require(entries(a.feed.names) == entries(b.feed.names));
  Require(entries(a.feed.hashes) == entries(b.feed.hashes));
  Require(entries(a.feed.generic) == entries(b.feed.generic));
  Require(a.feed.soa == b.feed.soa && a.feed.ns == b.feed.ns);
  Require(a.feed.verdicts.values() == b.feed.verdicts.values());
}

}  // namespace

void FuzzFormat(std::string_view name, Status (*parse_line)(std::string_view, FeedDraft*), std::string_view bytes) {
  const FeedFormat& format = *FindFormat(name);
  const auto by_block = ParseAll(format, bytes, format.parse);
  const auto by_line = ParseAll(format, bytes, [&](std::string_view block, FeedDraft* draft, LineErrors* errors) {
    uint64_t lines = 0;
    for (; !block.empty(); ++lines) {
      if (const Status parsed = parse_line(TakeLine(block), draft); !parsed) errors->Add(lines, parsed.error());
    }
    return lines;
  });
  RequireTheSame(*by_block, *by_line);
  if (format.parse_split != nullptr) {
    const auto by_split = ParseAll(format, bytes, [&](std::string_view block, FeedDraft* draft, LineErrors* errors) {
      SplitLines lines;
      lines.Split(block);
      return format.parse_split(lines, draft, errors);
    });
    RequireTheSame(*by_split, *by_line);
  }
  char text[kMaxTextBytes];
  for (ValueId id = 1; id < by_block->feed.verdicts.values(); ++id) {
    for (const Verdict& verdict : by_block->feed.verdicts.at(id)) {
      Require((verdict.a_be == 0) == format.is_text_only || id == 1);
      Require(by_block->feed.verdicts.Render(verdict.text, "255.255.255.255", text) <= kMaxTextBytes);
    }
  }
}

}  // namespace rblitz
