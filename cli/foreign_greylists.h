// Databases of other greylisters, read into rows.
//
//   postgrey   a folder with postgrey.db and postgrey_clients.db (Berkeley DB): triplets by networks, and clients with
//              their credits. Senders stand there without extensions and numbers; with --privacy all is hashed.
//   sqlgrey    a file of SQLite: `connect` has those who wait, in full; from_awl and domain_awl who has passed, of
//              which the senders' domains can be told.
//   greylistd  a folder with `states` and `triplets`: the one has hashes that nobody can compute again, and the times;
//              the other their texts, and nothing can be carried over without it.
//
// Thread-safety: one thread. Errors: with the file's name; what is no database of that program is one. Nothing is
// written to the folder.
#pragma once

#include <string>

#include "cli/foreign_rows.h"
#include "tables/result.h"

namespace rblitz {

[[nodiscard]] Status ReadPostgrey(const std::string& folder, ForeignRows* rows);
[[nodiscard]] Status ReadSqlgrey(const std::string& file, ForeignRows* rows);
[[nodiscard]] Status ReadGreylistd(const std::string& folder, ForeignRows* rows);

}  // namespace rblitz
