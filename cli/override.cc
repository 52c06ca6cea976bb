#include "cli/override.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <type_traits>

#include "cli/config_values.h"
#include "cli/looked_up.h"
#include "loaders/ip6_text.h"
#include "loaders/line_reader.h"

namespace rblitz {

namespace {

// Longer reasons are cut: that is as much as a TXT can show.
constexpr size_t kMaxWhy = 254;

// At a character's begin (RFC 3629 section 3), so that what is left is text still.
std::string CutWhy(std::string why) {
  if (why.size() <= kMaxWhy) return why;
  size_t size = kMaxWhy;
  while (size > 0 && (static_cast<uint8_t>(why[size]) & 0xc0) == 0x80) --size;
  why.resize(size);
  return why;
}

// Letters, digits, '-' and '_' only, as NameFromList makes them.
std::string NameText(const NameLabels& name, NameForm form) {
  std::string text = form == NameForm::kBelow ? "*" : "";
  for (size_t at = 0; at < name.size; at += size_t{name.bytes[at]} + 1) {
    if (at > 0 || form != NameForm::kExact) text += '.';
    text.append(reinterpret_cast<const char*>(&name.bytes[at + 1]), name.bytes[at]);
  }
  return text;
}

// Behind the slash; without one `bits`. A list that means everybody is a mistake.
Result<unsigned> ParseLength(std::string_view text, unsigned bits) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bits;
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() || length > bits) {
    return Fail("bad network " + Quoted(text));
  }
  if (length == 0) return Fail(Quoted(text) + " is the whole address space");
  return length;
}

OverrideSubject Ip4Subject(AddressRange range) {
  return {.kind = OverrideSubject::Kind::kIp4,
          .text = range.first == range.last ? AddressText(range.first) : RangeText(range),
          .ip4 = range,
          .ip6 = {},
          .name = {},
          .form = NameForm::kExact,
          .digests = {}};
}

Result<OverrideSubject> ParseIp4(const std::string& text, uint32_t address) {
  const Result<unsigned> length = ParseLength(text, 32);
  if (!length) return tl::unexpected<Error>(length.error());
  const auto range = PrefixRange(address, *length);
  if (!range) return Fail("bits after the prefix are set in " + Quoted(text));
  return Ip4Subject(*range);
}

Result<OverrideSubject> ParseIp6(const std::string& text) {
  const auto address = ReadIp6Address(std::string_view(text).substr(0, text.find('/')));
  if (!address) return Fail("bad address " + Quoted(text));
  const Result<unsigned> length = ParseLength(text, 128);
  if (!length) return tl::unexpected<Error>(length.error());
  const auto prefix = MakeIp6Prefix(*address, *length);
  if (!prefix) return Fail("bits after the prefix are set in " + Quoted(text));
  if (IsV4Mapped(*address) && *length > 96) {
    const auto first = static_cast<uint32_t>(address->low);
    return Ip4Subject({first, first | static_cast<uint32_t>(HostBits(*length).low)});
  }
  OverrideSubject subject;
  subject.kind = OverrideSubject::Kind::kIp6;
  subject.text = Ip6Text(*prefix);
  subject.ip6 = *prefix;
  return subject;
}

Result<OverrideSubject> ParseName(const std::string& given) {
  const std::string text = WithSplitDigest(given);
  OverrideSubject subject;
  subject.kind = OverrideSubject::Kind::kName;
  subject.form = text.starts_with("*.") ? NameForm::kBelow : text.starts_with('.') ? NameForm::kBoth : NameForm::kExact;
  const size_t skipped = subject.form == NameForm::kBelow ? 2 : subject.form == NameForm::kBoth ? 1 : 0;
  const Result<NameLabels> name = NameFromList(std::string_view(text).substr(skipped));
  if (!name) return tl::unexpected<Error>(name.error());
  subject.name = *name;
  if (subject.form == NameForm::kExact) subject.digests = DigestsFromLabels(name->span());
  subject.text = NameText(subject.name, subject.form);
  return subject;
}

// What the object says under `key`, if it is of this type.
template <class T>
std::optional<T> Value(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return std::nullopt;
  } else if (!found->is_number_integer()) {
    return std::nullopt;
  }
  return found->get<T>();
}

}  // namespace

Result<OverrideSubject> ParseOverrideSubject(const std::string& text) {
  if (text.find(':') != std::string::npos) return ParseIp6(text);
  const std::string readable = text + std::string(kBlockSlack, '\0');
  std::string_view rest = std::string_view(readable).substr(0, text.size());
  const auto octets = TakeOctets(rest, LeadingZeros::kRefused);
  const bool is_ip4 = octets && octets->count == 4 && (rest.empty() || rest.front() == '/');
  if (is_ip4) return ParseIp4(text, octets->address);
  if (text.find('/') != std::string::npos) return Fail("bad network " + Quoted(text));
  return ParseName(text);
}

bool IsTestPoint(const OverrideSubject& subject) {
  return subject.text == "127.0.0.1" || subject.text == "127.0.0.2" || subject.text == "test" ||
         subject.text == "invalid";
}

Json OverrideJson(const Override& override) {
  Json json = {{"kind", override.kind == OverrideKind::kAdd ? "add" : "remove"},
               {"what", override.subject.text},
               {"zone", override.zone.empty() ? Json() : Json(override.zone)},
               {"a", override.a_be == 0 ? Json() : Json(AText(override.a_be))},
               {"why", override.why},
               {"by", override.by},
               {"since", override.since},
               {"until", override.until == 0 ? Json() : Json(override.until)}};
  return json;
}

Result<Override> OverrideFromJson(const Json& json) {
  if (!json.is_object()) return Fail("is no override");
  const auto kind = Value<std::string>(json, "kind").value_or("");
  if (kind != "add" && kind != "remove") return Fail("kind is neither add nor remove");
  Result<OverrideSubject> subject = ParseOverrideSubject(Value<std::string>(json, "what").value_or(""));
  if (!subject) return Fail("what: " + subject.error().message);
  Override override{.kind = kind == "add" ? OverrideKind::kAdd : OverrideKind::kRemove,
                    .subject = *std::move(subject),
                    .zone = Value<std::string>(json, "zone").value_or(""),
                    .a_be = 0,
                    .why = CutWhy(Value<std::string>(json, "why").value_or("")),
                    .by = Value<std::string>(json, "by").value_or(""),
                    .since = Value<int64_t>(json, "since").value_or(0),
                    .until = Value<int64_t>(json, "until").value_or(0)};
  if (const auto a = Value<std::string>(json, "a")) {
    const Result<uint32_t> a_be = ParseAValue(*a);
    if (!a_be) return Fail("a: " + a_be.error().message);
    override.a_be = *a_be;
  }
  return override;
}

}  // namespace rblitz
