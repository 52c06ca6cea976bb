// Any bytes as what other greylisters wrote: rows of postgrey, a line for each key and value between tabs; behind a NUL
// the states of greylistd, and behind another its triplets. Each row must be one that a greylist takes as it is.
#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include "cli/foreign_texts.h"
#include "cli/grey_rows.h"
#include "tests/fuzz/require.h"

namespace {

using namespace rblitz;

std::string TakeUntil(std::string_view& text, char end) {
  const size_t at = std::min(text.find(end), text.size());
  std::string taken(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const GreyKey kKey = GreyKey::FromText("key").value();
  static const GreySettings kSettings;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  ForeignRows rows(kSettings, kKey, size % 2 == 0);
  PostgreyRows postgrey(&rows);
  std::istringstream lines(TakeUntil(rest, '\0'));
  for (std::string line; std::getline(lines, line);) {
    std::string_view value(line);
    const std::string key = TakeUntil(value, '\t');
    postgrey.See(key);
    postgrey.AddTriplet(key, value);
    postgrey.AddClient(key, value);
  }
  std::istringstream states(TakeUntil(rest, '\0'));
  std::istringstream triplets{std::string(rest)};
  static_cast<void>(ReadGreylistdTexts(&states, "states", &triplets, &rows));
  for (const TripletRow& row : rows.rows()) {
    const Result<TripletRow> again = GreyRowFromJson(GreyRowJson(row, kSettings.masks));
    Require(again && *again == row);
  }
  return 0;
}
