#include "cli/config_zone.h"

#include <string>
#include <vector>

#include "cli/config_clients.h"
#include "cli/config_values.h"

namespace rblitz {

void ReadServing(TableReader& reader, ZoneConfig* zone) {
  zone->allow = ReadClients(reader, "allow", "is empty: nobody could ask");
  zone->ttl_seconds = reader.Seconds("ttl");
  zone->soa = reader.Parsed("soa", ParseSoa);
  const auto names = reader.Strings("ns");
  if (!names) return;
  zone->ns.emplace();
  if (names->empty()) reader.Wrong("ns", "is empty");
  for (const std::string& text : *names) {
    const auto name = ParseDomainName(text);
    if (!name) reader.Wrong("ns", name.error().message);
    zone->ns->names.push_back(name.value_or(""));
  }
}

}  // namespace rblitz
