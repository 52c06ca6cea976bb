#include "cli/render_greylists.h"

#include "cli/render_values.h"
#include "cli/text_table.h"

namespace rblitz {

std::string GreylistTable(const Json& greylists) {
  if (greylists.empty()) return "";
  TextTable table;
  table.AddRow({"greylist", "state", "observe", "memory", "rows loaded", "rows written", "journal"});
  std::string problems;
  for (const Json& greylist : greylists) {
    const Json& store = greylist["store"];
    const std::string zone = Printable(greylist["zone"]);
    table.AddRow({zone, Printable(greylist["state"]), greylist["observe"].get<bool>() ? "yes" : "no",
                  Bytes(greylist["bytes"]), Number(store["loaded_rows"]), Number(store["written_rows"]),
                  Bytes(store["journal_bytes"])});
    for (const Json& note : store["notes"]) problems += zone + ": " + Printable(note) + "\n";
    if (!store["error"].get<std::string>().empty()) problems += zone + ": " + Printable(store["error"]) + "\n";
  }
  return table.Text() + problems;
}

std::string CheckedGreylists(const Json& greylists) {
  if (greylists.empty()) return "";
  TextTable table;
  table.AddRow({"greylist", "observe", "triplets", "store"});
  for (const Json& greylist : greylists) {
    const std::string store = Printable(greylist["store"]);
    table.AddRow({Printable(greylist["zone"]), greylist["observe"].get<bool>() ? "yes" : "no",
                  Number(greylist["max_triplets"]), store.empty() ? "memory" : store});
  }
  return table.Text();
}

}  // namespace rblitz
