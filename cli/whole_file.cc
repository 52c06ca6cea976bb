#include "cli/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "cli/control_client.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

Status WriteAll(const std::string& path, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return FailErrno(path, "cannot write");
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

Status WriteWholeFile(const std::string& path, std::string_view bytes) {
  std::error_code error;
  const bool is_other = std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error);
  const std::string target = is_other ? path : path + ".new";
  const UniqueFd fd(open(target.c_str(), O_WRONLY | O_CLOEXEC | (is_other ? 0 : O_CREAT | O_TRUNC), 0666));
  if (!fd) return FailErrno(target, "cannot create");
  Status written = WriteAll(target, fd.get(), bytes);
  if (is_other) return written;
  if (written && fsync(fd.get()) != 0) written = FailErrno(target, "cannot sync");
  if (written && rename(target.c_str(), path.c_str()) != 0) written = FailErrno(path, "cannot rename");
  if (!written) unlink(target.c_str());
  return written;
}

}  // namespace rblitz
