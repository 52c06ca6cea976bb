// postgrey's lists of clients and recipients that never wait. A line is, '#' begins a comment:
//
//   clients      example.com (and all below it), 192.0.2.7, 192.0.2.0/24 (192.0.2.7/24 is the same), 192.0.2 (a /24),
//                192.0 (a /16), 2001:db8::/32, /^mx\d+\.example\.com$/
//   recipients   bob@example.com (bob+anything too), postmaster@ (of all domains), example.com (and all below it),
//                /^list-.*@/
//
// Patterns see the client's verified name, or the recipient's address, without regard to case. Names count only where
// the mail server has verified them, which is what client_name is.
//
// Thread-safety: const after Read. Errors: a file that cannot be read, unless its name ends in .local; a line that
// means nothing is told to `bad_line` as "file:line: why" and passed over. Cost: a name's labels are looked up, all
// patterns are one pass, networks are sorted.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cli/policy/patterns.h"
#include "tables/ip6.h"
#include "tables/result.h"

namespace rblitz::policy {

using BadLine = std::function<void(const std::string& message)>;

// Of names and addresses, looked up without a copy.
struct TextHash : std::hash<std::string_view> {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
};
using Texts = std::unordered_set<std::string, TextHash, std::equal_to<>>;

class ClientList {
 public:
  [[nodiscard]] static Result<ClientList> Read(const std::vector<std::string>& files, const BadLine& bad_line);

  // `address`: an IPv4 one as RFC 4291 section 2.5.5.2 maps it. `name`: empty or "unknown" where there is none.
  [[nodiscard]] bool Has(std::string_view name, const Ip6Address& address) const;

 private:
  [[nodiscard]] Status Add(const std::string& line);
  [[nodiscard]] bool HasAddress(const Ip6Address& address) const;
  void SortNetworks();

  Texts domains_;                    // in lower case
  std::vector<Ip6Prefix> networks_;  // none within another, in order
  Patterns patterns_;
};

class RecipientList {
 public:
  [[nodiscard]] static Result<RecipientList> Read(const std::vector<std::string>& files, const BadLine& bad_line);

  [[nodiscard]] bool Has(std::string_view recipient) const;

 private:
  [[nodiscard]] Status Add(const std::string& line);

  Texts addresses_;  // these three in lower case
  Texts locals_;
  Texts domains_;
  Patterns patterns_;
};

// Whether an address is of a network.
[[nodiscard]] bool IsIn(const Ip6Address& address, const Ip6Prefix& network) noexcept;

}  // namespace rblitz::policy
