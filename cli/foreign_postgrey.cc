#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <string_view>

#include "cli/berkeley_files.h"
#include "cli/config_values.h"
#include "cli/foreign_greylists.h"
#include "cli/foreign_texts.h"

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

unsigned Zeros(const Ip6Address& a) {
  return static_cast<unsigned>(a.low != 0 ? std::countr_zero(a.low) : 64 + std::countr_zero(a.high));
}

}  // namespace

void PostgreyWidth::See(const Ip6Address& network) {
  most_ = std::max(most_, 128 - Zeros(network));
  if (seen_.size() < kSeveral) seen_.insert({network.high, network.low});
}

unsigned PostgreyWidth::Bits() const {
  if (most_ > usual_) return 128;
  return most_ <= large_ && seen_.size() == kSeveral ? large_ : usual_;
}

void PostgreyRows::See(std::string_view key) {
  const Result<Ip6Prefix> parsed = ParseClients(std::string(key.substr(0, key.find('/'))));
  if (parsed) (IsV4Mapped(parsed->address) ? ip4_ : ip6_).See(parsed->address);
}

std::string PostgreyRows::Network(std::string_view clients) const {
  std::string text(clients);
  if (text.find('/') != std::string::npos) return text;
  const bool is_ip6 = text.find(':') != std::string::npos;
  const unsigned bits = (is_ip6 ? ip6_ : ip4_).Bits();
  return bits == 128 ? text : text + "/" + std::to_string(is_ip6 ? bits : bits - kMappedBits);
}

void PostgreyRows::AddTriplet(std::string_view key, std::string_view value) {
  const std::optional<Mail> mail = MailOf(key);
  const auto first = TakeNumber(value);
  const auto last = first ? TakeNumber(value) : first;
  if (IsHashed(key)) return rows_->Skip("keys that are hashed (--privacy)");
  if (!mail) return rows_->Skip("keys that can be read in several ways or none");
  if (!last || *first < 0 || *last < 0) return rows_->Skip("times that are none");
  const bool passed = *last - *first >= int64_t{rows_->settings().rules.delay_seconds};
  rows_->AddTriplet(Network(mail->clients), std::string(mail->sender), std::string(mail->recipient),
                    {.first = *first, .last = std::max(*first, *last)}, passed);
}

void PostgreyRows::AddClient(std::string_view key, std::string_view value) {
  const auto count = TakeNumber(value);
  const auto last = count ? TakeNumber(value) : count;
  if (IsHashed(key)) return rows_->Skip("keys that are hashed (--privacy)");
  if (!last || *count < 0 || *last < 0) return rows_->Skip("times that are none");
  rows_->AddClient(std::string(key), static_cast<uint64_t>(*count), *last);
}

Status ReadPostgrey(const std::string& folder, ForeignRows* rows) {
  const Result<BerkeleyFiles> files = BerkeleyFiles::Copy(folder);
  if (!files) return tl::unexpected(files.error());
  if (!files->Has(kTriplets)) return Fail(folder + ": there is no " + kTriplets + " in it");
  PostgreyRows read(rows);
  Status walked = files->Walk(kTriplets, [&](std::string_view key, std::string_view) {
    read.See(key);
    return Status();
  });
  if (!walked) return walked;
  walked = files->Walk(kTriplets, [&](std::string_view key, std::string_view value) {
    read.AddTriplet(key, value);
    return Status();
  });
  if (!walked || !files->Has(kClients)) return walked;
  return files->Walk(kClients, [&](std::string_view key, std::string_view value) {
    read.AddClient(key, value);
    return Status();
  });
}

}  // namespace rblitz
