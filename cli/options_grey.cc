#include "cli/options_grey.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "cli/foreign_import.h"

namespace rblitz {

namespace {

namespace po = boost::program_options;

enum Takes : unsigned {
  kZone = 1,
  kReason = 2,      // --for, --why; with an address or network alone
  kKey = 4,         // --key, --normal, --domain, --aligned; with sender and recipient alone
  kConfig = 8,      // --config
  kLimit = 16,      // --limit
  kInto = 32,       // --into
  kRecipient = 64,  // may be one recipient, which is hashed too
  kFrom = 128       // --from, and with it --normal, --key and --config
};

struct Action {
  std::string_view name;
  unsigned counts;  // of arguments: bit n for n
  unsigned takes;
};

constexpr unsigned Count(unsigned a) { return 1u << a; }

constexpr Action kActions[] = {
    {"lookup", Count(1) | Count(3), kZone | kKey | kConfig},
    {"list", Count(0) | Count(1), kZone | kLimit},
    {"forget", Count(1) | Count(3), kZone | kKey | kConfig},
    {"allow", Count(1) | Count(3), kZone | kKey | kConfig | kReason},
    {"stats", Count(0), kZone},
    {"export", Count(0) | Count(1), kZone},
    {"import", Count(0) | Count(1), kZone | kFrom},
    {"digest", Count(1) | Count(3), kZone | kKey | kConfig | kRecipient},
    {"merge", Count(2), kZone | kConfig | kInto},
};

std::string WrongArguments(const Action& action, const std::vector<std::string>& arguments) {
  const auto count = static_cast<unsigned>(arguments.size() - 1);  // at most three (options.cc)
  const unsigned most = static_cast<unsigned>(std::bit_width(action.counts)) - 1;
  const std::string name = "grey " + std::string(action.name);
  if ((action.counts & Count(count)) != 0) return "";
  if (count > most) return name + ": unexpected argument '" + arguments[most + 1] + "'";
  return name + (count == 2 ? ": a recipient is missing behind the sender" : ": an argument is missing");
}

// An option that the action, as it is given, does not take; empty: none.
std::string Unfit(const CommandOptions& options, const Action& action) {
  const GreyOptions& grey = options.grey;
  const bool is_mail = options.arguments.size() == 4;
  const bool imports = (action.takes & kFrom) != 0 && !grey.from.empty();
  const bool hashes = is_mail || (action.takes & kRecipient) != 0;
  const struct {
    bool given;
    bool fits;
    const char* what;
  } cases[] = {
      {!options.a.empty(), false, "--a belongs to list add"},
      {!options.zone.empty(), (action.takes & kZone) != 0, "--zone has no meaning there"},
      {!options.lasting.empty(), (action.takes & kReason) != 0 && !is_mail, "--for belongs to allow ADDRESS|NETWORK"},
      {!options.why.empty(), (action.takes & kReason) != 0 && !is_mail, "--why belongs to allow ADDRESS|NETWORK"},
      {!grey.key.empty(), imports || ((action.takes & kKey) != 0 && hashes),
       "--key belongs to ADDRESS SENDER RECIPIENT"},
      {grey.domain, (action.takes & kKey) != 0 && is_mail, "--domain belongs to ADDRESS SENDER RECIPIENT"},
      {grey.aligned, (action.takes & kKey) != 0 && is_mail, "--aligned belongs to ADDRESS SENDER RECIPIENT"},
      {!grey.config.empty(), imports || (action.takes & kInto) != 0 || ((action.takes & kConfig) != 0 && hashes),
       "--config belongs to merge and to ADDRESS SENDER RECIPIENT"},
      {grey.limit != 0, (action.takes & kLimit) != 0, "--limit belongs to list"},
      {!grey.into.empty(), (action.takes & kInto) != 0, "--into belongs to merge"},
      {!grey.from.empty(), (action.takes & kFrom) != 0, "--from belongs to import"},
      {grey.normal, imports || ((action.takes & kKey) != 0 && hashes),
       "--normal belongs to ADDRESS SENDER RECIPIENT and to import --from"},
  };
  for (const auto& [given, fits, what] : cases) {
    if (given && !fits) return "grey " + std::string(action.name) + ": " + what;
  }
  if (imports && !IsForeignGreylister(grey.from)) {
    return "grey import: --from '" + grey.from + "' is none of postgrey, sqlgrey and greylistd";
  }
  if (imports && options.arguments.size() < 2) return "grey import: an argument is missing";
  if ((action.takes & kInto) != 0 && !options.zone.empty() && grey.config.empty()) {
    return "grey merge: --zone belongs to --config";
  }
  return "";
}

}  // namespace

constinit const std::string_view kGreyUsage =
    "  grey lookup WHAT        what a greylist would answer, and why; or the rows of an\n"
    "                          address or network. WHAT is ADDRESS SENDER RECIPIENT, an\n"
    "                          address or a network; [--zone Z] where there are several\n"
    "  grey list [ADDRESS|NETWORK] [--limit N]\n"
    "                          rows\n"
    "  grey forget WHAT        end what is known of it: it waits again\n"
    "  grey allow ADDRESS|NETWORK [--for 1d] [--why TEXT]\n"
    "  grey allow ADDRESS SENDER RECIPIENT\n"
    "                          let it pass from now on\n"
    "  grey stats              counters of greylists\n"
    "  grey export [FILE]      all rows, one JSON object a line; - is standard output\n"
    "  grey import [FILE]      join the rows of such a file; - is standard input\n"
    "  grey import --from postgrey|sqlgrey|greylistd PATH\n"
    "                          join what another greylister knew: PATH is its folder, of\n"
    "                          sqlgrey its file of SQLite\n"
    "  grey digest ADDRESS SENDER RECIPIENT\n"
    "                          the name that is asked for it; needs no server with\n"
    "                          --key and --zone, or --config\n"
    "  grey digest RECIPIENT   its hash, for a list of recipients who opted out\n"
    "  grey merge A B [--into C]\n"
    "                          join two stores that no server has: A, or C, has both then\n";

po::options_description GreyDescription(GreyOptions* options) {
  po::options_description description("Options of grey");
  description.add_options()("key", po::value(&options->key)->value_name("FILE"), "the key, else as the server has it")(
      "config", po::value(&options->config)->value_name("FILE"), "key and zone are of this configuration")(
      "domain", po::bool_switch(&options->domain), "tell the sender's domain, as rblitz-policyd does")(
      "aligned", po::bool_switch(&options->aligned), "and that SPF or DKIM is aligned with it")(
      "limit", po::value(&options->limit)->value_name("N"), "list: so many rows at most")(
      "into", po::value(&options->into)->value_name("C"), "merge: leave A alone, make C")(
      "from", po::value(&options->from)->value_name("NAME"), "import: postgrey, sqlgrey or greylistd")(
      "normal", po::bool_switch(&options->normal),
      "addresses become what rblitz-policyd asks for: no +extensions, VERP, SRS, BATV");
  return description;
}

std::string WrongGrey(const CommandOptions& options) {
  if (options.command != "grey") {
    const GreyOptions& grey = options.grey;
    const bool none = grey.key.empty() && grey.config.empty() && grey.into.empty() && grey.limit == 0 && !grey.domain &&
                      !grey.aligned && grey.from.empty() && !grey.normal;
    return none ? "" : options.command + ": options of grey belong to grey";
  }
  const std::string& name = options.arguments[0];
  const auto* const action =
      std::find_if(std::begin(kActions), std::end(kActions), [&](const Action& known) { return known.name == name; });
  if (action == std::end(kActions)) {
    return "grey: '" + name + "' is none of lookup, list, forget, allow, stats, export, import, digest and merge";
  }
  if (std::string wrong = WrongArguments(*action, options.arguments); !wrong.empty()) return wrong;
  return Unfit(options, *action);
}

}  // namespace rblitz
