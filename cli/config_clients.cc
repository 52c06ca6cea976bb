#include "cli/config_clients.h"

#include <string>

#include "cli/config_values.h"

namespace rblitz {

CookieConfig ReadCookies(const toml::table& table, const std::filesystem::path& folder, ConfigErrors* errors) {
  TableReader reader(table, "cookies", errors);
  CookieConfig cookies;
  reader.Require("enabled");
  cookies.enabled = reader.Bool("enabled").value_or(false);
  if (const auto file = reader.String("secret_file")) {
    if (file->empty()) reader.Wrong("secret_file", "is empty");
    cookies.secret_file = (folder / *file).lexically_normal();
  }
  cookies.require = reader.Bool("require").value_or(false);
  reader.Finish();
  return cookies;
}

RateLimitConfig ReadRateLimit(const toml::table& table, ConfigErrors* errors) {
  TableReader reader(table, "rate_limit", errors);
  RateLimitConfig limit;
  reader.Require("responses_per_second");
  limit.responses_per_second = static_cast<uint32_t>(reader.Integer("responses_per_second", 0, 1000000).value_or(0));
  limit.prefix_v4 = static_cast<uint8_t>(reader.Integer("prefix_v4", 1, 32).value_or(limit.prefix_v4));
  limit.prefix_v6 = static_cast<uint8_t>(reader.Integer("prefix_v6", 1, 64).value_or(limit.prefix_v6));
  limit.slip = static_cast<uint32_t>(reader.Integer("slip", 0, 100).value_or(limit.slip));
  limit.log_only = reader.Bool("log_only").value_or(false);
  limit.exempt = ReadClients(reader, "exempt", nullptr);
  reader.Finish();
  return limit;
}

std::vector<Ip6Prefix> ReadClients(TableReader& reader, const char* key, const char* none) {
  std::vector<Ip6Prefix> all;
  const auto texts = reader.Strings(key);
  if (texts && texts->empty() && none != nullptr) reader.Wrong(key, none);
  for (const std::string& text : texts.value_or(std::vector<std::string>())) {
    const auto clients = ParseClients(text);
    if (!clients) {
      reader.Wrong(key, clients.error().message);
    } else {
      all.push_back(*clients);
    }
  }
  return all;
}

}  // namespace rblitz
