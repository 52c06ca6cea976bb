#include "cli/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace rblitz {

Result<User> FindUser(const std::string& name) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  int error = 0;
  while ((error = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found)) == ERANGE) {
    buffer.resize(2 * buffer.size());
  }
  if (error != 0) return Fail("user '" + name + "': " + std::strerror(error));
  if (found == nullptr) return Fail("there is no user '" + name + "'");
  return User{.uid = entry.pw_uid, .gid = entry.pw_gid};
}

std::string UserName(uid_t uid) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  while (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == ERANGE) buffer.resize(2 * buffer.size());
  return found != nullptr ? found->pw_name : std::to_string(uid);
}

Status GiveTo(const std::string& folder, const User& user) {
  namespace fs = std::filesystem;
  const auto give = [&](const std::string& path) -> Status {
    if (lchown(path.c_str(), user.uid, user.gid) == 0) return {};
    return Fail(path + ": cannot be given to the user: " + std::strerror(errno));
  };
  if (Status given = give(folder); !given) return given;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (Status given = give(at->path()); !given) return given;
  }
  if (error) return Fail(folder + ": cannot list: " + error.message());
  return {};
}

Status BecomeUser(const User& user) {
  const auto fail = [](const char* step) { return Fail(std::string(step) + ": " + std::strerror(errno)); };
  if (geteuid() == user.uid && getegid() == user.gid && geteuid() != 0) return {};
  if (setgroups(1, &user.gid) != 0) return fail("setgroups");
  if (setresgid(user.gid, user.gid, user.gid) != 0) return fail("setgid");
  if (setresuid(user.uid, user.uid, user.uid) != 0) return fail("setuid");
  if (user.uid != 0 && (setuid(0) == 0 || getuid() != user.uid || geteuid() != user.uid)) {
    return Fail("root could be had back");
  }
  if (getgid() != user.gid || getegid() != user.gid) return Fail("the group is still another one");
  return {};
}

}  // namespace rblitz
