#include "cli/config_heat.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/config_values.h"
#include "cli/config_zone.h"
#include "dataplane/heat_zone.h"
#include "loaders/feed.h"
#include "loaders/heat_palette.h"

namespace rblitz {

namespace {

constexpr double kLeastWeight = 0.01;
constexpr double kMostWeight = 100;
constexpr double kMostCount = 1e15;
constexpr uint32_t kMostMask = 256;  // pixels of a /8 in the largest map

struct Mask {
  uint32_t width = 0;
  uint32_t height = 0;
};

// "18x10".
Result<Mask> ParseMask(const std::string& text) {
  Mask mask;
  const char* const end = text.data() + text.size();
  const auto width = std::from_chars(text.data(), end, mask.width);
  const bool has_height = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
  const auto height = has_height ? std::from_chars(width.ptr + 1, end, mask.height) : width;
  const bool is_good = has_height && height.ec == std::errc() && height.ptr == end && mask.width <= kMostMask &&
                       mask.height <= kMostMask && mask.width > 0 && mask.height > 0;
  if (is_good) return mask;
  return Fail("'" + text + "' is no WIDTHxHEIGHT in pixels, at most 256x256");
}

// One of two words; absent: the first.
bool IsSecond(TableReader& reader, const char* key, std::string_view first, std::string_view second) {
  const std::string text = reader.String(key).value_or(std::string(first));
  if (text != first && text != second) {
    reader.Wrong(key, "'" + text + "' is neither " + std::string(first) + " nor " + std::string(second));
  }
  return text == second;
}

class HeatFeedReader {
 public:
  HeatFeedReader(TableReader& reader, const std::filesystem::path& folder, FeedConfig* feed)
      : reader_(reader), folder_(folder), feed_(feed) {}

  void Read() {
    for (const char* key : {"a", "txt"}) {
      if (reader_.Has(key))
        reader_.Wrong(key, "means nothing in a feed of heat: it has scores, not entries that answer");
    }
    HeatOptions& heat = feed_->heat;
    heat.weight = reader_.Number("weight", kLeastWeight, kMostWeight).value_or(heat.weight);
    const bool has_times = !IsPicture() && feed_->format != "heat-list" && feed_->format != "heat-dshield";
    if (Means("half_life", has_times)) ReadHalfLife();
    const bool has_counts = !IsPicture() && feed_->format != "heat" && feed_->format != "heat-threatfox";
    if (Means("scale", has_counts)) {
      heat.scale = IsSecond(reader_, "scale", "log", "linear") ? HeatScale::kLinear : HeatScale::kLog;
    }
    if (Means("scale_max", has_counts)) heat.scale_max = reader_.Number("scale_max", 1, kMostCount).value_or(0);
    if (Means("hits", feed_->format == "heat-list")) heat.hits = reader_.Bool("hits").value_or(false);
    if (Means("list_format", feed_->format == "heat-list")) ReadListFormat();
    if (Means("palette", IsPicture())) ReadPaletteName();
    if (Means("label_mask", IsPicture())) ReadMask();
    if (Means("tolerance", IsPicture())) {
      heat.tolerance = static_cast<uint32_t>(reader_.Integer("tolerance", 0, 441).value_or(heat.tolerance));
    }
  }

 private:
  [[nodiscard]] bool IsPicture() const { return feed_->format == "heat-png"; }

  // Whether the key is there, and to be read.
  bool Means(const char* key, bool fits) {
    if (!reader_.Has(key)) return false;
    if (!fits) reader_.Wrong(key, "means nothing in format '" + feed_->format + "'");
    return true;
  }

  void ReadHalfLife() {
    feed_->heat.half_life_seconds = reader_.Seconds("half_life").value_or(0);
    if (feed_->heat.half_life_seconds == 0) reader_.Wrong("half_life", "must be at least 1s");
  }

  void ReadListFormat() {
    std::string& format = feed_->heat.list_format;
    const std::string text = reader_.String("list_format").value_or(format);
    if (IsAddressFormat(text)) {
      format = text;
    } else {
      reader_.Wrong("list_format", "'" + text + "' is no format of lists of addresses");
    }
  }

  void ReadPaletteName() {
    const std::string name = reader_.String("palette").value_or(feed_->heat.palette);
    if (name.empty()) reader_.Wrong("palette", "is empty");
    const bool is_known = name == "luma" || FindPalette(name).has_value();
    feed_->heat.palette = is_known ? name : (folder_ / name).lexically_normal().string();
  }

  void ReadMask() {
    const Mask mask = reader_.Parsed("label_mask", ParseMask).value_or(Mask());
    feed_->heat.mask_width = mask.width;
    feed_->heat.mask_height = mask.height;
  }

  TableReader& reader_;
  const std::filesystem::path& folder_;
  FeedConfig* const feed_;
};

class HeatZoneReader {
 public:
  HeatZoneReader(const toml::table& table, const FeedIndex& feeds, Config* config, ConfigErrors* errors)
      : reader_(table, "heat", errors), feeds_(feeds), config_(config) {}

  void Read() {
    heat_.traffic = reader_.Bool("traffic").value_or(false);
    reader_.Require("zone");
    if (!heat_.traffic) reader_.Require("feeds");
    zone_.name = reader_.Parsed("zone", ParseDomainName).value_or("");
    ReadFeeds();
    ReadLevels();
    ReadLevels6();
    heat_.min_score = Score("min_score", heat_.min_score);
    heat_.round = Score("round", heat_.round);
    heat_.all = IsSecond(reader_, "answer", "first", "all");
    heat_.plain = IsSecond(reader_, "mode", "score", "plain");
    heat_.join = IsSecond(reader_, "join", "max", "sum") ? HeatJoin::kSum : HeatJoin::kMax;
    if (heat_.plain && heat_.all) reader_.Wrong("answer", "means nothing in mode plain, which has one answer");
    ReadServing(reader_, &zone_);
    reader_.Finish();
    zone_.heat = std::move(heat_);
    config_->zones.push_back(std::move(zone_));
  }

 private:
  void ReadFeeds() {
    zone_.feeds = ReadFeedNames(reader_, "feeds", feeds_);
    for (const uint32_t index : zone_.feeds) {
      const FeedConfig& feed = config_->feeds[index].feed;
      if (feed.format.empty() || IsHeatFormat(feed.format)) continue;
      reader_.Wrong("feeds", "'" + feed.name + "' is of format " + feed.format + ", which is no heat");
    }
  }

  void ReadLevels() {
    const auto levels = reader_.Integers("levels", 8, 24);
    if (!levels) return;
    heat_.levels.clear();
    for (const int64_t level : *levels) heat_.levels.push_back(static_cast<uint8_t>(level));
    const bool falls = std::ranges::adjacent_find(heat_.levels, std::less_equal<>()) == heat_.levels.end();
    if (levels->empty() || levels->size() > kMaxHeatLevels) {
      reader_.Wrong("levels", "must have 1 to " + std::to_string(kMaxHeatLevels) + " lengths");
    } else if (!falls || !std::ranges::all_of(heat_.levels, IsHeatLength)) {
      reader_.Wrong("levels", "must be even lengths from 24 to 8, the most specific first");
    }
  }

  // None: names of IPv6 addresses are answered with NXDOMAIN, but for test points.
  void ReadLevels6() {
    const auto levels = reader_.Integers("levels6", 32, 64);
    if (!levels) return;
    heat_.levels6.clear();
    for (const int64_t level : *levels) heat_.levels6.push_back(static_cast<uint8_t>(level));
    const bool falls = std::ranges::adjacent_find(heat_.levels6, std::less_equal<>()) == heat_.levels6.end();
    if (!falls || !std::ranges::all_of(heat_.levels6, IsHeat6Length)) {
      reader_.Wrong("levels6", "must be some of 64, 56, 48, 40 and 32, the most specific first");
    }
  }

  uint8_t Score(const char* key, uint8_t other) {
    return static_cast<uint8_t>(reader_.Integer(key, 1, 255).value_or(other));
  }

  TableReader reader_;
  const FeedIndex& feeds_;
  Config* const config_;
  ZoneConfig zone_;
  HeatZoneConfig heat_;
};

}  // namespace

void ReadHeatFeed(TableReader& reader, const std::filesystem::path& folder, FeedConfig* feed) {
  HeatFeedReader(reader, folder, feed).Read();
}

TrafficConfig ReadTraffic(const toml::table& table, ConfigErrors* errors) {
  TableReader reader(table, "traffic", errors);
  TrafficConfig traffic;
  for (const auto& [key, seconds] :
       {std::pair("half_life", &traffic.half_life_seconds), std::pair("publish", &traffic.publish_seconds)}) {
    *seconds = reader.Seconds(key).value_or(*seconds);
    if (*seconds == 0) reader.Wrong(key, "must be at least 1s");
  }
  traffic.scale_max = reader.Number("scale_max", 1, kMostCount).value_or(0);
  reader.Finish();
  return traffic;
}

void ReadHeatZone(const toml::table& table, const FeedIndex& feeds, Config* config, ConfigErrors* errors) {
  HeatZoneReader(table, feeds, config, errors).Read();
}

}  // namespace rblitz
