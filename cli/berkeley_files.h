// Databases of Berkeley DB that another program may have open: a copy is read, and theirs is not touched.
//
// What a program has committed stands in its log, and in the databases only after a checkpoint. So the databases are
// copied and then the log, and the copy is recovered, which is how Oracle's manual makes a hot backup; the regions of a
// running environment (__db.*) are left alone. Every database is verified before it is read. The only file that
// includes db.h is berkeley_files.cc.
//
// Thread-safety: one thread. Lifetime: the copy lies in a folder of its own below TMPDIR or /tmp, readable for the
// user alone, and is gone with the object. Errors: with the file's name and what the library says. Cost: space for the
// copy.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tables/result.h"

namespace rblitz {

class BerkeleyFiles {
 public:
  // Of a folder: its files *.db and log.*. Refused: a folder without a database.
  [[nodiscard]] static Result<BerkeleyFiles> Copy(const std::string& folder);

  BerkeleyFiles(BerkeleyFiles&& other) noexcept : folder_(std::move(other.folder_)), copy_(std::move(other.copy_)) {
    other.copy_.clear();
  }
  BerkeleyFiles& operator=(BerkeleyFiles&&) = delete;
  ~BerkeleyFiles();

  [[nodiscard]] bool Has(const std::string& file) const;
  // All of its rows, until a visit fails. What a visit is given lasts until it returns.
  [[nodiscard]] Status Walk(const std::string& file,
                            const std::function<Status(std::string_view key, std::string_view value)>& visit) const;

 private:
  BerkeleyFiles(std::string folder, std::string copy) : folder_(std::move(folder)), copy_(std::move(copy)) {}

  std::string folder_;  // as messages name it
  std::string copy_;
};

}  // namespace rblitz
