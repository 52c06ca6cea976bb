#include "cli/options.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/version.h"

namespace rblitz {
namespace {

struct Outcome {
  int exit_code = -1;  // -1: options
  std::string out;
  std::string err;
};

template <class T>
Outcome ParseLine(Parsed<T> (*parse)(int, const char* const*, std::ostream&, std::ostream&),
                  std::vector<const char*> arguments, T* options = nullptr) {
  arguments.insert(arguments.begin(), "program");
  std::ostringstream out;
  std::ostringstream err;
  const auto parsed = parse(static_cast<int>(arguments.size()), arguments.data(), out, err);
  if (parsed && options != nullptr) *options = *parsed;
  return {parsed ? -1 : parsed.error(), out.str(), err.str()};
}

TEST(ServerOptions, TakeConfigCheckAndControl) {
  ServerOptions options;
  EXPECT_EQ(ParseLine(ParseServerOptions, {"--config", "a.toml", "--check", "--control=/x", "--foreground"}, &options)
                .exit_code,
            -1);
  EXPECT_EQ(options.config, "a.toml");
  EXPECT_EQ(options.control, "/x");
  EXPECT_TRUE(options.check);
}

TEST(ServerOptions, HelpAndVersionGoToOutAndEndWithSuccess) {
  const Outcome help = ParseLine(ParseServerOptions, {"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* option : {"--config", "--check", "--foreground", "--control", "--version"}) {
    EXPECT_NE(help.out.find(option), std::string::npos) << option;
  }
  const Outcome version = ParseLine(ParseServerOptions, {"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "rblitzd " + std::string(kVersion) + "\n");
  EXPECT_EQ(help.err + version.err, "");
}

TEST(ServerOptions, WrongUsageIsCodeTwoAndNamesTheMistake) {
  const std::pair<std::vector<const char*>, const char*> table[] = {
      {{}, "--config FILE is missing"},
      {{"--config"}, "--config"},
      {{"--conf", "a"}, "--conf"},
      {{"--config", "a", "--no-such"}, "--no-such"},
      {{"--config", "a", "extra"}, "unexpected argument 'extra'"},
      {{"a.toml"}, "unexpected argument 'a.toml': the configuration is named by --config"},
  };
  for (const auto& [arguments, expected] : table) {
    const Outcome outcome = ParseLine(ParseServerOptions, arguments);
    EXPECT_EQ(outcome.exit_code, 2) << expected;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("rblitzd: usage: "), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
  }
}

TEST(CommandOptions, TakeOptionsBeforeAndAfterTheCommand) {
  CommandOptions options;
  EXPECT_EQ(ParseLine(ParseCommandOptions, {"--json", "lookup", "192.0.2.1", "--zone", "bl.example", "--control", "/x"},
                      &options)
                .exit_code,
            -1);
  EXPECT_EQ(options.command, "lookup");
  EXPECT_EQ(options.arguments, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(options.zone, "bl.example");
  EXPECT_EQ(options.control, "/x");
  EXPECT_TRUE(options.json);
}

TEST(CommandOptions, ControlHasTheUsualSocketAsDefault) {
  CommandOptions options;
  EXPECT_EQ(ParseLine(ParseCommandOptions, {"status"}, &options).exit_code, -1);
  EXPECT_EQ(options.control, "/run/rblitz/control.sock");
  EXPECT_FALSE(options.json);
}

TEST(CommandOptions, ReloadTakesAnyNumberOfFeeds) {
  CommandOptions options;
  EXPECT_EQ(ParseLine(ParseCommandOptions, {"reload", "a", "b", "c"}, &options).exit_code, -1);
  EXPECT_EQ(options.arguments, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(CommandOptions, WrongUsageIsCodeTwoAndNamesTheMistake) {
  const std::pair<std::vector<const char*>, const char*> table[] = {
      {{}, "no command given"},
      {{"--json"}, "no command given"},
      {{"frobnicate"}, "unknown command 'frobnicate'"},
      {{"status", "now"}, "unexpected argument 'now'"},
      {{"lookup"}, "an argument is missing"},
      {{"lookup", "192.0.2.1", "192.0.2.2"}, "unexpected argument '192.0.2.2'"},
      {{"check"}, "an argument is missing"},
      {{"diff"}, "an argument is missing"},
      {{"rollback", "a", "b"}, "unexpected argument 'b'"},
      {{"status", "--watch"}, "--watch belongs to stats"},
      {{"reload", "--force"}, "--force belongs to reload FEED"},
      {{"diff", "f", "--force"}, "--force belongs to reload FEED"},
      {{"stats", "--zone", "z"}, "--zone belongs to lookup"},
      {{"status", "--zone", "z"}, "status: --zone belongs to lookup, list, grey and heat"},
      {{"list"}, "list: an argument is missing"},
      {{"list", "frob", "192.0.2.1"}, "list: 'frob' is none of add, remove, forget and show"},
      {{"list", "add"}, "list add: an argument is missing"},
      {{"list", "add", "192.0.2.1", "192.0.2.2"}, "list: unexpected argument '192.0.2.2'"},
      {{"list", "forget", "192.0.2.1", "--for", "1d"}, "list forget: --for belongs to list add and list remove"},
      {{"lookup", "192.0.2.1", "--why", "x"}, "lookup: --why belongs to list add and list remove"},
      {{"list", "remove", "192.0.2.1", "--a", "127.0.0.3"}, "list remove: --a belongs to list add"},
      {{"dump"}, "dump: an argument is missing"},
      {{"grey"}, "grey: an argument is missing"},
      {{"grey", "frob"},
       "grey: 'frob' is none of lookup, list, forget, allow, stats, export, import, digest and merge"},
      {{"grey", "lookup"}, "grey lookup: an argument is missing"},
      {{"grey", "lookup", "192.0.2.1", "a@b"}, "grey lookup: a recipient is missing behind the sender"},
      {{"grey", "lookup", "1", "2", "3", "4"}, "grey: unexpected argument '4'"},
      {{"grey", "list", "192.0.2.1", "a@b"}, "grey list: unexpected argument 'a@b'"},
      {{"grey", "stats", "now"}, "grey stats: unexpected argument 'now'"},
      {{"grey", "merge", "a"}, "grey merge: an argument is missing"},
      {{"grey", "merge", "a", "b", "c"}, "grey merge: unexpected argument 'c'"},
      {{"grey", "merge", "a", "b", "--zone", "z"}, "grey merge: --zone belongs to --config"},
      {{"grey", "merge", "a", "b", "--key", "k"}, "grey merge: --key belongs to ADDRESS SENDER RECIPIENT"},
      {{"grey", "export", "--into", "c"}, "grey export: --into belongs to merge"},
      {{"grey", "export", "--limit", "7"}, "grey export: --limit belongs to list"},
      {{"grey", "list", "--limit", "x"}, "--limit"},
      {{"grey", "forget", "192.0.2.1", "--for", "1d"}, "grey forget: --for belongs to allow ADDRESS|NETWORK"},
      {{"grey", "allow", "192.0.2.1", "a@b", "c@d", "--for", "1d"}, "--for belongs to allow ADDRESS|NETWORK"},
      {{"grey", "allow", "192.0.2.1", "a@b", "c@d", "--why", "x"}, "--why belongs to allow ADDRESS|NETWORK"},
      {{"grey", "allow", "192.0.2.1", "--key", "k"}, "grey allow: --key belongs to ADDRESS SENDER RECIPIENT"},
      {{"grey", "digest", "a@b", "--domain"}, "grey digest: --domain belongs to ADDRESS SENDER RECIPIENT"},
      {{"grey", "lookup", "192.0.2.1", "--aligned"}, "--aligned belongs to ADDRESS SENDER RECIPIENT"},
      {{"grey", "lookup", "192.0.2.1", "--config", "c"}, "--config belongs to merge and to ADDRESS SENDER RECIPIENT"},
      {{"grey", "allow", "192.0.2.1", "--a", "127.0.0.3"}, "grey allow: --a belongs to list add"},
      {{"grey", "stats", "--watch"}, "--watch belongs to stats"},
      {{"lookup", "192.0.2.1", "--key", "k"}, "lookup: options of grey belong to grey"},
      {{"list", "show", "--limit", "3"}, "list: options of grey belong to grey"},
      {{"stats", "--js"}, "--js"},
  };
  for (const auto& [arguments, expected] : table) {
    const Outcome outcome = ParseLine(ParseCommandOptions, arguments);
    EXPECT_EQ(outcome.exit_code, 2) << expected;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("rblitz: usage: "), 0u) << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << outcome.err;
  }
}

TEST(CommandOptions, ListTakesWhatItsActionsNeed) {
  CommandOptions options;
  EXPECT_EQ(ParseLine(ParseCommandOptions,
                      {"list", "add", "192.0.2.1", "--zone", "z", "--for", "1d", "--why", "spam", "--a", "127.0.0.3"},
                      &options)
                .exit_code,
            -1);
  EXPECT_EQ(options.arguments, (std::vector<std::string>{"add", "192.0.2.1"}));
  EXPECT_EQ(options.zone + " " + options.lasting + " " + options.why + " " + options.a, "z 1d spam 127.0.0.3");
  EXPECT_EQ(ParseLine(ParseCommandOptions, {"list", "show"}).exit_code, -1);
}

TEST(CommandOptions, GreyTakesWhatItsActionsNeed) {
  const std::vector<const char*> lines[] = {{"lookup", "192.0.2.1"},
                                            {"lookup", "192.0.2.1", "", "b@c", "--domain", "--key", "k", "--zone", "z"},
                                            {"list"},
                                            {"list", "192.0.2.0/24", "--limit", "10"},
                                            {"forget", "192.0.2.0/24"},
                                            {"forget", "192.0.2.1", "<>", "b@c", "--aligned", "--config", "c"},
                                            {"allow", "192.0.2.1", "--for", "1d", "--why", "because"},
                                            {"allow", "192.0.2.1", "a@b", "b@c"},
                                            {"stats"},
                                            {"export"},
                                            {"export", "-"},
                                            {"import", "rows", "--zone", "z"},
                                            {"digest", "b@c", "--key", "k"},
                                            {"digest", "192.0.2.1", "a@b", "b@c", "--config", "c"},
                                            {"merge", "a", "b"},
                                            {"merge", "a", "b", "--into", "c", "--config", "f", "--zone", "z"}};
  for (std::vector<const char*> line : lines) {
    line.insert(line.begin(), "grey");
    const Outcome outcome = ParseLine(ParseCommandOptions, line);
    EXPECT_EQ(outcome.exit_code, -1) << line[1] << ": " << outcome.err;
  }
  CommandOptions options;
  EXPECT_EQ(
      ParseLine(ParseCommandOptions, {"grey", "lookup", "192.0.2.1", "", "b@c", "--aligned", "--key", "k"}, &options)
          .exit_code,
      -1);
  EXPECT_EQ(options.arguments, (std::vector<std::string>{"lookup", "192.0.2.1", "", "b@c"}));
  EXPECT_TRUE(options.grey.aligned);
  EXPECT_EQ(options.grey.key, "k");
}

TEST(CommandOptions, HelpNamesEveryCommand) {
  const Outcome help = ParseLine(ParseCommandOptions, {"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* command : {"status", "stats", "reload", "diff", "rollback", "lookup", "list", "dump", "check",
                              "grey lookup", "grey list", "grey forget", "grey allow", "grey stats", "grey export",
                              "grey import", "grey digest", "grey merge", "--into"}) {
    EXPECT_NE(help.out.find(command), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace rblitz
