#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "cli/policy/sandbox.h"

namespace rblitz::policy {
namespace {

// What of it succeeds within the sandbox, or fails for another reason, as a bit each.
int Allowed(const std::string& folder) {
  const std::string file = folder + "/file";
  const std::string other = folder + "/other";
  char* const arguments[] = {nullptr};
  const auto refused = [](int result) { return result == -1 && (errno == EPERM || errno == EACCES); };
  const bool all[] = {
      refused(open(file.c_str(), O_WRONLY)),
      refused(open(file.c_str(), O_RDWR)),
      refused(open(other.c_str(), O_RDONLY | O_CREAT, 0600)),
      refused(unlink(file.c_str())),
      refused(mkdir(other.c_str(), 0700)),
      refused(rename(file.c_str(), other.c_str())),
      refused(chmod(file.c_str(), 0777)),
      refused(execv("/bin/true", arguments)),
      refused(fork()),
  };
  int allowed = 0;
  for (size_t i = 0; i < std::size(all); ++i) allowed |= all[i] ? 0 : 1 << i;
  return allowed;
}

// In a process of its own, which cannot come back.
int InSandbox(const std::string& folder) {
  if (!EnterSandbox()) return 100;
  const int allowed = Allowed(folder);
  if (allowed != 0) return allowed;
  const bool reads = open((folder + "/file").c_str(), O_RDONLY) >= 0;
  const bool connects = socket(AF_INET, SOCK_DGRAM, 0) >= 0;
  return reads && connects ? 0 : 101;
}

TEST(PolicySandboxDeathTest, ReadsAndAsksAndDoesNothingElse) {
  char name[] = "/tmp/rblitz-sandbox-XXXXXX";
  const std::string folder = mkdtemp(name);
  const std::string file = folder + "/file";
  close(open(file.c_str(), O_WRONLY | O_CREAT, 0600));
  EXPECT_EXIT(_exit(InSandbox(folder)), testing::ExitedWithCode(0), "");
  unlink(file.c_str());
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace rblitz::policy
