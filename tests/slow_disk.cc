// slow_disk: a library that is preloaded into a program, whose syncs take as long as a disk of RBLITZ_DISK_RATE bytes a
// second would take for what has been written to the file since the last one.
#include <dlfcn.h>
#include <sys/stat.h>
#include <time.h>

#include <array>
#include <cstdlib>
#include <mutex>

namespace {

struct Synced {
  ino_t file = 0;
  off_t size = 0;
};

// Bytes of the file that no sync has written, which this one does.
off_t Unwritten(int fd) {
  static std::array<Synced, 1024> all;
  static std::mutex mutex;
  struct stat status {};
  if (fd < 0 || static_cast<size_t>(fd) >= all.size() || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  const std::lock_guard lock(mutex);
  Synced& synced = all[static_cast<size_t>(fd)];
  if (synced.file != status.st_ino || synced.size > status.st_size) synced = {.file = status.st_ino};
  const off_t unwritten = status.st_size - synced.size;
  synced.size = status.st_size;
  return unwritten;
}

void Wait(int fd) {
  static const double rate = std::atof(std::getenv("RBLITZ_DISK_RATE"));
  const double seconds = static_cast<double>(Unwritten(fd)) / rate;
  timespec left{.tv_sec = static_cast<time_t>(seconds),
                .tv_nsec = static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
  while (nanosleep(&left, &left) != 0) {
  }
}

int Real(const char* name, int fd) { return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name))(fd); }

}  // namespace

extern "C" {

int fdatasync(int fd) {  // NOLINT(readability-identifier-naming): as libc has it
  Wait(fd);
  return Real("fdatasync", fd);
}

int fsync(int fd) {  // NOLINT(readability-identifier-naming): the same
  Wait(fd);
  return Real("fsync", fd);
}

}  // extern "C"
