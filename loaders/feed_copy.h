// A copy of a feed's files, as it stands in the state: one zstd stream with a checksum, whose content is a header of
// text and then the bytes of the files, one after another, as they were (`zstd -dc` shows it).
//
//   rblitz feed copy 1 00000093
//   format cidr
//   entries 1234
//   file DEVICE INODE SIZE MODIFIED_NS CHANGED_NS PATH      one for each file
//
// The number in the first line is the size of the rest of the header, which ends in an empty line.
//
// Thread-safety: none. Lifetime: the sources of a copy share its stream and must be read in their order, each to its
// end; at the last one's end the checksum has been compared.
// Errors: a copy that is cut off or damaged fails, where it is opened or while its sources are read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/byte_source.h"
#include "loaders/feed.h"
#include "loaders/feed_files.h"
#include "loaders/file_identity.h"
#include "tables/result.h"

namespace rblitz {

struct CopyInfo {
  std::string format;
  uint64_t entries = 0;
  std::vector<std::string> paths;
  std::vector<FileIdentity> identities;  // of paths, when they were read

  bool operator==(const CopyInfo&) const = default;
};

// Whether these are the files that the copy was made of. Devices may be numbered anew when the machine starts.
[[nodiscard]] bool IsCopyOf(const CopyInfo& copy, const std::vector<FileIdentity>& files);

// The header. Fails on a path that cannot be written on one line.
[[nodiscard]] Result<std::string> CopyHeader(const CopyInfo& info);

struct FeedCopy {
  CopyInfo info;
  std::vector<FeedSource> sources;
};

// `stream` is what the zstd stream holds.
[[nodiscard]] Result<FeedCopy> ReadCopy(std::unique_ptr<ByteSource> stream);

}  // namespace rblitz
