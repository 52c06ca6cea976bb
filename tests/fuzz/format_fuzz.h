// A file's worth of arbitrary bytes through one format, twice: as LoadFeed reads it, and line by line through the
// grammar alone, as if there were no plain lines. Both must list the same, reject the same lines and survive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "loaders/feed_draft.h"
#include "loaders/formats.h"
#include "tests/fuzz/require.h"

namespace rblitz {

// Numbers of the bad lines, in order.
class RejectedLines final : public LineErrors {
 public:
  void Add(uint64_t number, const Error& error) override {
    Require(!error.message.empty());
    numbers += std::to_string(first + number) + "\n";
  }
  uint64_t first = 0;
  std::string numbers;
};

struct Parsed {
  FeedData feed;
  BuildReport report;
  RejectedLines rejected;
};

using ParseBytes = std::function<uint64_t(std::string_view, FeedDraft*, LineErrors*)>;

std::unique_ptr<Parsed> ParseAll(const FeedFormat& format, std::string_view bytes, const ParseBytes& parse);

void FuzzFormat(std::string_view name, Status (*parse_line)(std::string_view, FeedDraft*), std::string_view bytes);

}  // namespace rblitz
