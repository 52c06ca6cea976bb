#include "cli/policy/whitelist.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "cli/config_values.h"
#include "dataplane/dns/name.h"
#include "loaders/ip4_text.h"

namespace rblitz::policy {

namespace {

std::string Lowered(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(dns::Lower(static_cast<uint8_t>(c))); });
  return lower;
}

// What of a line counts.
std::string Bare(std::string line) {
  line.resize(std::min(line.find('#'), line.size()));
  while (!line.empty() && (IsBlank(line.back()) || line.back() == '\r')) line.pop_back();
  return std::string(SkipBlanks(line));
}

// Each line that counts goes to `add`.
template <class Add>
Status ReadLines(const std::vector<std::string>& files, const BadLine& bad_line, const Add& add) {
  for (const std::string& file : files) {
    std::ifstream in(file);
    if (!in && file.ends_with(".local")) continue;  // as postgrey has it: may be there
    if (!in) return Fail(file + ": cannot be read: " + std::strerror(errno));
    size_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const std::string bare = Bare(line);
      if (bare.empty()) continue;
      const Status added = add(bare);
      if (!added) bad_line(file + ":" + std::to_string(number) + ": " + added.error().message);
    }
    if (in.bad()) return Fail(file + ": cannot be read");
  }
  return {};
}

// Between its slashes; nothing: it is no pattern.
std::optional<std::string_view> PatternOf(std::string_view line) {
  if (line.size() < 3 || line.front() != '/' || line.back() != '/') return std::nullopt;
  return line.substr(1, line.size() - 2);
}

bool HasBlank(std::string_view text) { return std::any_of(text.begin(), text.end(), IsBlank); }

// "192.0.2" and "192.0" with the octets and the length that they leave out.
std::string Completed(const std::string& line) {
  const bool is_partial = !line.empty() && line.find_first_not_of("0123456789.") == std::string::npos;
  const auto points = std::count(line.begin(), line.end(), '.');
  if (!is_partial || line.back() == '.' || points == 0 || points > 2) return line;
  return line + (points == 1 ? ".0.0/16" : ".0/24");
}

// Letters, digits and what else names have: the rest of the grammar looks otherwise.
bool LooksLikeAddress(std::string_view line) {
  return line.find(':') != std::string_view::npos || line.find_first_not_of("0123456789./") == std::string_view::npos;
}

// The name itself and all that it is below.
bool HasSuffix(const Texts& domains, std::string_view name) {
  if (domains.empty()) return false;
  for (;;) {
    if (domains.contains(name)) return true;
    const size_t point = name.find('.');
    if (point == std::string_view::npos) return false;
    name.remove_prefix(point + 1);
  }
}

}  // namespace

bool IsIn(const Ip6Address& address, const Ip6Prefix& network) noexcept {
  const Ip6Address host = HostBits(network.length);
  return (address.high & ~host.high) == network.address.high && (address.low & ~host.low) == network.address.low;
}

Result<ClientList> ClientList::Read(const std::vector<std::string>& files, const BadLine& bad_line) {
  ClientList list;
  const Status read = ReadLines(files, bad_line, [&](const std::string& line) { return list.Add(line); });
  if (!read) return tl::unexpected(read.error());
  list.patterns_.Finish();
  list.SortNetworks();
  return list;
}

// Of two networks one holds the other, or they have nothing in common: behind one come those within it.
void ClientList::SortNetworks() {
  std::ranges::sort(networks_);
  std::vector<Ip6Prefix> widest;
  for (const Ip6Prefix& network : networks_) {
    if (widest.empty() || !IsIn(network.address, widest.back())) widest.push_back(network);
  }
  networks_ = std::move(widest);
}

Status ClientList::Add(const std::string& line) {
  if (const auto pattern = PatternOf(line)) return patterns_.Add(*pattern);
  if (HasBlank(line) || line.find('/') == 0) return Fail(Quoted(line) + " is no client");
  if (!LooksLikeAddress(line)) {
    domains_.insert(Lowered(line));
    return {};
  }
  const Result<Ip6Prefix> network = ParseClients(Completed(line), HostPart::kIgnored);
  if (!network) return tl::unexpected(network.error());
  networks_.push_back(*network);
  return {};
}

bool ClientList::HasAddress(const Ip6Address& address) const {
  const auto behind = std::ranges::upper_bound(networks_, address, {}, &Ip6Prefix::address);
  return behind != networks_.begin() && IsIn(address, *std::prev(behind));
}

bool ClientList::Has(std::string_view name, const Ip6Address& address) const {
  if (HasAddress(address)) return true;
  if (name.empty() || name == "unknown") return false;
  return HasSuffix(domains_, Lowered(name)) || patterns_.Matches(name);
}

Result<RecipientList> RecipientList::Read(const std::vector<std::string>& files, const BadLine& bad_line) {
  RecipientList list;
  const Status read = ReadLines(files, bad_line, [&](const std::string& line) { return list.Add(line); });
  if (!read) return tl::unexpected(read.error());
  list.patterns_.Finish();
  return list;
}

Status RecipientList::Add(const std::string& line) {
  if (const auto pattern = PatternOf(line)) return patterns_.Add(*pattern);
  if (HasBlank(line) || line == "@" || line[0] == '/') return Fail(Quoted(line) + " is no recipient");
  const size_t at = line.find('@');
  if (at == std::string::npos) {
    domains_.insert(Lowered(line));
  } else if (at + 1 == line.size()) {
    locals_.insert(Lowered(line.substr(0, at)));
  } else {
    addresses_.insert(Lowered(line));
  }
  return {};
}

bool RecipientList::Has(std::string_view recipient) const {
  if (addresses_.empty() && locals_.empty() && domains_.empty()) return patterns_.Matches(recipient);
  const std::string whole = Lowered(recipient);
  const std::string_view address = whole;
  const size_t at = address.rfind('@');
  const std::string_view local = address.substr(0, at);
  const std::string_view domain = at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
  const std::string_view user = local.substr(0, local.find('+', 1));
  if (locals_.contains(user) || locals_.contains(local) || HasSuffix(domains_, domain)) return true;
  if (addresses_.contains(address)) return true;
  if (user.size() != local.size() && addresses_.contains(std::string(user) + "@" + std::string(domain))) return true;
  return patterns_.Matches(recipient);
}

}  // namespace rblitz::policy
