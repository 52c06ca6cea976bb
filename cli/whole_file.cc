#include "cli/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cli/control_client.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

Status WriteOver(const std::string& path, std::string_view bytes) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
  if (!fd) return FailErrno(path, "cannot open");
  return WriteAll(path, fd.get(), bytes);
}

// Whole and on the disk before it takes the place of the one before. Errors name what was to be written, not the file
// beside it.
Status Replace(const std::string& path, std::string_view bytes, unsigned mode) {
  std::string fresh = path + ".XXXXXX";  // of this process alone
  Status written;
  {
    const UniqueFd fd(mkostemp(fresh.data(), O_CLOEXEC));
    if (!fd) return FailErrno(path, "cannot create a file beside it");
    written = WriteAll(path, fd.get(), bytes);
    if (written && fchmod(fd.get(), mode) != 0) written = FailErrno(path, "cannot set its mode");
    if (written && fsync(fd.get()) != 0) written = FailErrno(path, "cannot sync");
  }
  if (written && rename(fresh.c_str(), path.c_str()) != 0) written = FailErrno(path, "cannot rename to this");
  if (!written) unlink(fresh.c_str());
  return written;
}

}  // namespace

Status WriteAll(const std::string& path, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return FailErrno(path, "cannot write");
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status WriteWholeFile(const std::string& path, std::string_view bytes, unsigned mode) {
  struct stat status {};
  const bool is_other = lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  return is_other ? WriteOver(path, bytes) : Replace(path, bytes, mode);
}

}  // namespace rblitz
