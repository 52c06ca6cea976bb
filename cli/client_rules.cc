#include "cli/client_rules.h"

#include <sys/random.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "tables/build_report.h"

namespace rblitz {

namespace {

constexpr size_t kMaxSecrets = 8;  // each costs a hash for a cookie that is not ours

std::optional<dns::SipKey> ParseSecret(std::string_view text) {
  dns::SipKey key{};
  if (text.size() != 2 * key.size()) return std::nullopt;
  for (size_t i = 0; i < key.size(); ++i) {
    const char* const digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, key[i], 16);
    if (error != std::errc() || end != digits + 2) return std::nullopt;
  }
  return key;
}

std::string_view Trimmed(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

LimitRules LimitOf(const RateLimitConfig& config) {
  LimitRules rules{.responses_per_second = config.responses_per_second,
                   .prefix_v4 = config.prefix_v4,
                   .prefix_v6 = config.prefix_v6,
                   .slip = config.slip,
                   .log_only = config.log_only,
                   .exempt = std::nullopt};
  if (config.exempt.empty()) return rules;
  AclBuilder builder({.action = AclAction::kRefuse});
  for (const Ip6Prefix& clients : config.exempt) builder.Add(clients, {.action = AclAction::kPass});
  BuildReport report;
  rules.exempt = builder.Build(nullptr, &report);
  return rules;
}

}  // namespace

Result<std::vector<dns::SipKey>> ReadSecrets(const std::string& file) {
  std::ifstream in(file);
  if (!in) return Fail(file + ": " + std::strerror(errno));
  std::vector<dns::SipKey> secrets;
  std::string line;
  for (size_t number = 1; std::getline(in, line); ++number) {
    const std::string_view text = Trimmed(line);
    if (text.empty() || text.front() == '#') continue;
    const auto secret = ParseSecret(text);
    if (!secret) return Fail(file + ":" + std::to_string(number) + ": a secret is 32 hexadecimal digits");
    secrets.push_back(*secret);
  }
  if (in.bad()) return Fail(file + ": cannot be read");
  if (secrets.empty()) return Fail(file + ": has no secret");
  if (secrets.size() > kMaxSecrets) return Fail(file + ": has more than " + std::to_string(kMaxSecrets) + " secrets");
  return secrets;
}

Result<std::vector<dns::SipKey>> ClientRulesLoader::Secrets(const CookieConfig& config) {
  if (!config.secret_file.empty()) {
    auto secrets = ReadSecrets(config.secret_file);
    if (!secrets) return Fail("cookies.secret_file: " + secrets.error().message);
    return secrets;
  }
  if (!drawn_) {
    dns::SipKey key{};
    if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
      return Fail(std::string("cookies: getrandom: ") + std::strerror(errno));
    }
    drawn_ = key;
  }
  return std::vector{*drawn_};
}

Result<std::shared_ptr<const ClientRules>> ClientRulesLoader::Load(const Config& config) {
  auto rules = std::make_shared<ClientRules>();
  if (config.cookies.enabled) {
    auto secrets = Secrets(config.cookies);
    if (!secrets) return tl::unexpected<Error>(secrets.error());
    rules->cookies = CookieRules{.secrets = *std::move(secrets), .require = config.cookies.require};
  }
  if (config.rate_limit.responses_per_second != 0) rules->limit = LimitOf(config.rate_limit);
  if (!rules->cookies && !rules->limit) return std::shared_ptr<const ClientRules>();
  return std::shared_ptr<const ClientRules>(std::move(rules));
}

}  // namespace rblitz
