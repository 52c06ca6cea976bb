// What the policy service is configured to do (cli/config_policyd.h reads it, cli/options_policyd.h overrides it).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/policy/asker.h"
#include "cli/policy/clients.h"
#include "dataplane/io/listen_address.h"
#include "tables/ip6.h"

namespace rblitz::policy {

inline constexpr std::string_view kDefaultListen = "127.0.0.1:10023";

struct Settings {
  std::vector<std::string> listen;          // "127.0.0.1:10023", "unix:/path"; empty: not said
  mode_t socket_mode = 0666;                // of Unix sockets: their folder is what keeps others out
  std::vector<io::SocketConfig> servers;    // at most Asker::kMaxServers
  std::chrono::milliseconds timeout{1000};  // of each server
  Transport transport = Transport::kUdp;    // of questions, the first time
  std::string zone;
  std::string key_file;
  std::string user;  // empty: stay, which root may not
  std::string host;  // in the header; empty: this machine's name

  bool tells_domain = true;  // label d
  bool normalises = true;    // addresses, before they are hashed

  // Who is not asked about.
  bool skips_authenticated = true;
  bool skips_null_sender = false;
  std::vector<Ip6Prefix> local;
  std::vector<std::string> client_lists;  // files
  std::vector<std::string> recipient_lists;

  std::string text = "Greylisted, try again in %s s";
  bool header = true;
  std::string block_action = "DUNNO";

  ClientLimits limits;
  bool verbose = false;  // a line of the log for each request
};

}  // namespace rblitz::policy
