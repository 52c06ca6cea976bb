// The configuration of rblitzd: one TOML file (rblitz.toml(5)), read and checked as a whole.
//
// Thread-safety: pure but for reading the file. Units: times in seconds.
// Errors: every mistake of the file is reported, not only the first: the Error's message has one a line, in the order
// of the file, as "file:line: key: what". Unknown keys are mistakes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/activation.h"
#include "dataplane/grey_question.h"
#include "dataplane/io/dpdk_io.h"
#include "dataplane/io/listen_address.h"
#include "dataplane/io/tcp_io.h"
#include "dataplane/zone.h"
#include "loaders/feed.h"
#include "tables/result.h"

namespace rblitz {

enum class IoKind : uint8_t { kKernel, kDpdk };

struct ServerConfig {
  IoKind io = IoKind::kKernel;
  std::vector<std::string> listen;        // as written
  std::vector<io::SocketConfig> sockets;  // the same, parsed
  std::vector<PassedSocket> passed;       // by the service manager, whatever the file says
  io::TcpConfig tcp;                      // its limits; `sockets` and `passed` say where it listens
  std::string state = "/var/lib/rblitz";
  std::string control = "/run/rblitz/control.sock";
  std::string user;  // empty: stay who started it
  Identity identity;
};

struct ConfiguredFeed {
  FeedConfig feed;
  uint32_t check_seconds = 60;  // 0: only on reload
  std::string place;            // "file:line: feed.path", for what is wrong with its files
};

struct CookieConfig {
  bool enabled = false;
  std::string secret_file;  // empty: a secret drawn at the start
  bool require = false;
};

struct RateLimitConfig {
  uint32_t responses_per_second = 0;  // 0: no limit
  uint8_t prefix_v4 = 24;
  uint8_t prefix_v6 = 56;
  uint32_t slip = 2;
  bool log_only = false;
  std::vector<Ip6Prefix> exempt;  // those of IPv4 mapped
};

// How questions become heat.
struct TrafficConfig {
  uint32_t half_life_seconds = 86400;
  double scale_max = 0;  // questions that get 255; 0: as many as a very busy /24 has asked
  uint32_t publish_seconds = 30;
};

struct GreylistConfig {
  ZoneConfig zone;                       // its feeds are clients that pass
  std::vector<uint32_t> block = {};      // indices into `feeds`
  std::vector<uint32_t> opted_out = {};  // the same
  std::string key_file;                  // not read by the server
  std::string store;                     // a folder; empty: memory alone
  TripletRules rules;
  GreyMasks masks;
  uint64_t max_triplets = 10000000;
  uint32_t journal_interval_ms = 200;
  bool observe = false;
};

struct Config {
  std::string file;
  ServerConfig server;
  io::DpdkConfig dpdk;  // without ports unless server.io says dpdk
  std::vector<ConfiguredFeed> feeds;
  std::vector<ZoneConfig> zones;  // their feeds are indices into `feeds`
  std::vector<GreylistConfig> greylists;
  CookieConfig cookies;
  RateLimitConfig rate_limit;
  TrafficConfig traffic;
  std::vector<std::string> warnings;  // what may be so, and hardly is meant so: "file:line: key: what"
};

// `passed`: whether the service manager passes sockets, so that the file need not name any.
[[nodiscard]] Result<Config> LoadConfig(const std::string& file, bool passed = false);

// `file` names the text in errors; relative paths in it start at the file's folder.
[[nodiscard]] Result<Config> ParseConfig(std::string_view text, const std::string& file, bool passed = false);

// Fails when a file of a feed cannot be read. Not part of ParseConfig: a server starts without a feed whose file is
// missing.
[[nodiscard]] Status CheckFeedFiles(const ConfiguredFeed& feed);

// By the name of its zone; null: there is none.
[[nodiscard]] const GreylistConfig* FindGreylist(const Config& config, std::string_view zone);

// What a running server cannot change: keys of [server] and [dpdk] whose values differ, and those of greylists.
[[nodiscard]] std::vector<std::string> NeedsRestart(const Config& running, const Config& next);
// Leaves them in `next` as they are in `running`.
void KeepUntilRestart(const Config& running, Config* next);

}  // namespace rblitz
