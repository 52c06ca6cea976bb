#include "cli/heat/listed.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "cli/ask.h"
#include "cli/feed_sources.h"
#include "cli/heat/pieces.h"
#include "cli/json.h"
#include "cli/override.h"
#include "loaders/feed_entries.h"
#include "loaders/ip4_text.h"
#include "loaders/ip6_text.h"

namespace rblitz {

namespace {

Ip6Range RangeOf(const Ip6Prefix& prefix) {
  const Ip6Address hosts = HostBits(prefix.length);
  return {prefix.address, {.high = prefix.address.high | hosts.high, .low = prefix.address.low | hosts.low}};
}

std::string TextOf(const AddressRange& range) {
  return range.first == range.last ? AddressText(range.first) : RangeText(range);
}
// Not every range of IPv6 is a prefix.
std::string TextOf(const Ip6Range& range) {
  for (unsigned length = 0; length <= 128; ++length) {
    const std::optional<Ip6Prefix> prefix = MakeIp6Prefix(range.first, length);
    if (prefix && RangeOf(*prefix) == range) return Ip6Text(*prefix);
  }
  return Ip6Text({.address = range.first}) + "-" + Ip6Text({.address = range.last});
}
std::string TextOf(uint32_t address) { return AddressText(address); }
std::string TextOf(const Ip6Address& address) { return Ip6Text({.address = address}); }

std::optional<AddressRange> RangeOf4(const OwnNetwork& own) {
  if (!own.ip4) return std::nullopt;
  return PrefixRange(own.ip4->prefix, own.ip4->length);
}
std::optional<Ip6Range> RangeOf6(const OwnNetwork& own) {
  if (!own.ip6) return std::nullopt;
  return RangeOf(*own.ip6);
}

template <class Range, class RangeOfOwn>
std::vector<Range> RangesOf(const std::vector<OwnHeat>& report, const RangeOfOwn& range_of) {
  std::vector<Range> ranges;
  for (const OwnHeat& own : report) {
    if (const auto range = range_of(own.own)) ranges.push_back(*range);
  }
  return ranges;
}

class Watcher final : public EntryWatcher {
 public:
  explicit Watcher(const std::vector<OwnHeat>& report)
      : ip4(RangesOf<AddressRange>(report, RangeOf4)), ip6(RangesOf<Ip6Range>(report, RangeOf6)) {}

  bool AtLine(const std::string& /*path*/, uint64_t /*line*/) override { return true; }
  void Saw(AddressRange range, WatchedValue /*value*/) override { ip4.Add(range); }
  void Saw(const Ip6Prefix& prefix, WatchedValue /*value*/) override { ip6.Add(RangeOf(prefix)); }
  void Saw(std::span<const uint8_t> /*name*/, NameForm /*form*/, WatchedValue /*value*/) override {}
  void Saw(const Digest& /*digest*/, WatchedValue /*value*/) override {}

  Pieces<AddressRange> ip4;
  Pieces<Ip6Range> ip6;
};

class Asker {
 public:
  Asker(std::string control, size_t most, std::vector<OwnHeat>* report, std::vector<std::string>* notes)
      : control_(std::move(control)), most_(most), report_(report), notes_(notes), watcher_(*report) {}

  [[nodiscard]] Status Tell() {
    const Result<Json> status = Ask(control_, {{"command", "status"}});
    if (!status) return tl::unexpected(status.error());
    for (const Json& zone : status->at("zones")) ReadZone(zone.at("name").get<std::string>());
    for (OwnHeat& own : *report_) own.listed.emplace();
    if (Status asked = AskPieces(watcher_.ip4.Cut(), RangeOf4); !asked) return asked;
    if (Status asked = AskPieces(watcher_.ip6.Cut(), RangeOf6); !asked) return asked;
    if (left_ > 0) {
      notes_->push_back("lists cut own networks into " + std::to_string(left_ + kMostAsked) + " pieces: no more than " +
                        std::to_string(kMostAsked) + " were looked up, and more may be listed");
    }
    return {};
  }

 private:
  // Zones of heat have scores and no entries: the server says so.
  void ReadZone(const std::string& zone) {
    const Result<Json> plan = Ask(control_, {{"command", "dump"}, {"zone", zone}});
    if (!plan) return;
    zones_.insert(zone);
    for (const Json& source : plan->at("sources")) {
      if (!source.at("out").get<bool>()) ReadFeed(FeedSourcesFromJson(source));
    }
    for (const Json& json : plan->at("overrides")) {
      const Result<Override> override = OverrideFromJson(json);
      if (!override) continue;
      const OverrideSubject& subject = override->subject;
      if (subject.kind == OverrideSubject::Kind::kIp4) watcher_.ip4.Add(subject.ip4);
      if (subject.kind == OverrideSubject::Kind::kIp6) watcher_.ip6.Add(RangeOf(subject.ip6));
    }
  }
  void ReadFeed(const FeedSources& feed) {
    if (!feeds_.insert(feed.config.name).second) return;
    Result<OpenedFeed> opened = OpenServed(feed);
    if (opened && !opened->current) {
      notes_->push_back("feed " + feed.config.name + " has changed since it was loaded: rblitz reload loads it");
    }
    const Status shown = opened ? ShowEntries(feed.config, std::move(opened->sources), &watcher_)
                                : Status(tl::unexpected<Error>(opened.error()));
    if (!shown) notes_->push_back("feed " + feed.config.name + ": " + shown.error().message);
  }

  template <class Range, class RangeOfOwn>
  [[nodiscard]] Status AskPieces(const std::vector<Range>& pieces, const RangeOfOwn& range_of) {
    for (const Range& piece : pieces) {
      if (asked_ == kMostAsked) {
        ++left_;
        continue;
      }
      ++asked_;
      const Result<Json> answer = Ask(control_, {{"command", "lookup"}, {"what", TextOf(piece.first)}});
      if (!answer) return tl::unexpected(answer.error());
      for (const Json& zone : answer->at("zones")) {
        if (!zone.at("listed").get<bool>() || !zones_.contains(zone.at("zone").get<std::string>())) continue;
        for (OwnHeat& own : *report_) {
          const auto range = range_of(own.own);
          if (range && range->first <= piece.first && piece.last <= range->last) AddListing(zone, piece, &own);
        }
      }
    }
    return {};
  }
  template <class Range>
  void AddListing(const Json& zone, const Range& piece, OwnHeat* own) const {
    const auto name = zone.at("zone").get<std::string>();
    auto listing = std::ranges::find(*own->listed, name, &OwnListing::zone);
    if (listing == own->listed->end()) {
      const Json& record = zone.at("records").at(0);
      own->listed->push_back(
          {.zone = name, .feed = TextAt(record, "feed"), .text = TextAt(record, "txt"), .first = {}});
      listing = own->listed->end() - 1;
    }
    listing->addresses += CountOf(piece);
    if (listing->first.size() < most_) listing->first.push_back(TextOf(piece));
  }

  const std::string control_;
  const size_t most_;
  std::vector<OwnHeat>* report_;
  std::vector<std::string>* notes_;
  Watcher watcher_;
  std::set<std::string> zones_;  // of lists
  std::set<std::string> feeds_;  // read
  size_t asked_ = 0;
  size_t left_ = 0;
};

}  // namespace

Status TellListed(const std::string& control, size_t most, std::vector<OwnHeat>* report,
                  std::vector<std::string>* notes) {
  try {
    return Asker(control, most, report, notes).Tell();
  } catch (const Json::exception& error) {
    return Fail(control + ": the server's answer is not understood: " + error.what());
  }
}

}  // namespace rblitz
