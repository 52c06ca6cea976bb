#include "cli/grey_commands.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/ask.h"
#include "cli/config_values.h"
#include "cli/foreign_import.h"
#include "cli/grey_merge.h"
#include "cli/grey_name.h"
#include "cli/grey_rows.h"
#include "cli/grey_server.h"
#include "cli/grey_settings.h"
#include "cli/grey_transfer.h"
#include "cli/json.h"
#include "cli/policy/sender.h"
#include "cli/render.h"
#include "cli/render_grey.h"
#include "dataplane/dns/name.h"

namespace rblitz {

namespace {

constexpr const char* kDefers = "127.0.0.4";

uint32_t Now() { return static_cast<uint32_t>(std::time(nullptr)); }

class Grey {
 public:
  Grey(const CommandOptions& options, const GreyStreams& streams) : options_(options), streams_(streams) {}

  [[nodiscard]] Result<int> Run() {
    const std::string& action = options_.arguments[0];
    if (action == "merge") return Merge();
    if (action == "digest") return Digest();
    if (action == "stats") return Stats();
    Result<GreyServer> server = GreyServer::Find(options_.control, options_.zone);
    if (!server) return tl::unexpected(server.error());
    if (action == "list") return List(*server);
    if (action == "export") return Export(*server);
    if (action == "import") return options_.grey.from.empty() ? Import(*server) : ImportFrom(*server);
    if (action == "lookup") return is_mail() ? LookupMail(*server) : LookupClients(*server);
    if (action == "forget") return Forget(*server);
    return is_mail() ? AllowMail(*server) : AllowClients(*server);
  }

 private:
  // ADDRESS SENDER RECIPIENT.
  [[nodiscard]] bool is_mail() const { return options_.arguments.size() == 4; }
  [[nodiscard]] const std::string& what() const { return options_.arguments[1]; }

  [[nodiscard]] Result<GreyKey> Key(const std::string& configured) const {
    if (options_.grey.key.empty() && configured.empty()) return Fail("no key_file is configured: --key names one");
    const std::string& file = options_.grey.key.empty() ? configured : options_.grey.key;
    // A service's key may be the service's own: root may read it whoever has it, as long as nobody else can.
    return geteuid() == 0 ? GreyKey::Read(file, GreyKey::kAnybody) : GreyKey::Read(file);
  }

  // As it is named, else as a configuration or the server has it.
  [[nodiscard]] Result<GreyKey> Key(const GreySettings& settings) const {
    if (!options_.grey.key.empty() || options_.grey.config.empty()) return Key(settings.key_file);
    const Result<GreySettings> configured = Configured(settings.zone);
    if (!configured) return tl::unexpected(configured.error());
    return Key(configured->key_file);
  }

  [[nodiscard]] GreyMail Mail() const {
    const GreyOptions& grey = options_.grey;
    const std::string& sender = options_.arguments[2];
    const std::string& recipient = options_.arguments[3];
    return {.client = options_.arguments[1],
            .sender = grey.normal ? policy::NormalSender(sender, recipient) : sender,
            .recipient = grey.normal ? policy::NormalRecipient(recipient) : recipient,
            .tells_domain = grey.domain || grey.aligned,
            .is_aligned = grey.aligned};
  }

  // The labels before the zone by which a mail may be known: as it was given, and aligned with its sender's domain,
  // which a mail server tells where it has checked SPF or DKIM.
  [[nodiscard]] Result<std::vector<std::string>> Names(const GreySettings& settings) const {
    const Result<GreyKey> key = Key(settings);
    if (!key) return tl::unexpected(key.error());
    std::vector<std::string> names;
    for (const bool is_aligned : {options_.grey.aligned, true}) {
      GreyMail mail = Mail();
      mail.is_aligned = is_aligned;
      mail.tells_domain |= is_aligned;
      const Result<std::string> name = GreyName(mail, *key);
      if (!name) return tl::unexpected(name.error());
      if (names.empty() || *name != names.front()) names.push_back(*name);
    }
    return names;
  }

  [[nodiscard]] Result<GreySettings> Configured(const std::string& zone) const {
    const auto greylists = GreySettingsFromFile(options_.grey.config);
    if (!greylists) return tl::unexpected(greylists.error());
    return ChooseGreylist(*greylists, zone);
  }

  void Progress(const std::string& what) const {
    if (streams_.shows_progress) {
      streams_.err << "\rrblitz: grey " << options_.arguments[0] << ": " << what << "\033[K" << std::flush;
    }
  }
  void EndProgress() const {
    if (streams_.shows_progress) streams_.err << "\r\033[K" << std::flush;
  }

  int Show(const Json& json, const std::string& text, int code = kExitSuccess) const {
    streams_.out << (options_.json ? DumpJson(json, 2) + "\n" : text) << std::flush;
    return code;
  }

  Result<int> LookupMail(const GreyServer& server) {
    const Result<std::vector<std::string>> names = Names(server.settings());
    if (!names) return tl::unexpected(names.error());
    Json answer;
    std::string text;
    for (const std::string& name : *names) {
      const Result<Json> looked_up = server.Ask("lookup", {{"name", name}});
      if (!looked_up) return tl::unexpected(looked_up.error());
      const bool is_given = answer.is_null();
      if (is_given) answer = *looked_up;
      if (!is_given && looked_up->value("row", Json()).is_null()) continue;
      if (!is_given) answer["aligned"] = *looked_up;
      text += (is_given ? "" : "aligned with the sender's domain: ") +
              RenderGreyAnswer(*looked_up, server.settings(), Now());
    }
    return Show(answer, text, answer.at("a") == kDefers ? kExitNotListed : kExitSuccess);
  }

  Result<int> LookupClients(const GreyServer& server) {
    const Result<Ip6Prefix> addresses = ParseClients(what());
    if (!addresses) return tl::unexpected(addresses.error());
    const std::string text = ClientsText(*addresses);
    Json found = {{"zone", server.settings().zone}, {"what", text}, {"rows", Json::array()}};
    if (addresses->length == 128) {
      const Result<Json> looked_up = server.Ask("lookup", {{"client", text}});
      if (!looked_up) return tl::unexpected(looked_up.error());
      found.update(*looked_up);
    } else {
      const Status walked = server.Walk(*addresses, [&](const TripletRow& row) {
        found["rows"].push_back(GreyRowJson(row, server.settings().masks));
        return true;
      });
      if (!walked) return tl::unexpected(walked.error());
    }
    return Show(found, RenderGreyClients(text, found, server.settings(), Now()));
  }

  // A page at a time: a store may have more rows than memory is wanted for.
  Result<int> List(const GreyServer& server) {
    std::optional<Ip6Prefix> addresses;
    if (options_.arguments.size() > 1) {
      const Result<Ip6Prefix> parsed = ParseClients(what());
      if (!parsed) return tl::unexpected(parsed.error());
      addresses = *parsed;
    }
    if (options_.json) return ListJson(server, addresses);
    std::vector<TripletRow> rows;
    uint64_t count = 0;
    const auto flush = [&] {
      streams_.out << RenderGreyRows(rows, server.settings(), Now());
      rows.clear();
    };
    const Status walked = server.Walk(addresses, [&](const TripletRow& row) {
      rows.push_back(row);
      if (rows.size() == GreyServer::kPage) flush();
      return ++count != options_.grey.limit && streams_.out.good();
    });
    flush();
    if (!walked) return tl::unexpected(walked.error());
    return kExitSuccess;
  }

  Result<int> ListJson(const GreyServer& server, const std::optional<Ip6Prefix>& addresses) {
    const GreySettings& settings = server.settings();
    streams_.out << "{\n  \"zone\": " << DumpJson(Json(settings.zone)) << ",\n  \"rows\": [";
    uint64_t count = 0;
    const Status walked = server.Walk(addresses, [&](const TripletRow& row) {
      streams_.out << (count == 0 ? "\n    " : ",\n    ") << DumpJson(GreyRowJson(row, settings.masks));
      return ++count != options_.grey.limit && streams_.out.good();
    });
    streams_.out << (count == 0 ? "]\n}\n" : "\n  ]\n}\n") << std::flush;
    if (!walked) return tl::unexpected(walked.error());
    return kExitSuccess;
  }

  Result<int> Forget(const GreyServer& server) {
    std::vector<Json> requests;
    std::string of;
    if (is_mail()) {
      const Result<std::vector<std::string>> names = Names(server.settings());
      if (!names) return tl::unexpected(names.error());
      for (const std::string& name : *names) requests.push_back({{"name", name}});
    } else {
      const Result<Ip6Prefix> addresses = ParseClients(what());
      if (!addresses) return tl::unexpected(addresses.error());
      const bool is_address = addresses->length == 128;
      const std::string text = ClientsText(*addresses);
      requests.push_back({{is_address ? "client" : "network", text}});
      of = text + (is_address ? " and its network" : "");
    }
    uint64_t forgotten = 0;
    for (const Json& request : requests) {
      const Result<Json> answer = server.Ask("forget", request);
      if (!answer) return tl::unexpected(answer.error());
      forgotten += answer->at("forgotten").get<uint64_t>();
    }
    return Show({{"forgotten", forgotten}}, is_mail() ? "what was known of the mail is forgotten\n"
                                                      : RowsText(forgotten) + " of " + of + " forgotten\n");
  }

  // An override of the zone: in a greylist it is one more list of clients that pass.
  Result<int> AllowClients(const GreyServer& server) {
    const Result<Ip6Prefix> addresses = ParseClients(what());
    if (!addresses) return tl::unexpected(addresses.error());
    Json request = {{"command", "list"}, {"action", "add"}, {"what", what()}, {"zone", server.settings().zone}};
    if (!options_.lasting.empty()) request["for"] = options_.lasting;
    if (!options_.why.empty()) request["why"] = options_.why;
    const Result<Json> added = rblitz::Ask(options_.control, request);
    if (!added) return tl::unexpected(added.error());
    return Show(*added, server.settings().zone + ": " + ClientsText(*addresses) +
                            " passes from now on, unless a block list has it\n");
  }

  // Rows that have passed, one for each name.
  Result<int> AllowMail(const GreyServer& server) {
    const GreySettings& settings = server.settings();
    const Result<std::vector<std::string>> names = Names(settings);
    if (!names) return tl::unexpected(names.error());
    Json rows = Json::array();
    for (const std::string& name : *names) {
      const Result<Json> row = PassedRow(server, name);
      if (!row) return tl::unexpected(row.error());
      rows.push_back(*row);
    }
    const Result<Json> joined = server.Ask("join", {{"rows", rows}});
    if (!joined) return tl::unexpected(joined.error());
    if (joined->at("joined") != rows.size()) return Fail("the greylist is full: there is no place for this row");
    return Show({{"zone", settings.zone}, {"name", names->front()}, {"row", rows.front()}},
                settings.zone + ": the mail passes from now on\n");
  }

  // Over what was forgotten only a row of a larger epoch stands.
  [[nodiscard]] static Result<Json> PassedRow(const GreyServer& server, const std::string& name) {
    const Result<Json> looked_up = server.Ask("lookup", {{"name", name}});
    if (!looked_up) return tl::unexpected(looked_up.error());
    const GreyMasks masks = server.settings().masks;
    const uint32_t now = Now();
    const Result<GreyQuestion> question = GreyQuestionOf(name, masks);
    if (!question) return tl::unexpected(question.error());
    TripletRow row{.key = KeyOf(question->triplet), .first = now, .last_minutes = MinutesOf(now), .passed = true};
    if (const Result<TripletRow> old = GreyRowFromJson(looked_up->value("row", Json()))) {
      row.epoch = static_cast<uint16_t>(std::min<unsigned>(old->epoch + (old->forgotten ? 1u : 0u), kMaxEpoch));
    }
    return GreyRowJson(row, masks);
  }

  Result<int> Stats() {
    Json request = {{"command", "grey"}, {"action", "stats"}};
    if (!options_.zone.empty()) request["zone"] = options_.zone;
    const Result<Json> stats = rblitz::Ask(options_.control, request);
    if (!stats) return tl::unexpected(stats.error());
    return Show(*stats, RenderGreyStats(*stats));
  }

  // Zone and key file of what is hashed, from where they are known without a server.
  [[nodiscard]] Result<GreySettings> DigestSettings() const {
    const GreyOptions& grey = options_.grey;
    if (!grey.config.empty()) return Configured(options_.zone);
    if (!grey.key.empty() && (!is_mail() || !options_.zone.empty())) {
      const Result<std::string> zone = options_.zone.empty() ? Result<std::string>("") : ParseDomainName(options_.zone);
      if (!zone) return tl::unexpected(zone.error());
      return GreySettings{.zone = *zone};
    }
    Result<GreyServer> server = GreyServer::Find(options_.control, options_.zone);
    if (!server) return tl::unexpected(server.error());
    return server->settings();
  }

  Result<int> Digest() {
    const Result<GreySettings> settings = DigestSettings();
    if (!settings) return tl::unexpected(settings.error());
    const Result<GreyKey> key = Key(settings->key_file);
    if (!key) return tl::unexpected(key.error());
    if (!is_mail()) {
      const Result<std::string> recipient =
          GreyRecipient(options_.grey.normal ? policy::NormalRecipient(what()) : what(), *key);
      if (!recipient) return tl::unexpected(recipient.error());
      return Show({{"recipient", *recipient}}, *recipient + "\n");
    }
    const Result<std::string> labels = GreyName(Mail(), *key);
    if (!labels) return tl::unexpected(labels.error());
    const std::string name = *labels + "." + settings->zone;
    if (dns::NameFromText(name).size == 0) return Fail("the name has more than 253 characters: " + name);
    return Show({{"name", name}, {"zone", settings->zone}}, name + "\n");
  }

  Result<int> Merge() {
    GreyMerge merge = {
        .a = options_.arguments[1], .b = options_.arguments[2], .into = options_.grey.into, .rules = {}, .now = Now()};
    if (!options_.grey.config.empty()) {
      const Result<GreySettings> settings = Configured(options_.zone);
      if (!settings) return tl::unexpected(settings.error());
      merge.rules = settings->rules;
    }
    const auto merged = MergeGreyStores(merge, [&](const std::string& doing, uint64_t rows) {
      Progress(doing + ": " + std::to_string(rows) + " rows");
    });
    EndProgress();
    if (!merged) return tl::unexpected(merged.error());
    for (const std::string& note : merged->notes) streams_.err << "rblitz: grey merge: " << note << "\n";
    const std::string& into = merge.into.empty() ? merge.a : merge.into;
    return Show({{"a", merged->rows_a}, {"b", merged->rows_b}, {"rows", merged->rows}, {"into", into}},
                into + ": " + RowsText(merged->rows) + ", of " + std::to_string(merged->rows_a) + " in " + merge.a +
                    " and " + std::to_string(merged->rows_b) + " in " + merge.b + "\n");
  }

  // FILE, or - where none is given.
  [[nodiscard]] std::string File() const { return options_.arguments.size() > 1 ? what() : "-"; }

  Result<int> Export(const GreyServer& server) {
    const std::string file = File();
    const RowsProgress progress = [&](uint64_t rows) { Progress(std::to_string(rows) + " rows"); };
    const Result<uint64_t> rows =
        file == "-" ? ExportGreyRows(server, &streams_.out, progress) : ExportGreyFile(server, file, progress);
    EndProgress();
    if (!rows) return tl::unexpected(rows.error());
    if (file == "-") return kExitSuccess;
    return Show({{"file", file}, {"rows", *rows}}, file + ": " + RowsText(*rows) + "\n");
  }

  Result<int> Import(const GreyServer& server) {
    const std::string file = File();
    const RowsProgress progress = [&](uint64_t rows) { Progress(std::to_string(rows) + " rows"); };
    std::ifstream opened;
    if (file != "-") {
      opened.open(file);
      if (!opened) return Fail(file + ": " + std::strerror(errno));
    }
    GreyJoined done;
    const Status imported = ImportGreyRows(server, file == "-" ? &streams_.in : &opened,
                                           file == "-" ? "standard input" : file, &done, progress);
    EndProgress();
    if (!imported) {
      return Fail(imported.error().message + "; " + RowsText(done.joined) + " before it were joined");
    }
    Show({{"joined", done.joined}, {"expired", done.expired}, {"full", done.full}},
         RowsText(done.joined) + " joined, " + std::to_string(done.expired) + " were expired\n");
    if (done.full > 0) return Fail("the greylist is full: " + RowsText(done.full) + " found no place");
    return kExitSuccess;
  }

  Result<int> ImportFrom(const GreyServer& server) {
    const GreyOptions& grey = options_.grey;
    const Result<GreyKey> key = Key(server.settings());
    if (!key) return tl::unexpected(key.error());
    ForeignImport import;
    const Status imported = ImportForeign({.from = grey.from, .path = what(), .normal = grey.normal}, server, *key,
                                          &import, [&](uint64_t rows) { Progress(std::to_string(rows) + " rows"); });
    EndProgress();
    if (!imported) return tl::unexpected(imported.error());
    const GreyJoined& done = import.done;
    Show({{"joined", done.joined}, {"expired", done.expired}, {"full", done.full}, {"skipped", import.skipped}},
         RowsText(done.joined) + " joined, " + std::to_string(done.expired) + " were expired\n" +
             RenderSkipped(import.skipped) + (import.is_empty() ? what() + ": there is nothing in it\n" : ""));
    if (done.full > 0) return Fail("the greylist is full: " + RowsText(done.full) + " found no place");
    return kExitSuccess;
  }

  const CommandOptions& options_;
  const GreyStreams& streams_;
};

}  // namespace

int RunGrey(const CommandOptions& options, const GreyStreams& streams) {
  const Result<int> code = Grey(options, streams).Run();
  if (code) return *code;
  streams.err << "rblitz: grey " << options.arguments[0] << ": " << code.error().message << "\n";
  return kExitFailure;
}

}  // namespace rblitz
