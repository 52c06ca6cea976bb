// The sections of the configuration that say what clients have to obey: [cookies] and [rate_limit].
//
// Thread-safety: pure. Errors: collected in the ConfigErrors given.
#pragma once

#include <filesystem>
#include <vector>

#include "cli/config.h"
#include "cli/config_table.h"

namespace rblitz {

// `folder`: where relative paths start.
[[nodiscard]] CookieConfig ReadCookies(const toml::table& table, const std::filesystem::path& folder,
                                       ConfigErrors* errors);
[[nodiscard]] RateLimitConfig ReadRateLimit(const toml::table& table, ConfigErrors* errors);

// A list of addresses and prefixes; `none` is what is wrong with an empty one.
[[nodiscard]] std::vector<Ip6Prefix> ReadClients(TableReader& reader, const char* key, const char* none);

}  // namespace rblitz
