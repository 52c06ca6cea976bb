// Team Cymru's bogons and fullbogons: the lines of a plain list, and a header that says how old they are:
// "# last updated 1450193702 (Tue Dec 15 15:35:02 2015 GMT)".
#include <limits>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"

namespace rblitz {

Status ParseCymruLine(std::string_view line, FeedDraft* draft) {
  constexpr std::string_view kHeader = "# last updated ";
  if (!line.starts_with(kHeader)) return ParseCidrLine(line, draft);
  std::string_view rest = line.substr(kHeader.size());
  const std::optional<uint32_t> stamp = TakeNumber(rest, std::numeric_limits<uint32_t>::max());
  if (!stamp || !(rest.empty() || IsBlank(rest[0]))) return Fail("bad time in the header " + Quoted(line));
  draft->SetHeaderTime(static_cast<int64_t>(*stamp));
  return {};
}

}  // namespace rblitz
