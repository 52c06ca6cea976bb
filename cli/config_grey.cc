#include "cli/config_grey.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cli/config_clients.h"
#include "cli/config_values.h"
#include "loaders/feed.h"

namespace rblitz {

namespace {

constexpr uint32_t kShortDelay = 60;  // nearly everybody comes back later: for tests alone
constexpr int64_t kFewestTriplets = 1000;
constexpr int64_t kMostTriplets = 1000000000;
constexpr uint32_t kMostLifetime = 366 * 24 * 3600;

// Loopback, as who asks for mail on the same machine does.
std::vector<Ip6Prefix> Loopback() { return {*ParseClients("127.0.0.0/8"), *ParseClients("::1")}; }

class GreylistReader {
 public:
  GreylistReader(const toml::table& table, const std::filesystem::path& folder, const FeedIndex& feeds, Config* config,
                 ConfigErrors* errors)
      : reader_(table, "greylist", errors), folder_(folder), feeds_(feeds), config_(config) {}

  void Read() {
    for (const char* key : {"zone", "key_file", "store"}) reader_.Require(key);
    ReadZone();
    ReadTimes();
    ReadLimits();
    ReadFiles();
    greylist_.zone.feeds = Lists("pass_feeds", IsAddressFormat, "addresses");
    greylist_.block = Lists("block_feeds", IsAddressFormat, "addresses");
    greylist_.opted_out = Lists("optout_feeds", IsDigestFormat, "digests");
    greylist_.observe = reader_.Bool("observe").value_or(false);
    reader_.Finish();
    config_->greylists.push_back(std::move(greylist_));
  }

 private:
  // Nothing of it may be kept by a resolver: TTL and minimum are 0 (RFC 2308 section 5).
  void ReadZone() {
    ZoneConfig& zone = greylist_.zone;
    zone.name = reader_.Parsed("zone", ParseDomainName).value_or("");
    zone.allow = reader_.Has("allow") ? ReadClients(reader_, "allow", "is empty: nobody could ask") : Loopback();
    zone.ttl_seconds = 0;
    Soa soa{.serial = 1};
    soa.mname = soa.rname = zone.name;
    soa.minimum_seconds = 0;
    zone.soa = soa;
  }

  void ReadTimes() {
    TripletRules& rules = greylist_.rules;
    rules.delay_seconds = reader_.Seconds("delay").value_or(rules.delay_seconds);
    rules.window_seconds = reader_.Seconds("window").value_or(rules.window_seconds);
    rules.lifetime_seconds = reader_.Seconds("lifetime").value_or(rules.lifetime_seconds);
    if (rules.delay_seconds == 0) reader_.Wrong("delay", "must be at least 1s: nothing would wait");
    if (rules.window_seconds <= rules.delay_seconds) reader_.Wrong("window", "must be longer than delay");
    if (rules.lifetime_seconds < rules.window_seconds) reader_.Wrong("lifetime", "must not be shorter than window");
    if (rules.lifetime_seconds > kMostLifetime) reader_.Wrong("lifetime", "must be at most 366d");
    if (rules.delay_seconds < kShortDelay) {
      config_->warnings.push_back(reader_.Place("delay") + ": is under a minute, which is good for tests alone");
    }
    const auto interval = reader_.Parsed("journal_interval", ParseMilliseconds);
    if (interval && (*interval < 10 || *interval > 60000)) {
      reader_.Wrong("journal_interval", "must be from 10ms to 60s");
    }
    greylist_.journal_interval_ms = interval.value_or(greylist_.journal_interval_ms);
  }

  void ReadLimits() {
    TripletRules& rules = greylist_.rules;
    GreyMasks& masks = greylist_.masks;
    const auto number = [&](const char* key, int64_t least, int64_t most, auto* value) {
      if (const auto read = reader_.Integer(key, least, most))
        *value = static_cast<std::decay_t<decltype(*value)>>(*read);
    };
    number("auto_whitelist", 0, kMaxCredits, &rules.credits);
    number("new_per_network", 1, kMaxNewRows, &rules.new_rows);
    number("mask_v4", 8, 32, &masks.ip4);
    number("mask_v6", 16, 64, &masks.ip6);
    number("max_triplets", kFewestTriplets, kMostTriplets, &greylist_.max_triplets);
  }

  void ReadFiles() {
    if (const auto key = reader_.String("key_file")) {
      if (key->empty()) reader_.Wrong("key_file", "is empty");
      greylist_.key_file = Resolve(*key);
    }
    const std::string store = reader_.String("store").value_or("");
    if (!store.empty()) greylist_.store = Resolve(store);
    const bool is_taken = std::ranges::any_of(config_->greylists, [&](const GreylistConfig& other) {
      return !store.empty() && other.store == greylist_.store;
    });
    if (is_taken) reader_.Wrong("store", "is another greylist's too");
  }

  std::vector<uint32_t> Lists(const char* key, bool (*is_good)(std::string_view), const std::string& what) {
    std::vector<uint32_t> indices = ReadFeedNames(reader_, key, feeds_);
    for (const uint32_t index : indices) {
      const FeedConfig& feed = config_->feeds[index].feed;
      if (feed.format.empty() || is_good(feed.format)) continue;
      reader_.Wrong(key, "'" + feed.name + "' is of format " + feed.format + ", not a list of " + what);
    }
    return indices;
  }

  [[nodiscard]] std::string Resolve(const std::string& path) const { return (folder_ / path).lexically_normal(); }

  TableReader reader_;
  const std::filesystem::path& folder_;
  const FeedIndex& feeds_;
  Config* config_;
  GreylistConfig greylist_;
};

}  // namespace

void ReadGreylist(const toml::table& table, const std::filesystem::path& folder, const FeedIndex& feeds, Config* config,
                  ConfigErrors* errors) {
  GreylistReader(table, folder, feeds, config, errors).Read();
}

}  // namespace rblitz
