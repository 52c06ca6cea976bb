// Lists of domains in the forms that they are published in: a name, `*.name` (what is below), `.name` (both), a URL
// (its host), Adblock's `||name^` and `@@||name^` (both; the latter excludes), dnsmasq's `address=/name/` and
// `local=/name/` (both).
#include <algorithm>
#include <vector>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/list_text.h"
#include "loaders/name_text.h"

namespace rblitz {

namespace {

Status AddName(std::string_view text, NameForm form, ValueId value, FeedDraft* draft) {
  const Result<NameLabels> name = NameFromList(text);
  if (!name) return tl::unexpected(name.error());
  draft->AddName(name->span(), form, value);
  return {};
}

// Options of a rule that leave it a rule for the whole domain. Others narrow it to some requests.
bool IsWholeDomain(std::string_view option) {
  static constexpr std::string_view kWhole[] = {"all", "doc", "document", "important", "popup", "third-party", "3p"};
  return std::ranges::find(kWhole, option) != std::end(kWhole);
}

// What follows `||`.
Status ParseAdblockRule(std::string_view rule, ValueId value, FeedDraft* draft) {
  const size_t end = std::min(rule.find('^'), rule.find('$'));
  std::string_view options = rule.substr(std::min(end, rule.size()));
  if (options.starts_with('^')) options.remove_prefix(1);
  if (!options.empty() && options.front() != '$') return Fail("rule for a part of a domain: " + Quoted(rule));
  while (!options.empty()) {
    options.remove_prefix(1);
    const std::string_view option = options.substr(0, options.find(','));
    if (!IsWholeDomain(option)) return Fail("rule for some requests only: " + Quoted(rule));
    options.remove_prefix(option.size());
  }
  return AddName(rule.substr(0, end), NameForm::kBoth, value, draft);
}

// `/name/name/target`. A target that is no sinkhole sends the names somewhere instead of blocking them.
Status ParseDnsmasq(std::string_view rule, FeedDraft* draft) {
  static constexpr std::string_view kSinks[] = {"", "#", "0.0.0.0", "127.0.0.1", "::", "::1"};
  const std::string_view target = rule.substr(rule.rfind('/') + 1);
  if (!rule.starts_with('/') || rule.size() < target.size() + 2) return Fail("bad rule " + Quoted(rule));
  if (std::ranges::find(kSinks, target) == std::end(kSinks)) return Fail("not a blocked name: " + Quoted(rule));
  std::string_view names = rule.substr(1, rule.size() - target.size() - 2);
  std::vector<NameLabels> all;
  while (true) {
    const std::string_view text = names.substr(0, names.find('/'));
    const Result<NameLabels> name = NameFromList(text);
    if (!name) return tl::unexpected(name.error());
    all.push_back(*name);
    if (text.size() == names.size()) break;
    names.remove_prefix(text.size() + 1);
  }
  for (const NameLabels& name : all) draft->AddName(name.span(), NameForm::kBoth, draft->default_value());
  return {};
}

// scheme://user@host:port/path?query#fragment
std::string_view HostOfUrl(std::string_view behind_scheme) {
  std::string_view host = behind_scheme.substr(0, behind_scheme.find_first_of("/?#"));
  host.remove_prefix(host.rfind('@') + 1);  // none: npos + 1 is 0
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

Status ParseEntry(std::string_view entry, NameForm plain, FeedDraft* draft) {
  const ValueId value = draft->default_value();
  if (entry.starts_with("||")) return ParseAdblockRule(entry.substr(2), value, draft);
  if (entry.starts_with("@@||")) return ParseAdblockRule(entry.substr(4), kNotListed, draft);
  if (entry.starts_with("address=")) return ParseDnsmasq(entry.substr(8), draft);
  if (entry.starts_with("local=")) return ParseDnsmasq(entry.substr(6), draft);
  if (entry.starts_with("*.")) return AddName(entry.substr(2), NameForm::kBelow, value, draft);
  if (entry.starts_with('.')) return AddName(entry.substr(1), NameForm::kBoth, value, draft);
  if (const size_t scheme = entry.find("://"); scheme != std::string_view::npos)
    return AddName(HostOfUrl(entry.substr(scheme + 3)), plain, value, draft);
  return AddName(entry, plain, value, draft);
}

Status ParseLine(std::string_view line, NameForm plain, FeedDraft* draft) {
  const std::string_view entry = WithoutComment(line);
  // Adblock's comments, and its headers: [Adblock Plus 2.0].
  if (entry.empty() || entry.front() == '!' || (entry.front() == '[' && !IsAddressText(entry))) return {};
  return ParseEntry(entry, plain, draft);
}

}  // namespace

Status ParseDomainsLine(std::string_view line, FeedDraft* draft) { return ParseLine(line, NameForm::kExact, draft); }
Status ParseDomainsBelowLine(std::string_view line, FeedDraft* draft) {
  return ParseLine(line, NameForm::kBoth, draft);
}

}  // namespace rblitz
