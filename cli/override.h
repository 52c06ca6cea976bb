// A local override: something that the operator lists or delists in spite of the feeds, in one zone or in all.
//
// Thread-safety: pure. Units: Unix times in seconds. Errors: messages name the text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/json.h"
#include "loaders/ip4_text.h"
#include "loaders/name_text.h"
#include "tables/digest.h"
#include "tables/ip6.h"
#include "tables/name_builder.h"
#include "tables/result.h"

namespace rblitz {

// What an override is for: an IPv4 or IPv6 address or network, or a name in one of the three forms of rbldnsd's dnset.
struct OverrideSubject {
  enum class Kind : uint8_t { kIp4, kIp6, kName };

  Kind kind = Kind::kIp4;
  std::string text;  // the one way to write it: equal texts are equal subjects
  AddressRange ip4;
  Ip6Prefix ip6;
  NameLabels name;
  NameForm form = NameForm::kExact;
  DigestReadings digests;  // what the name may mean in zones of digests, where it stands for these in every spelling
};

// "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "name", "*.name" (what is below), ".name" (both), a digest (tables/
// digest.h); of 64 hexadecimal digits in one piece, too. An IPv4-mapped address is its IPv4 address: questions about it
// come as one.
[[nodiscard]] Result<OverrideSubject> ParseOverrideSubject(const std::string& text);

// Whether it is exactly a test point of RFC 5782 section 5: those no override takes away.
[[nodiscard]] bool IsTestPoint(const OverrideSubject& subject);

enum class OverrideKind : uint8_t { kAdd, kRemove };

struct Override {
  OverrideKind kind = OverrideKind::kAdd;
  OverrideSubject subject;
  std::string zone;   // empty: every zone
  uint32_t a_be = 0;  // of kAdd; 0: what the zone usually answers
  std::string why;    // of kAdd also its TXT; empty: none
  std::string by;     // the user who gave it
  int64_t since = 0;
  int64_t until = 0;  // 0: for ever
};

// An override takes the place of the one for the same subject and zone.
[[nodiscard]] inline bool SamePlace(const Override& a, const Override& b) {
  return a.subject.text == b.subject.text && a.zone == b.zone;
}

// As the state and `rblitz list show --json` have it.
[[nodiscard]] Json OverrideJson(const Override& override);
[[nodiscard]] Result<Override> OverrideFromJson(const Json& json);

}  // namespace rblitz
