// A database of SQLite that another program may have open, for reading: what it commits meanwhile is not seen, and it
// is never kept from writing for longer than a reader of its own would. The only file that includes sqlite3.h is
// sqlite_file.cc.
//
// Thread-safety: one thread. Errors: with the file's name and what the library says. Cost: a read transaction from
// Open to the end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tables/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rblitz {

// The row that a statement is at.
class SqliteRow {
 public:
  explicit SqliteRow(sqlite3_stmt* at) : at_(at) {}

  [[nodiscard]] std::string Text(int column) const;
  // Nothing: the column holds something else.
  [[nodiscard]] std::optional<int64_t> Whole(int column) const;

 private:
  sqlite3_stmt* at_;
};

class SqliteFile {
 public:
  [[nodiscard]] static Result<SqliteFile> Open(const std::string& path);

  [[nodiscard]] Result<bool> HasTable(const std::string& name) const;
  // All rows of a SELECT, until a visit fails.
  [[nodiscard]] Status Walk(const std::string& select, const std::function<Status(const SqliteRow&)>& visit) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  SqliteFile(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}
  [[nodiscard]] tl::unexpected<Error> FailHere(const char* what) const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace rblitz
