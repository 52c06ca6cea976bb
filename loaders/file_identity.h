// Tells one version of a file from another without reading it.
#pragma once

#include <cstdint>

struct stat;

namespace rblitz {

inline constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;  // cannot be set by hand, unlike modified_ns

  bool operator==(const FileIdentity&) const = default;
};

[[nodiscard]] FileIdentity IdentityOf(const struct stat& status) noexcept;

}  // namespace rblitz
