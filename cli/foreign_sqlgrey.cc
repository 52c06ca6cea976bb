#include <algorithm>
#include <optional>
#include <utility>

#include "cli/foreign_greylists.h"
#include "cli/sqlite_file.h"

namespace rblitz {

namespace {

// What stands for a part that there was none of: both parts of the null sender.
constexpr const char* kUndefined = "-undef-";
// Longer ones were cut to these.
constexpr size_t kMaxName = 64;
constexpr size_t kMaxDomain = 255;
constexpr size_t kMaxRecipient = 255;

// sqlgrey's `src`: an address, three octets for 24 bits, or four groups for 64.
std::string ClientsOf(const std::string& source) {
  const auto points = std::count(source.begin(), source.end(), '.');
  const auto colons = std::count(source.begin(), source.end(), ':');
  if (colons == 0 && points == 2) return source + ".0/24";
  if (colons == 3 && points == 0 && source.find("::") == std::string::npos) return source + "::/64";
  return source;
}

// The sender; nothing: it is not known in full.
std::optional<std::string> SenderOf(const std::string& name, const std::string& domain) {
  if (name == kUndefined && domain == kUndefined) return "";
  if (name.size() >= kMaxName || domain.size() >= kMaxDomain) return std::nullopt;
  if (domain == kUndefined) return name;
  return (name == kUndefined ? "" : name) + "@" + domain;
}

// Those who wait.
void AddWaiting(const SqliteRow& row, ForeignRows* rows) {
  const std::optional<std::string> sender = SenderOf(row.Text(0), row.Text(1));
  const std::string recipient = row.Text(3);
  const auto first = row.Whole(4);
  if (!sender || recipient.size() >= kMaxRecipient) return rows->Skip("addresses that were cut");
  if (!first) return rows->Skip("times that are none");
  rows->AddTriplet(ClientsOf(row.Text(2)), *sender, recipient, {.first = *first, .last = *first}, false);
}

// One sender of a domain that has passed, whoever it wrote to. `name` has # and RCPT in place of what changes.
void AddPassed(const SqliteRow& row, ForeignRows* rows) {
  const std::string name = row.Text(0);
  const std::optional<std::string> sender = SenderOf(name, row.Text(1));
  const auto first = row.Whole(3);
  const auto last = row.Whole(4);
  if (sender && sender->empty()) return rows->Skip("null senders that passed");
  if (name.find("RCPT") != std::string::npos) return rows->Skip("senders that had the recipient in them");
  if (!sender) return rows->Skip("addresses that were cut");
  if (!first || !last) return rows->Skip("times that are none");
  rows->AddDomain(ClientsOf(row.Text(2)), row.Text(1), *sender, {.first = *first, .last = *last});
}

void AddDomain(const SqliteRow& row, ForeignRows* rows) {
  const auto first = row.Whole(2);
  const auto last = row.Whole(3);
  if (row.Text(0) == kUndefined) return rows->Skip("null senders that passed");
  if (!first || !last) return rows->Skip("times that are none");
  rows->AddDomain(ClientsOf(row.Text(1)), row.Text(0), "", {.first = *first, .last = *last});
}

// Settings of recipients, which are in the database and no state.
Status CountSettings(const SqliteFile& database, ForeignRows* rows) {
  const std::pair<std::string, const char*> tables[] = {
      {"optin_domain", "domains that alone are to wait"},
      {"optin_email", "recipients who alone are to wait"},
      {"optout_domain", "domains that opted out"},
      {"optout_email", "recipients who opted out"},
  };
  for (const auto& [table, what] : tables) {
    const Result<bool> has = database.HasTable(table);
    if (!has) return tl::unexpected(has.error());
    if (!*has) continue;
    const auto visit = [&, why = what + (" (" + table + ")")](const SqliteRow&) {
      rows->Skip(why);
      return Status();
    };
    if (Status walked = database.Walk("SELECT 1 FROM " + table, visit); !walked) return walked;
  }
  return {};
}

}  // namespace

Status ReadSqlgrey(const std::string& file, ForeignRows* rows) {
  const Result<SqliteFile> database = SqliteFile::Open(file);
  if (!database) return tl::unexpected(database.error());
  for (const char* const table : {"connect", "from_awl", "domain_awl"}) {
    const Result<bool> has = database->HasTable(table);
    if (!has) return tl::unexpected(has.error());
    if (!*has) return Fail(file + ": has no table " + table + ": that is no database of sqlgrey");
  }
  const struct {
    const char* select;
    void (*add)(const SqliteRow& row, ForeignRows* rows);
  } tables[] = {
      {"SELECT sender_name, sender_domain, src, rcpt, first_seen FROM connect", AddWaiting},
      {"SELECT sender_name, sender_domain, src, first_seen, last_seen FROM from_awl", AddPassed},
      {"SELECT sender_domain, src, first_seen, last_seen FROM domain_awl", AddDomain},
  };
  for (const auto& [select, add] : tables) {
    const auto visit = [&rows, add = add](const SqliteRow& row) {
      add(row, rows);
      return Status();
    };
    if (Status walked = database->Walk(select, visit); !walked) return walked;
  }
  return CountSettings(*database, rows);
}

}  // namespace rblitz
