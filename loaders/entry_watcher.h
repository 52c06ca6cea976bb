// Sees the entries of a feed as they stand in its lines, when a feed is read once more for its texts: tables keep none.
//
// Thread-safety: none. Lifetime: what is pointed to is valid during the call.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "loaders/ip4_text.h"
#include "loaders/raw_values.h"
#include "tables/digest.h"
#include "tables/ip4_builder.h"
#include "tables/ip6.h"
#include "tables/name_builder.h"

namespace rblitz {

// What an entry says; null: it excludes.
using WatchedValue = const RawValue*;

class EntryWatcher {
 public:
  virtual ~EntryWatcher() = default;

  // Entries told of from now on stand in this line, which is counted from 1. False: no more is wanted.
  virtual bool AtLine(const std::string& path, uint64_t line) = 0;

  // Entries told of from now on belong to another data set of a combined feed, which counts for these zones (FeedPart).
  virtual void AtPart(std::span<const std::string> /*zones*/, Precedence /*precedence*/) {}

  virtual void Saw(AddressRange range, WatchedValue value) = 0;
  virtual void Saw(const Ip6Prefix& prefix, WatchedValue value) = 0;
  virtual void Saw(std::span<const uint8_t> name, NameForm form, WatchedValue value) = 0;
  virtual void Saw(const Digest& digest, WatchedValue value) = 0;
};

}  // namespace rblitz
