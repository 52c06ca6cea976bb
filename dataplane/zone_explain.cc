// What a zone tells about itself, to people and in texts.
#include <algorithm>
#include <cstring>
#include <memory>

#include "dataplane/heat_zone.h"
#include "dataplane/zone.h"
#include "dataplane/zone_matches.h"
#include "dataplane/zone_names.h"
#include "dataplane/zone_rep.h"
#include "tables/hashed_name.h"

namespace rblitz {

namespace {

constexpr std::string_view kTestText = "RFC 5782 test entry";

}  // namespace

const std::string& Zone::name() const noexcept { return rep_->name; }
uint32_t Zone::slot() const noexcept { return rep_->slot; }
const Soa& Zone::soa() const noexcept { return rep_->soa_values; }
ZoneSerial Zone::serial() const noexcept { return rep_->serial; }
bool Zone::out() const noexcept { return rep_->out; }
bool Zone::is_part() const noexcept { return rep_->part_size != 0; }
// Its labels need no escapes (loaders/combined_format.cc): in wire form and as text with a final dot they are as long.
std::string Zone::part() const { return is_part() ? rep_->name.substr(0, rep_->part_size - size_t{1}) : ""; }
bool Zone::is_restricted() const noexcept { return rep_->access != nullptr; }
bool Zone::is_greylist() const noexcept { return rep_->grey != nullptr; }

std::vector<std::string> Zone::joined_feeds() const {
  std::vector<std::string> names;
  for (const ZoneFeed& feed : rep_->feeds) {
    if (feed.is_joined) names.push_back(feed.data->name);
  }
  return names;
}

size_t Zone::joined_bytes() const noexcept { return rep_->joined == nullptr ? 0 : rep_->joined->bytes(); }

const std::shared_ptr<const Ip4Union>& Zone::joined() const noexcept { return rep_->joined; }

bool Zone::is_heat() const noexcept { return rep_->heat != nullptr; }

Explanation Zone::Explain(const AskedName& asked) const {
  Explanation explanation;
  if (is_heat()) {
    if (asked.is_ip4) explanation.listings = rep_->heat->Explain(asked.ip4);
    if (asked.is_ip6) explanation.listings = rep_->heat->Explain(asked.ip6);
    return explanation;
  }
  // Kept: most of its room is for bursts, and to make that ready takes longer than a lookup.
  thread_local const auto matches = std::make_unique_for_overwrite<ZoneMatches>();
  matches->Clear();
  const SlackName labels(asked.labels);  // callers' may end where their memory ends
  AskedName readable = asked;
  readable.labels = labels.bytes();
  const size_t question = matches->Add(*rep_, readable);
  matches->LookUp();
  if (const ZoneFeed* feed = matches->excepted_by(question)) {
    explanation.excepted_by = feed->data->name;
    return explanation;
  }
  matches->ForEachVerdict(question, true, [&](const ZoneVerdict& at, uint32_t ttl_seconds, const Subject& subject) {
    char text[kMaxTextBytes];
    const size_t size = RenderText(at, subject, text);
    explanation.listings.push_back({.a_be = at.verdict.a_be,
                                    .text = std::string(text, size),
                                    .ttl_seconds = ttl_seconds,
                                    .feed = at.feed == nullptr ? "" : at.feed->data->name});
  });
  return explanation;
}

size_t RenderText(const ZoneVerdict& at, const Subject& subject, char* out) noexcept {
  if (at.feed == nullptr) {
    std::memcpy(out, kTestText.data(), kTestText.size());
    return kTestText.size();
  }
  const Verdicts& verdicts = at.feed->data->verdicts;
  if (!verdicts.HasPrefix(at.verdict.text)) return verdicts.Render(at.verdict.text, subject.text, out);
  SubjectText prefix;
  return verdicts.Render(at.verdict.text, subject.text, out, PrefixText(*at.feed, subject, prefix));
}

size_t AddressToText(uint32_t address, char* out) noexcept {
  char* const begin = out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const uint32_t octet = address >> shift & 255;
    if (octet >= 100) *out++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *out++ = static_cast<char>('0' + octet / 10 % 10);
    *out++ = static_cast<char>('0' + octet % 10);
    if (shift > 0) *out++ = '.';
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace rblitz
