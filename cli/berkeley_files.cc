#include "cli/berkeley_files.h"

#include <db.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

namespace rblitz {

namespace {

namespace fs = std::filesystem;

// What the library says on its way, in place of the standard error.
thread_local std::string said;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void Say(const DB_ENV* /*environment*/, const char* /*prefix*/, const char* message) {
  if (said.empty()) said = message;
}

tl::unexpected<Error> FailDb(const std::string& place, const std::string& what, int code) {
  return Fail(place + ": " + what + ": " + (said.empty() ? db_strerror(code) : said));
}

struct CloseEnvironment {
  void operator()(DB_ENV* environment) const { environment->close(environment, 0); }
};
struct CloseDb {
  void operator()(DB* db) const { db->close(db, 0); }
};
struct CloseCursor {
  void operator()(DBC* cursor) const { cursor->close(cursor); }
};
using Environment = std::unique_ptr<DB_ENV, CloseEnvironment>;
using Db = std::unique_ptr<DB, CloseDb>;
using Cursor = std::unique_ptr<DBC, CloseCursor>;

Db NewDb() {
  said.clear();
  DB* db = nullptr;
  if (db_create(&db, nullptr, 0) != 0) throw std::bad_alloc();
  db->set_errcall(db, Say);
  return Db(db);
}

// Brings the databases of a folder to what its log says.
Status Recover(const std::string& name, const std::string& folder) {
  said.clear();
  DB_ENV* made = nullptr;
  if (db_env_create(&made, 0) != 0) throw std::bad_alloc();
  const Environment environment(made);
  made->set_errcall(made, Say);
  constexpr uint32_t kFlags = DB_CREATE | DB_PRIVATE | DB_RECOVER_FATAL | DB_INIT_TXN | DB_INIT_MPOOL | DB_INIT_LOG;
  const int code = made->open(made, folder.c_str(), kFlags, 0600);
  if (code != 0) return FailDb(name, "its log cannot be recovered", code);
  return {};
}

// Names of a folder's files that are wanted.
Result<std::vector<std::string>> Names(const std::string& folder, bool (*wanted)(const std::string& name)) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (wanted(name)) names.push_back(std::move(name));
  }
  if (error) return Fail(folder + ": " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

bool IsDatabase(const std::string& name) { return name.ends_with(".db"); }
bool IsLog(const std::string& name) { return name.starts_with("log."); }

Status CopyAll(const std::string& from, const std::vector<std::string>& names, const std::string& to) {
  for (const std::string& name : names) {
    std::error_code error;
    fs::copy_file(from + "/" + name, to + "/" + name, error);
    if (error) return Fail(from + "/" + name + ": cannot copy to " + to + ": " + error.message());
  }
  return {};
}

Result<std::string> NewFolder() {
  const char* const parent = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  std::string folder = std::string(parent != nullptr && *parent != '\0' ? parent : "/tmp") + "/rblitz-import-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return Fail(folder + ": cannot create: " + std::generic_category().message(errno));
  }
  return folder;
}

}  // namespace

Result<BerkeleyFiles> BerkeleyFiles::Copy(const std::string& folder) {
  const Result<std::vector<std::string>> databases = Names(folder, IsDatabase);
  if (!databases) return tl::unexpected(databases.error());
  if (databases->empty()) return Fail(folder + ": there is no database in it");
  const Result<std::string> made = NewFolder();
  if (!made) return tl::unexpected(made.error());
  BerkeleyFiles files(folder, *made);
  if (Status copied = CopyAll(folder, *databases, *made); !copied) return tl::unexpected(copied.error());
  // Behind the databases, so that it tells of all that they have.
  const Result<std::vector<std::string>> logs = Names(folder, IsLog);
  if (!logs) return tl::unexpected(logs.error());
  if (Status copied = CopyAll(folder, *logs, *made); !copied) return tl::unexpected(copied.error());
  if (logs->empty()) return files;
  if (Status recovered = Recover(folder, *made); !recovered) return tl::unexpected(recovered.error());
  return files;
}

BerkeleyFiles::~BerkeleyFiles() {
  std::error_code error;
  if (!copy_.empty()) fs::remove_all(copy_, error);
}

bool BerkeleyFiles::Has(const std::string& file) const {
  std::error_code error;
  return fs::exists(copy_ + "/" + file, error);
}

Status BerkeleyFiles::Walk(const std::string& file,
                           const std::function<Status(std::string_view, std::string_view)>& visit) const {
  const std::string name = folder_ + "/" + file;
  const std::string path = copy_ + "/" + file;
  // Verifying ends the handle, however it ends.
  DB* const verifying = NewDb().release();
  if (const int code = verifying->verify(verifying, path.c_str(), nullptr, nullptr, 0); code != 0) {
    return FailDb(name, "is no database, or damaged", code);
  }
  const Db db = NewDb();
  int code = db->open(db.get(), nullptr, path.c_str(), nullptr, DB_UNKNOWN, DB_RDONLY, 0);
  if (code != 0) return FailDb(name, "cannot open", code);
  DBC* made = nullptr;
  code = db->cursor(db.get(), nullptr, &made, 0);
  if (code != 0) return FailDb(name, "cannot read", code);
  const Cursor cursor(made);
  DBT key{};
  DBT value{};
  while ((code = made->get(made, &key, &value, DB_NEXT)) == 0) {
    const auto text = [](const DBT& of) { return std::string_view(static_cast<const char*>(of.data), of.size); };
    if (Status visited = visit(text(key), text(value)); !visited) return visited;
  }
  return code == DB_NOTFOUND ? Status() : FailDb(name, "cannot read", code);
}

}  // namespace rblitz
