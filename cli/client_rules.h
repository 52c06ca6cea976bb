// Makes the rules for clients out of a configuration: reads the file of cookie secrets, draws one where there is none.
//
// Thread-safety: Load on one thread at a time. Errors: "file:line: what", without a word of the secret.
#pragma once

#include <memory>
#include <optional>

#include "cli/config.h"
#include "dataplane/client_rules.h"
#include "tables/result.h"

namespace rblitz {

class ClientRulesLoader {
 public:
  // Null: there are none. A secret that was drawn stays the same over reloads.
  [[nodiscard]] Result<std::shared_ptr<const ClientRules>> Load(const Config& config);

 private:
  [[nodiscard]] Result<std::vector<dns::SipKey>> Secrets(const CookieConfig& config);
  std::optional<dns::SipKey> drawn_;
};

// The file's secrets: 32 hexadecimal digits a line, empty lines and those that begin with # apart.
[[nodiscard]] Result<std::vector<dns::SipKey>> ReadSecrets(const std::string& file);

}  // namespace rblitz
