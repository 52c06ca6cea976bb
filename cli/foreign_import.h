// What another greylister knew, joined with what a server's greylist has.
//
// Thread-safety: one thread. Errors: of the database, of which nothing is sent then; of the server, which has some rows
// then; and where nothing can be carried over. Cost: memory for all rows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "cli/grey_joining.h"
#include "cli/grey_name.h"
#include "cli/grey_server.h"
#include "tables/result.h"

namespace rblitz {

struct ForeignSource {
  std::string from;     // a name that IsForeignGreylister
  std::string path;     // of its database
  bool normal = false;  // cli/foreign_rows.h
};

struct ForeignImport {
  GreyJoined done;
  std::map<std::string, uint64_t> skipped;  // by why

  // Perhaps another database is in use.
  [[nodiscard]] bool is_empty() const { return done.joined + done.expired + done.full == 0 && skipped.empty(); }
};

[[nodiscard]] bool IsForeignGreylister(const std::string& name);

[[nodiscard]] Status ImportForeign(const ForeignSource& source, const GreyServer& server, const GreyKey& key,
                                   ForeignImport* import, const std::function<void(uint64_t rows)>& progress = {});

// A line for each reason; empty where there is none.
[[nodiscard]] std::string RenderSkipped(const std::map<std::string, uint64_t>& skipped);

}  // namespace rblitz
