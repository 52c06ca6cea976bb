#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/config_policyd.h"
#include "cli/options_policyd.h"
#include "cli/policyd.h"

namespace rblitz {
namespace {

using testing::HasSubstr;

TEST(PolicydConfig, HasAllItsKeys) {
  const auto settings = ParsePolicydConfig(
      "listen = [\"127.0.0.1:10023\", \"unix:/run/p.sock\"]\nsocket_mode = \"0660\"\nservers = [\"127.0.0.1:53\", "
      "\"[::1]:54\"]\n"
      "timeout = \"500ms\"\ntransport = \"tcp\"\nzone = \"Grey.Example.com\"\nkey_file = \"grey.key\"\nuser = "
      "\"nobody\"\nhost = "
      "\"mx.example.com\"\n"
      "skip_authenticated = false\nskip_null_sender = true\nlocal = [\"10.0.0.0/8\"]\nwhitelist_clients = \"clients\"\n"
      "whitelist_recipients = [\"/etc/a\", \"b\"]\ndomain = false\nnormalise = false\ntext = \"wait %s\"\nheader = "
      "false\n"
      "block_action = \"REJECT 5.7.1 no\"\nconnections = 50\nidle = \"5m\"\nexim = true\nverbose = true\n",
      "/etc/rblitz/policyd.toml");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->listen, (std::vector<std::string>{"127.0.0.1:10023", "unix:/run/p.sock"}));
  EXPECT_EQ(settings->socket_mode, 0660u);
  ASSERT_EQ(settings->servers.size(), 2u);
  EXPECT_EQ(settings->servers[1].port, 54);
  EXPECT_EQ(settings->timeout.count(), 500);
  EXPECT_EQ(settings->transport, policy::Transport::kTcp);
  EXPECT_EQ(settings->zone, "grey.example.com");
  EXPECT_EQ(settings->key_file, "/etc/rblitz/grey.key");
  EXPECT_FALSE(settings->skips_authenticated);
  EXPECT_TRUE(settings->skips_null_sender);
  EXPECT_EQ(settings->local.size(), 1u);
  EXPECT_EQ(settings->client_lists, std::vector<std::string>{"/etc/rblitz/clients"});
  EXPECT_EQ(settings->recipient_lists, (std::vector<std::string>{"/etc/a", "/etc/rblitz/b"}));
  EXPECT_FALSE(settings->tells_domain || settings->normalises || settings->header);
  EXPECT_EQ(settings->text, "wait %s");
  EXPECT_EQ(settings->block_action, "REJECT 5.7.1 no");
  EXPECT_EQ(settings->limits.most, 50u);
  EXPECT_EQ(settings->limits.idle.count(), 300);
  EXPECT_TRUE(settings->limits.closes && settings->verbose);
}

TEST(PolicydConfig, MistakesAreToldWithTheirLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense = 1", "p.toml:1: nonsense: "},
      {"listen = \"localhost\"", "p.toml:1: listen: "},
      {"listen = \"unix:\"", "p.toml:1: listen: "},
      {"\nservers = \"localhost:53\"", "p.toml:2: servers: "},
      {"socket_mode = \"0888\"", "p.toml:1: socket_mode: "},
      {"socket_mode = \"7777\"", "p.toml:1: socket_mode: "},
      {"timeout = \"29ms\"", "p.toml:1: timeout: "},
      {"timeout = \"1h\"", "p.toml:1: timeout: "},
      {"transport = \"TCP\"", "p.toml:1: transport: bad transport 'TCP' (udp or tcp)"},
      {"text = \"a\\nb\"", "p.toml:1: text: "},
      {"block_action = \"\"", "p.toml:1: block_action: "},
      {"local = [\"10.0.0.0/99\"]", "p.toml:1: local: "},
      {"connections = 0", "p.toml:1: connections: "},
      {"zone = ", "p.toml:1: syntax: "},
  };
  for (const auto& [text, message] : cases) {
    const auto settings = ParsePolicydConfig(text, "p.toml");
    ASSERT_FALSE(settings) << text;
    EXPECT_THAT(settings.error().message, HasSubstr(message));
  }
}

TEST(PolicydConfig, TheCommandLineBeatsIt) {
  PolicydOptions options;
  options.zone = "Grey.test";
  options.key = "k";
  auto settings = PolicydSettings(options);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->zone, "grey.test");
  EXPECT_TRUE(settings->listen.empty());  // that depends on what the service manager passes
  EXPECT_EQ(settings->servers.size(), 1u);
  EXPECT_EQ(settings->local.size(), 2u);
  options.servers = {"127.0.0.1:1", "127.0.0.1:2"};
  EXPECT_EQ(PolicydSettings(options)->servers.size(), 2u);
  options.servers.assign(9, "127.0.0.1:1");
  EXPECT_THAT(PolicydSettings(options).error().message, HasSubstr("servers: at most 8"));
  options.servers = {"nowhere"};
  EXPECT_FALSE(PolicydSettings(options));
  options.servers.clear();
  options.zone = std::string(60, 'a') + "." + std::string(60, 'b') + ".test";
  EXPECT_THAT(PolicydSettings(options).error().message, HasSubstr("no room"));
  options.zone = "";
  EXPECT_THAT(PolicydSettings(options).error().message, HasSubstr("zone: none given"));
  options.zone = "grey.test";
  options.key = "";
  EXPECT_THAT(PolicydSettings(options).error().message, HasSubstr("key_file: none given"));
}

TEST(PolicydOptions, AreRead) {
  const char* const argv[] = {"rblitz-policyd", "--listen", "127.0.0.1:1", "--listen", "unix:/p", "--server",
                              "127.0.0.1:53",   "--zone",   "z.test",      "--key",    "k",       "--user",
                              "nobody",         "--exim",   "-v",          "--check"};
  std::ostringstream out;
  std::ostringstream err;
  const auto options = ParsePolicydOptions(static_cast<int>(std::size(argv)), argv, out, err);
  ASSERT_TRUE(options) << err.str();
  EXPECT_EQ(options->listen.size(), 2u);
  EXPECT_TRUE(options->exim && options->verbose && options->check);
  const char* const extra[] = {"rblitz-policyd", "what"};
  EXPECT_EQ(ParsePolicydOptions(2, extra, out, err).error(), kExitUsage);
  EXPECT_THAT(err.str(), HasSubstr("rblitz-policyd: usage: unexpected argument 'what'"));
  const char* const version[] = {"rblitz-policyd", "--version"};
  EXPECT_EQ(ParsePolicydOptions(2, version, out, err).error(), kExitSuccess);
  EXPECT_THAT(out.str(), HasSubstr("rblitz-policyd "));
}

}  // namespace
}  // namespace rblitz
