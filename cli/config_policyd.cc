#include "cli/config_policyd.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/config_clients.h"
#include "cli/config_table.h"
#include "cli/config_values.h"
#include "cli/control_client.h"
#include "cli/policy/asker.h"
#include "dataplane/dns/name.h"

namespace rblitz {

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr uint32_t kMostTimeoutMs = 30000;
constexpr int64_t kMostConnections = 1000000;

Result<mode_t> ParseMode(const std::string& text) {
  const bool is_octal = !text.empty() && text.size() <= 4 && text.find_first_not_of("01234567") == std::string::npos;
  if (!is_octal || std::stoul(text, nullptr, 8) > 0777) return Fail("bad mode '" + text + "' (as in 0660)");
  return static_cast<mode_t>(std::stoul(text, nullptr, 8));
}

Result<policy::Transport> ParseTransport(const std::string& text) {
  if (text == "udp") return policy::Transport::kUdp;
  if (text == "tcp") return policy::Transport::kTcp;
  return Fail("bad transport '" + text + "' (udp or tcp)");
}

// One line of text that Postfix takes as it is.
Result<std::string> ParseAction(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) return Fail("has a control character");
  }
  if (text.empty()) return Fail("is empty");
  return text;
}

class PolicydReader {
 public:
  PolicydReader(const toml::table& table, const std::string& file, ConfigErrors* errors)
      : reader_(table, "", errors), folder_(std::filesystem::path(file).parent_path()) {}

  policy::Settings Read() {
    ReadWhere();
    ReadWhom();
    ReadWhat();
    reader_.Finish();
    return std::move(settings_);
  }

 private:
  void ReadWhere() {
    if (auto listen = reader_.StringOrStrings("listen")) settings_.listen = *std::move(listen);
    for (const std::string& text : settings_.listen) {
      if (const Status good = CheckPolicydListen(text); !good) reader_.Wrong("listen", good.error().message);
    }
    settings_.socket_mode = reader_.Parsed("socket_mode", ParseMode).value_or(settings_.socket_mode);
    for (const std::string& text : reader_.StringOrStrings("servers").value_or(std::vector<std::string>())) {
      const auto server = io::ParseListen(text);
      if (server) settings_.servers.push_back(*server);
      if (!server) reader_.Wrong("servers", server.error().message);
    }
    const auto timeout = reader_.Parsed("timeout", ParseMilliseconds);
    if (timeout && (*timeout < 30 || *timeout > kMostTimeoutMs)) reader_.Wrong("timeout", "must be from 30ms to 30s");
    if (timeout) settings_.timeout = std::chrono::milliseconds(*timeout);
    settings_.transport = reader_.Parsed("transport", ParseTransport).value_or(settings_.transport);
    settings_.zone = reader_.Parsed("zone", ParseDomainName).value_or("");
    if (const auto key = reader_.String("key_file")) settings_.key_file = Resolve(*key);
    settings_.user = reader_.String("user").value_or("");
    settings_.host = reader_.Parsed("host", ParseDomainName).value_or("");
    settings_.limits.most = static_cast<size_t>(
        reader_.Integer("connections", 1, kMostConnections).value_or(static_cast<int64_t>(settings_.limits.most)));
    if (const auto idle = reader_.Seconds("idle")) settings_.limits.idle = std::chrono::seconds(*idle);
  }

  void ReadWhom() {
    settings_.skips_authenticated = reader_.Bool("skip_authenticated").value_or(settings_.skips_authenticated);
    settings_.skips_null_sender = reader_.Bool("skip_null_sender").value_or(settings_.skips_null_sender);
    if (reader_.Has("local")) {
      settings_.local.clear();
      for (const std::string& text : reader_.Strings("local").value_or(std::vector<std::string>())) {
        const Result<Ip6Prefix> clients = ParseClients(text);
        if (clients) settings_.local.push_back(*clients);
        if (!clients) reader_.Wrong("local", clients.error().message);
      }
    }
    settings_.client_lists = Files("whitelist_clients");
    settings_.recipient_lists = Files("whitelist_recipients");
  }

  void ReadWhat() {
    settings_.tells_domain = reader_.Bool("domain").value_or(settings_.tells_domain);
    settings_.normalises = reader_.Bool("normalise").value_or(settings_.normalises);
    settings_.text = reader_.Parsed("text", ParseAction).value_or(settings_.text);
    settings_.header = reader_.Bool("header").value_or(settings_.header);
    settings_.block_action = reader_.Parsed("block_action", ParseAction).value_or(settings_.block_action);
    settings_.limits.closes = reader_.Bool("exim").value_or(false);
    settings_.verbose = reader_.Bool("verbose").value_or(false);
  }

  std::vector<std::string> Files(const char* key) {
    std::vector<std::string> files = reader_.StringOrStrings(key).value_or(std::vector<std::string>());
    for (std::string& file : files) file = Resolve(file);
    return files;
  }

  [[nodiscard]] std::string Resolve(const std::string& path) const { return (folder_ / path).lexically_normal(); }

  TableReader reader_;
  std::filesystem::path folder_;
  policy::Settings settings_ = DefaultPolicydSettings();
};

// The longest that is asked there: of IPv6, with the sender's domain, aligned.
bool FitsNames(const std::string& zone) {
  std::string name = std::string(32, 'a') + "." + std::string(32, 'a') + ".o-d" + std::string(16, 'a') + "f.";
  for (int i = 0; i < 32; ++i) name += "a.";
  return dns::NameFromText(name + zone).size != 0;
}

}  // namespace

policy::Settings DefaultPolicydSettings() {
  policy::Settings settings;
  settings.local = {*ParseClients("127.0.0.0/8"), *ParseClients("::1")};
  return settings;
}

Status CheckPolicydListen(const std::string& text) {
  if (text.starts_with(kUnix)) {
    const auto address = ControlAddress(text.substr(kUnix.size()));
    if (!address) return tl::unexpected(address.error());
    return {};
  }
  const auto socket = io::ParseListen(text);
  if (!socket) return tl::unexpected(socket.error());
  return {};
}

Status CheckPolicydSettings(const policy::Settings& settings) {
  if (settings.zone.empty()) return Fail("zone: none given");
  if (!FitsNames(settings.zone)) return Fail("zone: '" + settings.zone + "' leaves no room for an IPv6 client's name");
  if (settings.key_file.empty()) return Fail("key_file: none given");
  if (settings.servers.empty()) return Fail("servers: none given");
  if (settings.servers.size() > policy::Asker::kMaxServers) {
    return Fail("servers: at most " + std::to_string(policy::Asker::kMaxServers));
  }
  return {};
}

Result<policy::Settings> ParsePolicydConfig(std::string_view text, const std::string& file) {
  ConfigErrors errors(file);
  try {
    const toml::table root = toml::parse(text, file);
    policy::Settings settings = PolicydReader(root, file, &errors).Read();
    if (errors.empty()) return settings;
  } catch (const toml::parse_error& error) {
    errors.Add(error.source().begin.line, "syntax", error.description());
  }
  return tl::unexpected<Error>(errors.Take());
}

Result<policy::Settings> LoadPolicydConfig(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return Fail(file + ": cannot be read: it is a folder");
  std::ifstream in(file, std::ios::binary);
  if (!in) return Fail(file + ": cannot be read: " + std::strerror(errno));
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return ParsePolicydConfig(text, file);
}

}  // namespace rblitz
