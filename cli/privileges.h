// Becoming another user for good, once everything that needs root is open.
//
// Thread-safety: while no other thread changes credentials; it holds for all threads of the process.
// Errors: say which step failed. After a failure the process may be half of each and must end.
#pragma once

#include <sys/types.h>

#include <string>

#include "tables/result.h"

namespace rblitz {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

[[nodiscard]] Result<User> FindUser(const std::string& name);

// The name of a user, or its number where there is none.
[[nodiscard]] std::string UserName(uid_t uid);

// Makes a folder and all that is in it the user's; links are not followed.
[[nodiscard]] Status GiveTo(const std::string& folder, const User& user);

// Gives up root: groups, group, user, in this order, and checks that there is no way back.
[[nodiscard]] Status BecomeUser(const User& user);

}  // namespace rblitz
