// rbldnsd's generic: `name [ttl] [IN] A|TXT|MX data`, `@` for the apex. Names of records are relative to the zone,
// names in them absolute. No wildcards: `*` is a label like others.
#include <limits>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/name_text.h"
#include "loaders/rbldnsd_line.h"
#include "loaders/specials.h"

namespace rblitz {

namespace {

constexpr size_t kMaxString = 255;  // RFC 1035 section 3.3: one character-string

bool SameWord(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((word[i] & ~0x20) != upper[i]) return false;
  }
  return true;
}

void AppendBigEndian(std::string* bytes, uint32_t value, unsigned size) {
  while (size-- > 0) *bytes += static_cast<char>(value >> (8 * size));
}

// As inet_aton reads it: of fewer than four numbers the last one is the low octet. What follows is ignored.
std::optional<std::string> ReadA(std::string_view data) {
  const std::optional<Octets> octets = TakeOctets(data, LeadingZeros::kDecimal);
  if (!octets) return std::nullopt;
  const unsigned last_shift = 32 - octets->bits();
  const uint32_t last = octets->address >> last_shift & 0xff;
  std::string rdata;
  AppendBigEndian(&rdata, (octets->address & ~(uint32_t{0xff} << last_shift)) | last, 4);
  return rdata;
}

// One pair of quotes round all of it is removed; nothing in it is special.
std::optional<std::string> ReadTxt(std::string_view data) {
  if (data.size() >= 2 && data.front() == '"' && data.back() == '"') data = data.substr(1, data.size() - 2);
  data = data.substr(0, kMaxString);
  std::string rdata(1, static_cast<char>(data.size()));
  return rdata.append(data);
}

std::optional<std::string> ReadMx(std::string_view data) {
  std::string_view preference = TakeListWord(data);
  const std::string_view name = TakeListWord(data);
  const std::optional<uint32_t> number = TakeNumber(preference, std::numeric_limits<uint16_t>::max());
  if (!number || !preference.empty() || name.empty() || !data.empty()) return std::nullopt;
  const std::optional<NameLabels> labels = NameFromRbldnsd(name, NameCase::kKept);
  if (!labels) return std::nullopt;
  std::string rdata;
  AppendBigEndian(&rdata, *number, 2);
  rdata.append(labels->span().begin(), labels->span().end());
  return rdata += '\0';
}

// The type and what follows it.
std::optional<GenericRecord> ReadRecord(std::string_view text) {
  struct Reader {
    std::string_view name;
    RecordType type;
    std::optional<std::string> (*read)(std::string_view data);
  };
  static constexpr Reader kReaders[] = {
      {"A", RecordType::kA, ReadA}, {"TXT", RecordType::kTxt, ReadTxt}, {"MX", RecordType::kMx, ReadMx}};
  const std::string_view type = TakeListWord(text);
  for (const Reader& reader : kReaders) {
    if (!SameWord(type, reader.name) || text.empty()) continue;
    std::optional<std::string> rdata = reader.read(text);
    if (!rdata) return std::nullopt;
    return GenericRecord{.type = reader.type, .rdata = std::move(*rdata)};
  }
  return std::nullopt;
}

}  // namespace

Status ParseGenericLine(std::string_view line, FeedDraft* draft) {
  const Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  std::string_view rest = *text;
  const std::string_view name = TakeListWord(rest);
  const std::optional<NameLabels> labels =
      name == "@" ? std::optional(NameLabels()) : NameFromRbldnsd(name, NameCase::kLower);
  if (!labels || (labels->size == 0 && name != "@")) return Fail("bad name " + Quoted(name));
  uint32_t ttl_seconds = 0;
  if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
    const std::string_view word = TakeListWord(rest);
    const std::optional<uint32_t> ttl = ReadTime(word);
    if (!ttl) return Fail("bad TTL " + Quoted(word));
    ttl_seconds = *ttl;
  }
  std::string_view behind_class = rest;
  if (SameWord(TakeListWord(behind_class), "IN")) rest = behind_class;
  std::optional<GenericRecord> record = ReadRecord(rest);
  if (!record) return Fail("bad record " + Quoted(*text));
  record->ttl_seconds = ttl_seconds != 0 ? ttl_seconds : draft->specials.ttl_seconds;
  draft->generic.Add(labels->span(), std::move(*record));
  return {};
}

}  // namespace rblitz
