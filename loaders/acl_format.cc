// rbldnsd's acl, prefixes of clients of both families, and aclkey of its fork at rspamd, labels that clients put into
// their questions; and what becomes of those questions: a keyword behind `:` or `=`, or a value that everything is
// answered with.
#include <algorithm>

#include "loaders/formats.h"
#include "loaders/ip4_text.h"
#include "loaders/rbldnsd_line.h"
#include "tables/acl.h"

namespace rblitz {

namespace {

// The keyword that `text` begins with, if it ends like one.
std::optional<AclAction> ReadKeyword(std::string_view text) {
  static constexpr std::pair<std::string_view, AclAction> kKeywords[] = {
      {"ignore", AclAction::kIgnore}, {"blackhole", AclAction::kIgnore}, {"refuse", AclAction::kRefuse},
      {"empty", AclAction::kEmpty},   {"pass", AclAction::kPass},        {"accept", AclAction::kPass}};
  for (const auto& [keyword, action] : kKeywords) {
    const std::string_view begin = text.substr(0, keyword.size());
    const auto same = [](char c, char lower) { return (c | 0x20) == lower; };
    if (std::ranges::equal(begin, keyword, same) && EndsKey(text.substr(keyword.size()))) return action;
  }
  return std::nullopt;
}

Result<AclDecision> ParseDecision(std::string_view text, FeedDraft* draft) {
  if (text.front() == ':' || text.front() == '=') {
    if (const std::optional<AclAction> action = ReadKeyword(text.substr(1))) return AclDecision{.action = *action};
    if (text.front() == '=') return Fail("bad keyword in " + Quoted(text));
  }
  const Result<RawValue> value = ParseValue(text, draft->default_raw());
  if (!value) return tl::unexpected(value.error());
  return AclDecision{.action = AclAction::kAnswer, .value = draft->Intern(*value)};
}

// Counts for the lines behind it that say nothing.
Status ParseDefaultDecision(std::string_view text, FeedDraft* draft) {
  const Result<AclDecision> decision = ParseDecision(text, draft);
  if (!decision) return tl::unexpected(decision.error());
  draft->SetAclDefault(*decision);
  if (decision->action == AclAction::kAnswer) draft->SetDefault(*ParseValue(text, draft->default_raw()));
  return {};
}

Result<AclDecision> ParseEntryDecision(std::string_view rest, FeedDraft* draft) {
  rest = SkipBlanks(rest);
  if (rest.empty() || rest[0] == '#' || rest[0] == ';') return draft->acl_default;
  return ParseDecision(rest, draft);
}

// As of all rbldnsd's types; what of it makes no sense here is bad.
Result<std::string_view> TakeCommon(std::string_view line, FeedDraft* draft) {
  Result<std::string_view> text = TakeRbldnsdCommon(line, draft);
  if (!draft->specials.soa && !draft->specials.ns) return text;
  draft->specials.soa.reset();
  draft->specials.ns.reset();
  return Fail("an access list has no $SOA or $NS: " + Quoted(line));
}

// A key can be anything that a client can write as a label without escapes.
bool IsOfKey(char c) { return c > ' ' && c < 0x7f && c != '.' && c != '\\' && c != '"' && c != '!'; }

}  // namespace

Status ParseAclLine(std::string_view line, FeedDraft* draft) {
  const Result<std::string_view> text = TakeCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == '=' || (text->front() == ':' && !text->starts_with("::"))) {
    return ParseDefaultDecision(*text, draft);
  }
  const Result<Ip4Key> ip4 = ParseIp4TrieKey(*text);
  const Result<Ip6Key> ip6 = ip4 ? Result<Ip6Key>(Ip6Key{}) : ParseIp6TrieKey(*text);
  // Who wrote an address of IPv4 is told what is wrong with that.
  if (!ip6) return tl::unexpected(text->find(':') == std::string_view::npos ? ip4.error() : ip6.error());
  const Result<AclDecision> decision = ParseEntryDecision(ip4 ? ip4->rest : ip6->rest, draft);
  if (!decision) return tl::unexpected(decision.error());
  if (ip4) {
    draft->AddClients(ip4->range, *decision);
  } else {
    draft->acl.Add(ip6->prefix, *decision);
  }
  return {};
}

Status ParseAclKeyLine(std::string_view line, FeedDraft* draft) {
  const Result<std::string_view> text = TakeCommon(line, draft);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return {};
  if (text->front() == '=' || text->front() == ':') return ParseDefaultDecision(*text, draft);
  size_t size = 0;
  while (!EndsKey(text->substr(size)) && (*text)[size] != '=') ++size;
  std::string key(text->substr(0, size));
  // RFC 1035 section 2.3.4.
  if (key.size() > 63 || !std::ranges::all_of(key, IsOfKey)) return Fail("bad key " + Quoted(key));
  std::ranges::transform(key, key.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const Result<AclDecision> decision = ParseEntryDecision(text->substr(size), draft);
  if (!decision) return tl::unexpected(decision.error());
  draft->keys.Add(key, *decision);
  return {};
}

}  // namespace rblitz
