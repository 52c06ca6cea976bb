#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "cli/berkeley_files.h"
#include "cli/config_values.h"
#include "cli/foreign_greylists.h"

namespace rblitz {

namespace {

constexpr const char* kTriplets = "postgrey.db";
constexpr const char* kClients = "postgrey_clients.db";
constexpr size_t kSha1Digits = 40;
constexpr unsigned kMappedBits = 96;

// A key is hashed by --privacy, so that nothing is known of it.
bool IsHashed(std::string_view key) {
  return key.size() == kSha1Digits && key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The decimal number that stands before `separator` or the end, which is taken off.
std::optional<int64_t> TakeNumber(std::string_view& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool ends = end == text.data() + text.size();
  if (error != std::errc() || (!ends && *end != ',')) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + (ends ? 0 : 1));
  return number;
}

struct Mail {
  std::string_view clients;
  std::string_view sender;
  std::string_view recipient;
};

// clients/sender/recipient, of which sender and recipient may have a '/', before their '@' alone. Nothing: that can be
// read in no way, or in several.
std::optional<Mail> MailOf(std::string_view key) {
  size_t first = key.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  // With --lookup-by-host a length stands behind the address.
  const std::string_view length = key.find(':') < first ? "/128/" : "/32/";
  if (key.substr(first).starts_with(length)) first += length.size() - 1;
  const std::string_view rest = key.substr(first + 1);
  std::optional<Mail> found;
  for (size_t at = rest.find('/'); at != std::string_view::npos; at = rest.find('/', at + 1)) {
    const std::string_view sender = rest.substr(0, at);
    const std::string_view recipient = rest.substr(at + 1);
    const bool is_only = std::count(rest.begin(), rest.end(), '/') == 1;
    const bool fits =
        sender.empty() || sender.find('/', std::min(sender.rfind('@'), sender.size())) == std::string_view::npos;
    const bool is_address = sender.empty() || sender.find('@') != std::string_view::npos;
    if (!is_only && (!fits || !is_address || recipient.find('@') == std::string_view::npos)) continue;
    if (found) return std::nullopt;
    found = Mail{.clients = key.substr(0, first), .sender = sender, .recipient = recipient};
  }
  return found;
}

// How wide the networks of one family are (--ipv4cidr, --ipv6cidr), which postgrey does not keep: as usual, unless one
// of them has more bits (--lookup-by-host keeps whole addresses), or none of several has as many as usual networks
// have.
class Width {
 public:
  // Bits of IPv6: of a few large networks, as usual, of whole addresses.
  Width(unsigned large, unsigned usual) : large_(large), usual_(usual) {}

  void See(const Ip6Address& network) {
    most_ = std::max(most_, 128 - Zeros(network));
    if (seen_.size() < kSeveral) seen_.insert({network.high, network.low});
  }

  [[nodiscard]] unsigned Bits() const {
    if (most_ > usual_) return 128;
    return most_ <= large_ && seen_.size() == kSeveral ? large_ : usual_;
  }

 private:
  // That all of them have zeros where most networks have not is no chance then.
  static constexpr size_t kSeveral = 4;

  static unsigned Zeros(const Ip6Address& a) {
    return static_cast<unsigned>(a.low != 0 ? std::countr_zero(a.low) : 64 + std::countr_zero(a.high));
  }

  unsigned large_;
  unsigned usual_;
  unsigned most_ = 0;
  std::set<std::pair<uint64_t, uint64_t>> seen_;
};

class Widths {
 public:
  void See(std::string_view clients) {
    const Result<Ip6Prefix> parsed = ParseClients(std::string(clients));
    if (parsed) (IsV4Mapped(parsed->address) ? ip4_ : ip6_).See(parsed->address);
  }

  [[nodiscard]] std::string Network(std::string_view clients) const {
    std::string text(clients);
    if (text.find('/') != std::string::npos) return text;
    const bool is_ip6 = text.find(':') != std::string::npos;
    const unsigned bits = (is_ip6 ? ip6_ : ip4_).Bits();
    return bits == 128 ? text : text + "/" + std::to_string(is_ip6 ? bits : bits - kMappedBits);
  }

 private:
  Width ip4_{kMappedBits + 16, kMappedBits + 24};
  Width ip6_{48, 64};
};

void AddTriplet(std::string_view key, std::string_view value, const Widths& widths, ForeignRows* rows) {
  const std::optional<Mail> mail = MailOf(key);
  const auto first = TakeNumber(value);
  const auto last = first ? TakeNumber(value) : first;
  if (IsHashed(key)) return rows->Skip("keys that are hashed (--privacy)");
  if (!mail) return rows->Skip("keys that can be read in several ways or none");
  if (!last) return rows->Skip("times that are none");
  const bool passed = *last - *first >= int64_t{rows->settings().rules.delay_seconds};
  rows->AddTriplet(widths.Network(mail->clients), std::string(mail->sender), std::string(mail->recipient),
                   {.first = *first, .last = std::max(*first, *last)}, passed);
}

void AddClient(std::string_view key, std::string_view value, ForeignRows* rows) {
  const auto count = TakeNumber(value);
  const auto last = count ? TakeNumber(value) : count;
  if (IsHashed(key)) return rows->Skip("keys that are hashed (--privacy)");
  if (!last || *count < 0) return rows->Skip("times that are none");
  rows->AddClient(std::string(key), static_cast<uint64_t>(*count), *last);
}

}  // namespace

Status ReadPostgrey(const std::string& folder, ForeignRows* rows) {
  const Result<BerkeleyFiles> files = BerkeleyFiles::Copy(folder);
  if (!files) return tl::unexpected(files.error());
  if (!files->Has(kTriplets)) return Fail(folder + ": there is no " + kTriplets + " in it");
  Widths widths;
  Status walked = files->Walk(kTriplets, [&](std::string_view key, std::string_view) {
    widths.See(key.substr(0, key.find('/')));
    return Status();
  });
  if (!walked) return walked;
  walked = files->Walk(kTriplets, [&](std::string_view key, std::string_view value) {
    AddTriplet(key, value, widths, rows);
    return Status();
  });
  if (!walked || !files->Has(kClients)) return walked;
  return files->Walk(kClients, [&](std::string_view key, std::string_view value) {
    AddClient(key, value, rows);
    return Status();
  });
}

}  // namespace rblitz
