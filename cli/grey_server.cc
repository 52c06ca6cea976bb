#include "cli/grey_server.h"

#include <algorithm>

#include "cli/ask.h"
#include "cli/config_values.h"
#include "cli/grey_rows.h"

namespace rblitz {

namespace {

Json GreyRequest(const char* action) { return {{"command", "grey"}, {"action", action}}; }

// The networks of a greylist that have these addresses: rows are kept by whole ones.
Ip6Prefix Widened(Ip6Prefix addresses, GreyMasks masks) {
  const bool is_ip4 = IsV4Mapped(addresses.address) && addresses.length >= 96;
  const auto length = static_cast<uint8_t>(is_ip4 ? 96 + masks.ip4 : masks.ip6);
  addresses.length = std::min(addresses.length, length);
  const Ip6Address host = HostBits(addresses.length);
  addresses.address.high &= ~host.high;
  addresses.address.low &= ~host.low;
  return addresses;
}

}  // namespace

Result<GreyServer> GreyServer::Find(const std::string& control, const std::string& zone) {
  const Result<Json> config = rblitz::Ask(control, GreyRequest("config"));
  if (!config) return tl::unexpected(config.error());
  const auto greylists = GreySettingsFromJson(*config);
  if (!greylists) return tl::unexpected(greylists.error());
  const Result<GreySettings> settings = ChooseGreylist(*greylists, zone);
  if (!settings) return tl::unexpected(settings.error());
  return GreyServer(control, *settings);
}

Result<Json> GreyServer::Ask(const char* action, const Json& request) const {
  Json asked = GreyRequest(action);
  asked["zone"] = settings_.zone;
  asked.update(request);
  return rblitz::Ask(control_, asked);
}

Status GreyServer::Walk(const std::optional<Ip6Prefix>& addresses, const std::function<bool(const TripletRow&)>& visit,
                        const std::function<void(uint64_t slots)>& seen) const {
  const auto not_understood = [&](const std::string& why) {
    return Fail(control_ + ": the server's rows are not understood: " + why);
  };
  Json request = {{"from", 0}, {"limit", kPage}};
  if (addresses) request["network"] = ClientsText(Widened(*addresses, settings_.masks));
  for (uint64_t from = 0;;) {
    request["from"] = from;
    const Result<Json> page = Ask("rows", request);
    if (!page) return tl::unexpected(page.error());
    const Json rows = page->is_object() ? page->value("rows", Json()) : Json();
    if (!rows.is_array()) return not_understood("rows");
    for (const Json& json : rows) {
      const Result<TripletRow> row = GreyRowFromJson(json);
      if (!row) return not_understood(row.error().message);
      if (addresses && !IsGreyRowOf(*row, settings_.masks, *addresses)) continue;
      if (!visit(*row)) return {};
    }
    const Json next = page->value("next", Json());
    if (next.is_null()) return {};
    // An answer that leads back would be asked for ever.
    if (!next.is_number_unsigned() || next.get<uint64_t>() <= from) return not_understood("next");
    from = next.get<uint64_t>();
    if (seen) seen(from);
  }
}

}  // namespace rblitz
