// Reads a feed once more, line by line, by the grammar that loads it, and shows the entries to a watcher.
//
// Thread-safety: pure but for the sources. Errors: bytes that cannot be had; bad lines list nothing, as in a load.
// Cost: as a load without its tables; memory for a block of lines.
#pragma once

#include <vector>

#include "loaders/entry_watcher.h"
#include "loaders/feed.h"
#include "tables/result.h"

namespace rblitz {

[[nodiscard]] Status ShowEntries(const FeedConfig& config, std::vector<FeedSource> sources, EntryWatcher* watcher);

}  // namespace rblitz
