#include "cli/foreign_import.h"

#include <algorithm>
#include <iterator>

#include "cli/foreign_greylists.h"

namespace rblitz {

namespace {

constexpr uint64_t kProgressRows = 1 << 12;

struct Greylister {
  const char* name;
  Status (*read)(const std::string& path, ForeignRows* rows);
};

constexpr Greylister kGreylisters[] = {
    {.name = "postgrey", .read = ReadPostgrey},
    {.name = "sqlgrey", .read = ReadSqlgrey},
    {.name = "greylistd", .read = ReadGreylistd},
};

const Greylister* Find(const std::string& name) {
  const auto* const found = std::find_if(std::begin(kGreylisters), std::end(kGreylisters),
                                         [&](const Greylister& known) { return name == known.name; });
  return found == std::end(kGreylisters) ? nullptr : found;
}

}  // namespace

bool IsForeignGreylister(const std::string& name) { return Find(name) != nullptr; }

Status ImportForeign(const ForeignSource& source, const GreyServer& server, const GreyKey& key, ForeignImport* import,
                     const std::function<void(uint64_t rows)>& progress) {
  ForeignRows found(server.settings(), key, source.normal);
  if (Status read = Find(source.from)->read(source.path, &found); !read) return read;
  import->skipped = found.skipped();
  if (found.rows().empty() && !found.skipped().empty()) {
    return Fail(source.path + ": nothing can be carried over\n" + RenderSkipped(found.skipped()));
  }
  GreyJoining joining(server, &import->done);
  uint64_t rows = 0;
  for (const TripletRow& row : found.rows()) {
    if (Status added = joining.Add(row); !added) return added;
    if (++rows % kProgressRows == 0 && progress) progress(rows);
  }
  return joining.Send();
}

std::string RenderSkipped(const std::map<std::string, uint64_t>& skipped) {
  std::string text;
  for (const auto& [why, count] : skipped) {
    text += "cannot be carried over: " + std::to_string(count) + ": " + why + "\n";
  }
  return text;
}

}  // namespace rblitz
