// The texts in which postgrey and greylistd keep what they know, apart from files.
//
// Thread-safety: one thread. Lifetime: the rows outlive it. Errors: texts of any kind are safe; what cannot be read is
// counted in the rows, or ends greylistd's file with its name and line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cli/foreign_rows.h"
#include "tables/ip6.h"
#include "tables/result.h"

namespace rblitz {

// How wide the networks of one family are (--ipv4cidr, --ipv6cidr), which postgrey does not keep: as usual, unless one
// of them has more bits (--lookup-by-host keeps whole addresses), or none of several has as many as usual networks
// have.
class PostgreyWidth {
 public:
  // Bits of IPv6.
  PostgreyWidth(unsigned large, unsigned usual) : large_(large), usual_(usual) {}

  void See(const Ip6Address& network);
  [[nodiscard]] unsigned Bits() const;

 private:
  // That all of them have zeros where most networks have not is no chance then.
  static constexpr size_t kSeveral = 4;

  unsigned large_;
  unsigned usual_;
  unsigned most_ = 0;
  std::set<std::pair<uint64_t, uint64_t>> seen_;
};

// Rows of postgrey.db ("clients/sender/recipient": "first,last") and postgrey_clients.db ("client": "count,last").
class PostgreyRows {
 public:
  explicit PostgreyRows(ForeignRows* rows) : rows_(rows) {}

  // All keys of triplets before the first triplet is added.
  void See(std::string_view key);
  void AddTriplet(std::string_view key, std::string_view value);
  void AddClient(std::string_view key, std::string_view value);

 private:
  [[nodiscard]] std::string Network(std::string_view clients) const;

  ForeignRows* rows_;
  PostgreyWidth ip4_{96 + 16, 96 + 24};
  PostgreyWidth ip6_{48, 64};
};

// `states` and `triplets` of greylistd; `file` is the name of the first.
[[nodiscard]] Status ReadGreylistdTexts(std::istream* states, const std::string& file, std::istream* triplets,
                                        ForeignRows* rows);

}  // namespace rblitz
