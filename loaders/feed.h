// One configured feed: where its bytes are, in which grammar, and what a load of it gave.
//
// Thread-safety: LoadFeed may run for several feeds at once; it shares nothing.
// Errors: a bad line is data: it is counted, and the first kKeptErrors are kept as "file:line: what". LoadFeed fails
// only when the bytes cannot be had (missing file, truncated gzip, a file that changes while it is read), the data says
// so (a $TIMESTAMP from the future), it takes more memory than it may, or nobody wants it any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/byte_source.h"
#include "loaders/feed_files.h"
#include "loaders/feed_guards.h"
#include "loaders/heat_options.h"
#include "tables/result.h"
#include "tables/snapshot.h"

namespace rblitz {

struct FeedConfig {
  std::string name;
  std::vector<std::string> paths;  // files and folders of files, read in this order as one feed
  std::string format;              // one of FeedFormats()
  std::optional<uint32_t> a_be;    // A value of entries that name none; absent: 127.0.0.2
  std::optional<std::string>
      text;  // TXT template of entries that name none; $ = address asked for, $feed = name, $$ = $
  std::map<std::string, uint32_t> codes;  // of categories, as A values; 0: rows of that category list nothing
  FeedGuards guards;
  HeatOptions heat;  // of formats of heat
  bool operator==(const FeedConfig&) const = default;
};

inline constexpr size_t kKeptErrors = 10;

struct LoadReport {
  uint64_t lines = 0;               // read, comments and empty ones among them
  uint64_t entries = 0;             // distinct networks, ranges, addresses, names, digests and records
  uint64_t duplicates = 0;          // entries given again
  uint64_t rejected = 0;            // lines that are bad, and pixels
  uint64_t given = 0;               // lines and pixels of heat that are good; else 0: entries and duplicates are
  uint64_t added = 0;               // entries that the table served before did not have
  uint64_t removed = 0;             // entries that only the table served before has
  std::vector<std::string> widest;  // of the entries added, networks and ranges: "10.0.0.0/8", "2001:db8::/32"
  double heat_top = 0;              // of counts of heat: the count from which on a /24 has 255
  double seconds = 0;
  bool refused = false;             // a guard is why the load failed
  std::vector<std::string> errors;  // the first kKeptErrors rejected lines, "file:line: what"
  std::vector<std::string> notes;   // what is listed, but perhaps not as it should be; at most kKeptErrors
};

// Names of the formats that `format` may have, sorted.
[[nodiscard]] std::vector<std::string_view> FeedFormats();

// Whether feeds of this format say who may ask, instead of what is listed.
[[nodiscard]] bool IsAccessFormat(std::string_view format);
// Whether they list addresses, names or digests, and nothing else.
[[nodiscard]] bool IsListFormat(std::string_view format);
// Whether these are addresses, or digests.
[[nodiscard]] bool IsAddressFormat(std::string_view format);
[[nodiscard]] bool IsDigestFormat(std::string_view format);
// Whether they say how hot networks are, and list nothing.
[[nodiscard]] bool IsHeatFormat(std::string_view format);
// Whether a format has categories for FeedConfig::codes, or answers TXT only, so that `a_be` and `text` mean nothing.
[[nodiscard]] bool HasCategories(std::string_view format);
[[nodiscard]] bool IsTextOnly(std::string_view format);

// What others want of a load while it runs.
struct LoadWatch {
  std::stop_token stop;  // looked at once a block of lines: a load that is stopped while it reads fails
  std::atomic<uint64_t>* lines_read = nullptr;  // told how far it is
};

// Some bytes of a feed.
struct FeedSource {
  std::string path;  // for messages; the last part names the file of a bad line
  std::unique_ptr<ByteSource> bytes;
  uint64_t size = 0;  // as stored: a guess of how much there is to come
  int64_t modified_ns = 0;
};

// Reads the sources, one after another, and builds the feed's tables. `previous` is what is served now, or null: it is
// only compared with.
[[nodiscard]] Result<std::shared_ptr<const FeedData>> LoadSources(const FeedConfig& config,
                                                                  std::vector<FeedSource> sources,
                                                                  const FeedData* previous, LoadReport* report,
                                                                  const LoadWatch& watch = {});

// The same for the feed's files. `files`, if not null, gets them as they were read, to be read once more; nothing when
// one could not be opened.
[[nodiscard]] Result<std::shared_ptr<const FeedData>> LoadFeed(const FeedConfig& config, const FeedData* previous,
                                                               LoadReport* report, FeedFiles* files = nullptr,
                                                               const LoadWatch& watch = {});

}  // namespace rblitz
