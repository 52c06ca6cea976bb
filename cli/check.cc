#include "cli/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "cli/client_rules.h"
#include "cli/config.h"
#include "cli/greylists.h"
#include "cli/options.h"
#include "cli/privileges.h"
#include "cli/render.h"
#include "cli/views.h"
#include "dataplane/io/dpdk_eal_args.h"
#include "dataplane/zone.h"
#include "loaders/feed.h"

namespace rblitz {

namespace {

// One feed as a server that starts now would have it.
FeedOutcome Load(const ConfiguredFeed& feed, std::shared_ptr<const FeedData>* data) {
  FeedOutcome outcome;
  outcome.name = feed.feed.name;
  auto loaded = LoadFeed(feed.feed, nullptr, &outcome.report);
  if (loaded) {
    *data = *std::move(loaded);
    outcome.state = FeedState::kLoaded;
  } else {
    outcome.error = loaded.error().message;
  }
  return outcome;
}

// As the server will be: with cores that it may have, and as its user, for good. What only root can read is then as
// unreadable as it will be.
Status BecomeServer(const Config& config) {
  if (config.server.io == IoKind::kDpdk || !config.dpdk.cores.empty()) {
    if (const auto cores = io::WorkerCores(config.dpdk, io::AllowedCpus()); !cores) {
      return Fail("server." + cores.error().message);
    }
  }
  if (config.server.user.empty()) return {};
  const Result<User> user = FindUser(config.server.user);
  if (!user) return Fail("server.user: " + user.error().message);
  if (geteuid() != 0) return {};
  if (const Status became = BecomeUser(*user); !became) return Fail("server.user: " + became.error().message);
  return {};
}

// Whether its store is there to be written, or can be made. What is in it belongs to the server that may be running.
Status CheckStore(const GreylistConfig& greylist) {
  if (greylist.store.empty()) return {};
  std::filesystem::path folder = greylist.store;
  std::error_code ignored;
  while (!std::filesystem::exists(folder, ignored) && folder.has_parent_path() && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
    return Fail(folder.string() + ": is no folder");
  const std::string path = folder.empty() ? "." : folder.string();
  if (access(path.c_str(), W_OK | X_OK) != 0)
    return Fail(path + ": the store cannot be written: " + std::strerror(errno));
  return {};
}

// The server does not read it; whoever asks does, and would not with these.
std::string WrongKey(const GreylistConfig& greylist) {
  struct stat status {};
  const std::string what = greylist.zone.name + ": key_file " + greylist.key_file + ": ";
  if (stat(greylist.key_file.c_str(), &status) != 0) return what + std::strerror(errno);
  const bool is_open = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  return is_open ? what + "others than its owner may read or write it: chmod 600" : "";
}

Json CheckedGreylistsJson(const Config& config) {
  Json json = Json::array();
  for (const GreylistConfig& greylist : config.greylists) {
    json.push_back({{"zone", greylist.zone.name},
                    {"state", "good"},
                    {"observe", greylist.observe},
                    {"store", greylist.store},
                    {"max_triplets", greylist.max_triplets}});
  }
  return json;
}

}  // namespace

Json CheckJson(const std::string& config_file, const std::function<void(const std::string&)>& progress) {
  Json json = {{"ok", false},
               {"config", config_file},
               {"zones", Json::array()},
               {"greylists", Json::array()},
               {"warnings", Json::array()},
               {"feeds", Json::array()},
               {"errors", Json::array()}};
  const auto config = LoadConfig(config_file);
  if (!config) {
    json["errors"] = ErrorLines(config.error().message);
    return json;
  }
  json["warnings"] = config->warnings;
  for (const GreylistConfig& greylist : config->greylists) {
    if (const std::string wrong = WrongKey(greylist); !wrong.empty()) json["warnings"].push_back(wrong);
  }
  if (const Status became = BecomeServer(*config); !became) {
    json["errors"].push_back(config_file + ": " + became.error().message);
  }
  if (const auto rules = ClientRulesLoader().Load(*config); !rules) {
    json["errors"].push_back(config_file + ": " + rules.error().message);
  }
  for (const GreylistConfig& greylist : config->greylists) {
    if (const Status usable = CheckStore(greylist); !usable) {
      json["errors"].push_back(config_file + ": greylist " + greylist.zone.name + ": " + usable.error().message);
    }
  }
  Snapshot snapshot;
  for (const ConfiguredFeed& feed : config->feeds) {
    progress(feed.feed.name);
    const FeedOutcome outcome = Load(feed, &snapshot.feeds.emplace_back());
    json["feeds"].push_back(OutcomeJson(outcome));
    if (!outcome.error.empty()) json["errors"].push_back(feed.place + ": " + outcome.error);
  }
  std::vector<ZoneConfig> zones = config->zones;
  for (const GreylistConfig& greylist : config->greylists) zones.push_back(ZoneOf(greylist, nullptr));
  const auto serving = BuildServing(std::move(snapshot), zones, config->server.identity);
  if (serving) {
    json["zones"] = ZonesJson(*config, serving->get());
    json["greylists"] = CheckedGreylistsJson(*config);
  } else {
    json["errors"].push_back(config_file + ": " + serving.error().message);
  }
  json["ok"] = json["errors"].empty();
  return json;
}

int RunCheck(const std::string& program, const std::string& config_file, bool json) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const Json result = CheckJson(config_file, [&](const std::string& feed) {
    if (terminal) std::cerr << program << ": loading " << feed << "\n";
  });
  std::cout << (json ? DumpJson(result, 2) + "\n" : RenderCheck(result));
  for (const Json& warning : result["warnings"]) {
    std::cerr << program << ": warning: " << warning.get<std::string>() << "\n";
  }
  for (const Json& error : result["errors"]) std::cerr << program << ": " << error.get<std::string>() << "\n";
  return result["ok"].get<bool>() ? kExitSuccess : kExitFailure;
}

}  // namespace rblitz
