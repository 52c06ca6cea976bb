#include "cli/sqlite_file.h"

#include <sqlite3.h>

namespace rblitz {

namespace {

// That a writer may keep us waiting.
constexpr int kBusyMs = 10'000;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

}  // namespace

std::string SqliteRow::Text(int column) const {
  const auto* const text = static_cast<const char*>(sqlite3_column_blob(at_, column));
  return text == nullptr ? "" : std::string(text, static_cast<size_t>(sqlite3_column_bytes(at_, column)));
}

std::optional<int64_t> SqliteRow::Whole(int column) const {
  if (sqlite3_column_type(at_, column) != SQLITE_INTEGER) return std::nullopt;
  return sqlite3_column_int64(at_, column);
}

void SqliteFile::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

tl::unexpected<Error> SqliteFile::FailHere(const char* what) const {
  return Fail(path_ + ": " + what + ": " + sqlite3_errmsg(database_.get()));
}

Result<SqliteFile> SqliteFile::Open(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  SqliteFile file(path, opened);
  if (code != SQLITE_OK) return file.FailHere("cannot open");
  sqlite3_busy_timeout(opened, kBusyMs);
  if (sqlite3_exec(opened, "BEGIN", nullptr, nullptr, nullptr) != SQLITE_OK) return file.FailHere("cannot read");
  return file;
}

Result<bool> SqliteFile::HasTable(const std::string& name) const {
  bool has = false;
  const Status walked = Walk("SELECT name FROM sqlite_master WHERE type = 'table'", [&](const SqliteRow& row) {
    has = has || row.Text(0) == name;
    return Status();
  });
  if (!walked) return tl::unexpected(walked.error());
  return has;
}

Status SqliteFile::Walk(const std::string& select, const std::function<Status(const SqliteRow&)>& visit) const {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), select.c_str(), -1, &made, nullptr);
  const Statement statement(made);
  if (code != SQLITE_OK) return FailHere("cannot read");
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(made)) == SQLITE_ROW) {
    if (Status visited = visit(SqliteRow(made)); !visited) return visited;
  }
  return step == SQLITE_DONE ? Status() : FailHere("cannot read");
}

}  // namespace rblitz
