// How a configured feed stands, and what one request did to it.
//
// Units: Unix times in seconds, bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loaders/feed.h"
#include "loaders/file_identity.h"

namespace rblitz {

enum class FeedState : uint8_t {
  kLoaded,
  kUnchanged,
  kFailed,   // the data could not be had
  kRefused,  // a guard did not let it pass
};

// What one request did to one feed.
struct FeedOutcome {
  std::string name;
  FeedState state = FeedState::kFailed;
  LoadReport report;      // of the last load, also when this request did not need one
  std::string error;      // why the load failed
  int64_t data_time = 0;  // of the data that is kept, Unix time; 0: there is none
};

// How much data a feed has.
struct FeedFigures {
  uint64_t entries = 0;
  uint64_t addresses = 0;
  uint64_t bytes = 0;     // of memory
  int64_t data_time = 0;  // Unix time
};

enum class DataOrigin : uint8_t {
  kFiles,
  kCopy,        // the last good copy, because the files could not be loaded
  kRolledBack,  // an older copy, because the operator wants it until the files change
};

// A feed as it stands.
struct FeedStatus {
  FeedConfig config;
  std::optional<FeedFigures> data;  // nothing: never loaded
  DataOrigin origin = DataOrigin::kFiles;
  std::vector<FileIdentity> files;  // that the data came from, or that were rolled back
  bool expired = false;             // there is data, but its $TIMESTAMP or max_age forbids to serve it
  LoadReport report;                // of the last load that was tried
  std::string error;                // why that one failed; empty: it did not
  bool copy_pending = false;        // the last good copy of this data is still to be written
  std::string copy_error;           // why the last good copy is not of this data
  int64_t tried_at = 0;             // Unix time of it
  int64_t loaded_at = 0;            // of the last one that succeeded
  uint64_t loads = 0;               // that succeeded
  uint64_t failed_loads = 0;        // whose data could not be had
  uint64_t refused_loads = 0;       // that a guard did not let pass
};

}  // namespace rblitz
