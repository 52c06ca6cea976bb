// The rows of Team Cymru's CSIRT Assistance Program reports, as lists and heat read them.
//
// Thread-safety: pure. Errors: say what is wrong with the line.
#pragma once

#include <optional>
#include <string_view>

#include "loaders/feed_draft.h"
#include "tables/result.h"

namespace rblitz {

struct CapRow {
  std::string_view category;
  std::string_view address;
  std::string_view asn;
  std::string_view time;     // "2026-11-21 10:00:05", in UTC
  std::string_view comment;  // may be a URL, and have bars of its own
};

// Nothing: a comment or an empty line; what the head of a report says of its time goes to the draft.
[[nodiscard]] Result<std::optional<CapRow>> ReadCapRow(std::string_view line, FeedDraft* draft);

}  // namespace rblitz
