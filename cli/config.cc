#include "cli/config.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "cli/config_clients.h"
#include "cli/config_feeds.h"
#include "cli/config_grey.h"
#include "cli/config_heat.h"
#include "cli/config_table.h"
#include "cli/config_values.h"
#include "cli/config_zone.h"
#include "cli/version.h"
#include "dataplane/io/dpdk_eal_args.h"
#include "dataplane/io/kernel_tap.h"
#include "dataplane/io/own_address.h"

namespace rblitz {

namespace {

// Reads the sections in the order of their dependence: zones name feeds.
class ConfigReader {
 public:
  ConfigReader(const std::string& file, bool passed, ConfigErrors* errors)
      : folder_(std::filesystem::path(file).parent_path()), errors_(errors), has_sockets_(passed) {
    config_.file = file;
    config_.server.identity.version = "rblitz " + std::string(kVersion);
  }

  Config Read(const toml::table& root);

 private:
  void ReadServer(const toml::table& table);
  void ReadListen(TableReader& server);
  void ReadWorkers(TableReader& server);
  void ReadTcp(TableReader& server);
  void ReadDpdk(const toml::table& table);
  void ReadEal(TableReader& dpdk);
  void ReadPort(const toml::table& table);
  // Empty: there is none.
  static io::IdleMode ReadIdle(TableReader& dpdk);
  std::string ReadKernelPort(TableReader& table);
  void ReadFeed(const toml::table& table);
  void ReadFormat(TableReader& feed, FeedConfig* config);
  void ReadCodes(TableReader& feed, FeedConfig* config);
  static FeedGuards ReadGuards(TableReader& feed);
  void ReadZone(const toml::table& table);
  void ReadZoneName(TableReader& zone, ZoneConfig* config);
  void ReadGreylistZone(const toml::table& table);
  void ReadHeat(const toml::table& table);
  // Reports a zone of this name that is there already.
  void TakeZoneName(const toml::table& table, const char* section, const std::string& name);
  void ReadZoneFeeds(TableReader& zone, ZoneConfig* config);
  void CheckIo(TableReader& root);
  // A path of the file; relative ones start at the file's folder.
  [[nodiscard]] std::string Resolve(const std::string& path) const { return (folder_ / path).lexically_normal(); }

  std::filesystem::path folder_;
  ConfigErrors* errors_;
  Config config_;
  bool has_sockets_;  // of `listen`, though what it has may be wrong, or of the service manager
  FeedIndex feed_index_;
  std::set<std::string> zone_names_;
  std::set<io::ClientAddress> port_addresses_;
  std::set<std::string> kernel_ports_;
};

Config ConfigReader::Read(const toml::table& root) {
  TableReader reader(root, "", errors_);
  // Without server.io a file that describes ports means them.
  config_.server.io = reader.Has("dpdk") ? IoKind::kDpdk : IoKind::kKernel;
  if (const toml::table* server = reader.Table("server")) ReadServer(*server);
  if (const toml::table* dpdk = reader.Table("dpdk")) ReadDpdk(*dpdk);
  for (const toml::table* feed : reader.Tables("feed")) ReadFeed(*feed);
  for (const toml::table* zone : reader.Tables("zone")) ReadZone(*zone);
  for (const toml::table* greylist : reader.Tables("greylist")) ReadGreylistZone(*greylist);
  for (const toml::table* heat : reader.Tables("heat")) ReadHeat(*heat);
  if (const toml::table* cookies = reader.Table("cookies")) config_.cookies = ReadCookies(*cookies, folder_, errors_);
  if (const toml::table* limit = reader.Table("rate_limit")) config_.rate_limit = ReadRateLimit(*limit, errors_);
  if (const toml::table* traffic = reader.Table("traffic")) config_.traffic = ReadTraffic(*traffic, errors_);
  if (!reader.Has("zone") && !reader.Has("greylist") && !reader.Has("heat")) {
    reader.Wrong("zone", "is missing: there is nothing to serve");
  }
  CheckIo(reader);
  reader.Finish();
  return std::move(config_);
}

void ConfigReader::ReadServer(const toml::table& table) {
  TableReader server(table, "server", errors_);
  const std::string io = server.String("io").value_or("");
  if (!io.empty() && io != "dpdk" && io != "kernel") server.Wrong("io", "'" + io + "' is neither dpdk nor kernel");
  if (!io.empty()) config_.server.io = io == "dpdk" ? IoKind::kDpdk : IoKind::kKernel;
  ReadListen(server);
  ReadWorkers(server);
  ReadTcp(server);
  if (const auto state = server.String("state")) config_.server.state = Resolve(*state);
  if (const auto control = server.String("control")) config_.server.control = Resolve(*control);
  if (const auto user = server.String("user")) config_.server.user = *user;
  if (server.Has("user") && config_.server.user.empty()) server.Wrong("user", "is empty");
  if (const auto version = server.String("version")) config_.server.identity.version = *version;
  if (const auto identity = server.String("identity")) config_.server.identity.id = *identity;
  server.Finish();
}

void ConfigReader::ReadListen(TableReader& server) {
  std::set<std::pair<std::string, uint16_t>> seen;
  const auto texts = server.Strings("listen");
  has_sockets_ |= server.Has("listen") && !(texts && texts->empty());
  for (const std::string& text : texts.value_or(std::vector<std::string>())) {
    const auto socket = io::ParseListen(text);
    if (!socket) {
      server.Wrong("listen", socket.error().message);
    } else if (!seen.emplace(socket->address, socket->port).second) {
      server.Wrong("listen", "'" + text + "' is there twice");
    } else {
      config_.server.listen.push_back(text);
      config_.server.sockets.push_back(*socket);
    }
  }
}

void ConfigReader::ReadWorkers(TableReader& server) {
  config_.dpdk.workers = static_cast<uint32_t>(server.Integer("workers", 1, 1024).value_or(1));
  const auto cores = server.Integers("cores", 0, 1023);
  if (!cores) return;
  config_.dpdk.cores.assign(cores->begin(), cores->end());
  if (std::set<int64_t>(cores->begin(), cores->end()).size() != cores->size()) {
    server.Wrong("cores", "names a core twice");
  } else if (cores->size() != config_.dpdk.workers) {
    server.Wrong("cores", "must name one core for each worker (" + std::to_string(config_.dpdk.workers) + ")");
  }
}

void ConfigReader::ReadTcp(TableReader& server) {
  io::TcpConfig& tcp = config_.server.tcp;
  tcp.connections = static_cast<size_t>(server.Integer("tcp_connections", 0, 65536).value_or(1000));
  const auto per_source = server.Integer("tcp_per_source", 1, 65536);
  tcp.per_source = static_cast<size_t>(per_source.value_or(100));
  const auto idle = server.Seconds("tcp_idle");
  if (idle && (*idle == 0 || *idle > 3600)) server.Wrong("tcp_idle", "must be from 1s to 1h");
  tcp.idle_ms = idle.value_or(10) * 1000;
}

void ConfigReader::ReadDpdk(const toml::table& table) {
  TableReader dpdk(table, "dpdk", errors_);
  ReadEal(dpdk);
  config_.dpdk.mbufs = static_cast<uint32_t>(dpdk.Integer("mbufs", 1024, 1 << 28).value_or(config_.dpdk.mbufs));
  config_.dpdk.idle = ReadIdle(dpdk);
  for (const toml::table* port : dpdk.Tables("ports")) ReadPort(*port);
  if (const std::string name = ReadKernelPort(dpdk); !name.empty() && !config_.dpdk.ports.empty()) {
    std::string& first = config_.dpdk.ports.front().kernel_port;
    if (!first.empty()) dpdk.Wrong("kernel_port", "the first of ports has one of its own");
    first = name;
  }
  dpdk.Finish();
}

io::IdleMode ConfigReader::ReadIdle(TableReader& dpdk) {
  const std::string idle = dpdk.String("idle").value_or("poll");
  if (idle == "adaptive") return io::IdleMode::kAdaptive;
  if (idle == "interrupt") return io::IdleMode::kInterrupt;
  if (idle != "poll") dpdk.Wrong("idle", "'" + idle + "' is none of poll, adaptive and interrupt");
  return io::IdleMode::kPoll;
}

std::string ConfigReader::ReadKernelPort(TableReader& table) {
  std::string name = table.String("kernel_port").value_or("");
  if (name.empty()) return name;
  if (!io::IsInterfaceName(name)) {
    table.Wrong("kernel_port", "'" + name + "' cannot be an interface's name");
  } else if (!kernel_ports_.insert(name).second) {
    table.Wrong("kernel_port", "'" + name + "' is there twice");
  }
  return name;
}

// Cores belong to workers and cores of [server]; two places that name them would disagree one day.
void ConfigReader::ReadEal(TableReader& dpdk) {
  config_.dpdk.eal = dpdk.Strings("eal").value_or(std::vector<std::string>());
  for (const std::string& argument : config_.dpdk.eal) {
    if (io::ChoosesLcores(argument)) {
      dpdk.Wrong("eal", "'" + argument + "': cores are named by server.workers and server.cores");
    }
  }
}

void ConfigReader::ReadPort(const toml::table& table) {
  TableReader reader(table, "dpdk.ports", errors_);
  io::DpdkPortConfig port;
  reader.Require("port");
  reader.Require("addresses");
  port.port = static_cast<uint16_t>(reader.Integer("port", 0, 1023).value_or(0));
  const auto same = [&](const io::DpdkPortConfig& other) { return other.port == port.port; };
  if (std::any_of(config_.dpdk.ports.begin(), config_.dpdk.ports.end(), same)) {
    reader.Wrong("port", "port " + std::to_string(port.port) + " is there twice");
  }
  const auto addresses = reader.Strings("addresses");
  if (addresses && addresses->empty()) reader.Wrong("addresses", "a port needs an address");
  for (const std::string& text : addresses.value_or(std::vector<std::string>())) {
    const auto address = io::ParseOwnAddress(text);
    if (!address) {
      reader.Wrong("addresses", address.error().message);
    } else if (!port_addresses_.insert(io::AddressOf(*address)).second) {
      reader.Wrong("addresses", "'" + text + "' is there twice");
    } else {
      port.addresses.push_back(text);
    }
  }
  port.kernel_port = ReadKernelPort(reader);
  reader.Finish();
  config_.dpdk.ports.push_back(std::move(port));
}

void ConfigReader::ReadFeed(const toml::table& table) {
  TableReader reader(table, "feed", errors_);
  ConfiguredFeed entry;
  for (const char* key : {"name", "path", "format"}) reader.Require(key);
  entry.feed.name = reader.Parsed("name", ParseFeedName).value_or("");
  const auto index = static_cast<uint32_t>(config_.feeds.size());
  if (!entry.feed.name.empty() && !feed_index_.emplace(entry.feed.name, index).second) {
    reader.Wrong("name", "there are two feeds '" + entry.feed.name + "'");
  }
  const auto paths = reader.StringOrStrings("path");
  if (paths && (paths->empty() || std::count(paths->begin(), paths->end(), "") != 0)) reader.Wrong("path", "is empty");
  for (const std::string& path : paths.value_or(std::vector<std::string>())) entry.feed.paths.push_back(Resolve(path));
  entry.place = reader.Place("path");
  ReadFormat(reader, &entry.feed);
  entry.feed.a_be = reader.Parsed("a", ParseAValue);
  entry.feed.text = reader.String("txt");
  if (IsHeatFormat(entry.feed.format)) ReadHeatFeed(reader, folder_, &entry.feed);
  for (const char* key : {"a", "txt"}) {
    if (reader.Has(key) && IsTextOnly(entry.feed.format)) {
      reader.Wrong(key,
                   "means nothing in format '" + entry.feed.format + "': its rows are the texts, and there is no A");
    }
  }
  ReadCodes(reader, &entry.feed);
  entry.check_seconds = reader.Seconds("check").value_or(entry.check_seconds);
  entry.feed.guards = ReadGuards(reader);
  reader.Finish();
  config_.feeds.push_back(std::move(entry));
}

void ConfigReader::ReadCodes(TableReader& feed, FeedConfig* config) {
  const toml::table* const table = feed.Table("codes");
  if (table == nullptr) return;
  if (!HasCategories(config->format)) feed.Wrong("codes", "format '" + config->format + "' has no categories");
  TableReader codes(*table, "feed.codes", errors_);
  for (const auto& [category, value] : *table) {
    const auto code = codes.Parsed(category.str(), ParseCode);
    if (code) config->codes.emplace(category.str(), *code);
  }
}

FeedGuards ConfigReader::ReadGuards(TableReader& feed) {
  FeedGuards guards;
  guards.max_shrink = feed.Share("max_shrink");
  guards.max_bad = feed.Share("max_bad");
  guards.max_range = feed.ParsedNumber("max_range", ParseMaxRange).value_or(0);
  guards.max_range_v6 = feed.Parsed("max_range_v6", ParseMaxRange6).value_or(0);
  guards.max_age_seconds = feed.Seconds("max_age").value_or(0);
  guards.max_memory = feed.ParsedNumber("max_memory", ParseBytes).value_or(0);
  return guards;
}

void ConfigReader::ReadFormat(TableReader& feed, FeedConfig* config) {
  const auto format = feed.String("format");
  if (!format) return;
  config->format = *format;
  std::string known;
  for (std::string_view name : FeedFormats()) {
    if (name == *format) return;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  feed.Wrong("format", "unknown format '" + *format + "' (there are " + known + ")");
}

void ConfigReader::ReadZone(const toml::table& table) {
  TableReader reader(table, "zone", errors_);
  ZoneConfig zone;
  for (const char* key : {"name", "feeds"}) reader.Require(key);
  ReadZoneName(reader, &zone);
  ReadZoneFeeds(reader, &zone);
  zone.join = reader.Bool("join");
  ReadServing(reader, &zone);
  reader.Finish();
  config_.zones.push_back(std::move(zone));
}

void ConfigReader::ReadZoneName(TableReader& zone, ZoneConfig* config) {
  const auto name = zone.Parsed("name", ParseDomainName);
  if (!name) return;
  config->name = *name;
  if (!zone_names_.insert(*name).second) zone.Wrong("name", "there are two zones '" + *name + "'");
}

void ConfigReader::ReadGreylistZone(const toml::table& table) {
  ReadGreylist(table, folder_, feed_index_, &config_, errors_);
  TakeZoneName(table, "greylist", config_.greylists.back().zone.name);
}

void ConfigReader::ReadHeat(const toml::table& table) {
  ReadHeatZone(table, feed_index_, &config_, errors_);
  TakeZoneName(table, "heat", config_.zones.back().name);
}

void ConfigReader::TakeZoneName(const toml::table& table, const char* section, const std::string& name) {
  if (name.empty() || zone_names_.insert(name).second) return;
  TableReader(table, section, errors_).Wrong("zone", "there are two zones '" + name + "'");
}

void ConfigReader::ReadZoneFeeds(TableReader& zone, ZoneConfig* config) {
  for (const uint32_t feed : ReadFeedNames(zone, "feeds", feed_index_)) {
    const FeedConfig& named = config_.feeds[feed].feed;
    const bool is_access = IsAccessFormat(named.format);
    if (IsHeatFormat(named.format)) {
      zone.Wrong("feeds", "'" + named.name + "' is of format " + named.format + ", which belongs in [[heat]]");
    }
    (is_access ? config->access : config->feeds).push_back(feed);
  }
  if (config->feeds.empty() && !config->access.empty()) {
    zone.Wrong("feeds", "names access lists only: there is nothing to answer from");
  }
  config->except = ReadFeedNames(zone, "except", feed_index_);
  for (const uint32_t feed : config->except) {
    const FeedConfig& named = config_.feeds[feed].feed;
    if (std::find(config->feeds.begin(), config->feeds.end(), feed) != config->feeds.end()) {
      zone.Wrong("except", "'" + named.name + "' is one of its feeds too");
    } else if (!named.format.empty() && !IsListFormat(named.format)) {
      zone.Wrong("except",
                 "'" + named.name + "' is of format " + named.format + ", not a list of addresses, names or digests");
    }
  }
}

void ConfigReader::CheckIo(TableReader& root) {
  const bool dpdk = config_.server.io == IoKind::kDpdk;
  if (dpdk && config_.dpdk.ports.empty()) root.Wrong("dpdk", "ports: none given, and server.io is dpdk");
  if (!dpdk) config_.dpdk.ports.clear();
  if (!dpdk && !has_sockets_) root.Wrong("server", "listen: none given, and there is no DPDK port");
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, const std::string& file, bool passed) {
  ConfigErrors errors(file);
  try {
    const toml::table root = toml::parse(text, file);
    Config config = ConfigReader(file, passed, &errors).Read(root);
    if (errors.empty()) return config;
  } catch (const toml::parse_error& error) {
    errors.Add(error.source().begin.line, "syntax", error.description());
  }
  return tl::unexpected<Error>(errors.Take());
}

Result<Config> LoadConfig(const std::string& file, bool passed) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return Fail(file + ": cannot be read: it is a folder");
  std::ifstream in(file, std::ios::binary);
  if (!in) return Fail(file + ": cannot be read: " + std::strerror(errno));
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return ParseConfig(text, file, passed);
}

Status CheckFeedFiles(const ConfiguredFeed& feed) {
  const Result<std::vector<std::string>> files = ListFeedFiles(feed.feed.paths);
  if (!files) return Fail(feed.place + ": " + files.error().message);
  for (const std::string& file : *files) {
    if (access(file.c_str(), R_OK) != 0) return Fail(feed.place + ": " + file + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace rblitz
