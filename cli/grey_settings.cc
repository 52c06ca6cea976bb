#include "cli/grey_settings.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "cli/config.h"
#include "cli/config_values.h"

namespace rblitz {

namespace {

tl::unexpected<Error> Unknown(const char* key) {
  return Fail(std::string("the server's greylists are not understood: ") + key);
}

// Leaves the value as it is where the object says nothing. False: what it says cannot be.
template <class T>
bool Read(const Json& object, const char* key, uint64_t least, uint64_t most, T* value) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_number_unsigned() || found->get<uint64_t>() < least || found->get<uint64_t>() > most) return false;
  *value = found->get<T>();
  return true;
}

bool Read(const Json& object, const char* key, std::string* value) {
  const auto found = object.find(key);
  if (found == object.end()) return true;
  if (!found->is_string()) return false;
  *value = found->get<std::string>();
  return true;
}

Result<GreySettings> SettingsFromJson(const Json& json) {
  if (!json.is_object()) return Unknown("zones");
  GreySettings settings;
  if (!Read(json, "zone", &settings.zone) || settings.zone.empty()) return Unknown("zone");
  if (!Read(json, "key_file", &settings.key_file)) return Unknown("key_file");
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  if (!Read(json, "delay", 0, kMost, &settings.rules.delay_seconds)) return Unknown("delay");
  if (!Read(json, "window", 0, kMost, &settings.rules.window_seconds)) return Unknown("window");
  if (!Read(json, "lifetime", 0, kMost, &settings.rules.lifetime_seconds)) return Unknown("lifetime");
  if (!Read(json, "auto_whitelist", 0, kMaxCredits, &settings.rules.credits)) return Unknown("auto_whitelist");
  if (!Read(json, "mask_v4", 8, 32, &settings.masks.ip4)) return Unknown("mask_v4");
  if (!Read(json, "mask_v6", 16, 64, &settings.masks.ip6)) return Unknown("mask_v6");
  return settings;
}

std::vector<GreySettings> Of(const Config& config) {
  std::vector<GreySettings> greylists;
  for (const GreylistConfig& greylist : config.greylists) {
    greylists.push_back(
        {.zone = greylist.zone.name, .key_file = greylist.key_file, .rules = greylist.rules, .masks = greylist.masks});
  }
  return greylists;
}

}  // namespace

Result<std::vector<GreySettings>> GreySettingsFromJson(const Json& result) {
  const auto zones = result.find("zones");
  if (zones == result.end() || !zones->is_array()) return Unknown("zones");
  std::vector<GreySettings> greylists;
  for (const Json& zone : *zones) {
    Result<GreySettings> settings = SettingsFromJson(zone);
    if (!settings) return tl::unexpected(settings.error());
    greylists.push_back(*std::move(settings));
  }
  return greylists;
}

Result<std::vector<GreySettings>> GreySettingsFromFile(const std::string& file) {
  const auto config = LoadConfig(file);
  if (!config) return tl::unexpected(config.error());
  return Of(*config);
}

Result<GreySettings> ChooseGreylist(const std::vector<GreySettings>& greylists, const std::string& zone) {
  if (greylists.empty()) return Fail("there is no greylist");
  if (zone.empty() && greylists.size() == 1) return greylists.front();
  const Result<std::string> name = zone.empty() ? Result<std::string>("") : ParseDomainName(zone);
  if (!name) return tl::unexpected(name.error());
  const auto found = std::ranges::find_if(greylists, [&](const GreySettings& one) { return one.zone == *name; });
  if (found != greylists.end()) return *found;
  std::string zones;
  for (const GreySettings& one : greylists) zones += (zones.empty() ? "" : ", ") + one.zone;
  if (zone.empty()) return Fail("there are several greylists: --zone names one of " + zones);
  return Fail("there is no greylist " + *name + "; there is " + zones);
}

}  // namespace rblitz
