// A feed with its data, and the ways to get it: from the files, from the last good copy, from the copy before that.
//
// Thread-safety: none; the reloader's thread. A copy of a slot is cheap and shares the data: requests work on copies,
// so that one that fails leaves what there was.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "loaders/feed.h"
#include "loaders/feed_copies.h"
#include "loaders/feed_status.h"
#include "tables/snapshot.h"

namespace rblitz {

struct Slot {
  FeedStatus status;
  std::shared_ptr<const FeedData> data;   // that status.data tells of
  std::vector<FileIdentity> files;        // that the data came from, or that were rolled back
  bool settled = false;                   // they were old enough for their identity to prove that they are unchanged
  std::vector<FileIdentity> refused;      // files that a guard refused last
  bool comparable = true;                 // the data is of the same feed, in its configuration before and now
  std::shared_ptr<FeedFiles> to_be_kept;  // what the data was read from, until it is handed to the copies
};

enum class LoadReason : uint8_t {
  kCheck,   // nobody asked: files that a guard has refused are left alone until they change
  kAsked,   // files that are unchanged are not read again
  kForced,  // whatever they are; max_shrink and max_bad let pass what they would refuse
};

struct LoadContext {
  int64_t now = 0;                     // Unix time
  const FeedCopies* copies = nullptr;  // null: none are kept
  int64_t settle_ns = 0;               // how long a file must not have changed to be loaded at the start
  LoadWatch watch;
};

// Loads the feed, if that is necessary. A feed without any data gets its last good copy when that fails, and also while
// a file may be half-written or when the files are those that were rolled back.
FeedOutcome LoadSlot(Slot* slot, LoadReason reason, const LoadContext& context);

// What LoadSlot would find in the files; the slot stays as it is.
[[nodiscard]] FeedOutcome TryFiles(const Slot& slot, const LoadContext& context);

// Loads the copy before the one that is served. The caller publishes it and swaps the copies.
FeedOutcome RollBackSlot(Slot* slot, const LoadContext& context);

}  // namespace rblitz
