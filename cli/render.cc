#include "cli/render.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "cli/render_greylists.h"
#include "cli/render_values.h"
#include "cli/text_table.h"

namespace rblitz {

namespace {

std::string Joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ", ") + Printable(item);
  return text.empty() ? "-" : text;
}

// With an empty line between those that say something.
std::string Paragraphs(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() || part.empty() ? "" : "\n") + part;
  return text;
}

std::string ZoneTable(const Json& zones) {
  if (zones.empty()) return "";
  TextTable table;
  table.AddRow({"zone", "state", "feeds"});
  std::string rules;
  for (const Json& zone : zones) {
    const std::string name = Printable(zone["name"]);
    table.AddRow({name, Printable(zone["state"]), Joined(zone["feeds"])});
    for (const auto& [key, what] :
         {std::pair("except", "never lists what these list: "), std::pair("access", "is asked as these allow: "),
          std::pair("allow", "answers to ")}) {
      if (!zone[key].empty()) rules += name + ": " + what + Joined(zone[key]) + "\n";
    }
    const Json& joined = zone["joined"];
    if (!joined["feeds"].empty()) {
      rules += name + ": has joined " + Joined(joined["feeds"]) + " in a table of " + Bytes(joined["bytes"]) + "\n";
    }
  }
  return table.Text() + rules;
}

// Why feeds failed; whoever prints errors on stderr need not.
std::string LoadErrors(const Json& feeds) {
  std::string text;
  for (const Json& feed : feeds) {
    if (feed["error"].get<std::string>().empty()) continue;
    text += Printable(feed["name"]) + ": " + Printable(feed["error"]) + "\n";
  }
  return text;
}

// What was wrong in feeds, below their table.
std::string BadLines(const Json& feeds) {
  std::string text;
  for (const Json& feed : feeds) {
    const std::string name = Printable(feed["name"]);
    for (const Json& note : feed["notes"]) text += name + ": " + Printable(note) + "\n";
    for (const Json& error : feed["errors"]) text += name + ": " + Printable(error) + "\n";
    const uint64_t rejected = feed["rejected"].get<uint64_t>();
    if (rejected > feed["errors"].size() && !feed["errors"].empty()) {
      text += name + ": and " + std::to_string(rejected - feed["errors"].size()) + " more lines rejected\n";
    }
  }
  return text;
}

std::string FeedStatusTable(const Json& feeds) {
  TextTable table;
  table.AddRow(
      {"feed", "state", "format", "entries", "rejected", "memory", "data age", "load time", "failed", "refused"});
  for (const Json& feed : feeds) {
    table.AddRow({Printable(feed["name"]), Printable(feed["state"]), Printable(feed["format"]), Number(feed["entries"]),
                  Number(feed["rejected"]), Bytes(feed["bytes"]), Duration(feed["age_seconds"]),
                  Decimal(feed["load_seconds"].get<double>(), 3) + " s", Number(feed["failed_loads"]),
                  Number(feed["refused_loads"])});
  }
  return table.Text();
}

// Of a load that failed or was refused there are no numbers to tell.
std::string OutcomeTable(const Json& feeds) {
  TextTable table;
  table.AddRow({"feed", "state", "lines", "entries", "rejected", "added", "removed", "seconds"});
  for (const Json& feed : feeds) {
    const bool is_empty = feed["lines"] == 0 && !feed["error"].get<std::string>().empty();
    const auto number = [&](const char* key) { return is_empty ? "-" : Number(feed[key]); };
    table.AddRow({Printable(feed["name"]), Printable(feed["state"]), number("lines"), number("entries"),
                  number("rejected"), number("added"), number("removed"),
                  is_empty ? "-" : Decimal(feed["seconds"].get<double>(), 3)});
  }
  return table.Text();
}

// What operators look for in a list that has grown by accident.
std::string WidestLines(const Json& feeds) {
  std::string text;
  for (const Json& feed : feeds) {
    if (!feed["widest"].empty()) text += Printable(feed["name"]) + ": widest new: " + Joined(feed["widest"]) + "\n";
  }
  return text;
}

// What is served that is not what the files say.
std::string OriginLines(const Json& feeds) {
  std::string text;
  for (const Json& feed : feeds) {
    const std::string name = Printable(feed["name"]);
    if (feed["origin"] == "copy") text += name + ": its last good copy is served\n";
    if (feed["origin"] == "rollback") text += name + ": rolled back, until its files change\n";
    if (!feed["copy_error"].get<std::string>().empty()) {
      text += name + ": not kept for the next start: " + Printable(feed["copy_error"]) + "\n";
    }
  }
  return text;
}

// The addresses of one protocol, each once, though every worker has a socket of it.
std::string ListenLine(const Json& sockets, const char* protocol, const char* title) {
  Json addresses = Json::array();
  for (const Json& socket : sockets) {
    const Json& address = socket["address"];
    const bool is_there = std::find(addresses.begin(), addresses.end(), address) != addresses.end();
    if (socket["protocol"] == protocol && !is_there) addresses.push_back(address);
  }
  return addresses.empty() ? "" : "listen " + std::string(title) + ": " + Joined(addresses);
}

std::string SocketLines(const Json& status) {
  std::string text = ListenLine(status["sockets"], "udp", "UDP");
  if (!text.empty()) text += "\n";
  if (status["tcp"].is_null()) return text;
  return text + ListenLine(status["sockets"], "tcp", "TCP") + ", " + Number(status["tcp"]["open"]) +
         " connection(s) open\n";
}

std::string PortLines(const Json& status) {
  std::string text;
  for (const Json& port : status["ports"]) {
    text += "port " + Number(port["port"]) + ": " + Printable(port["driver"]) + " " + Printable(port["mac"]) + " " +
            Joined(port["addresses"]) + ", " + Number(port["queues"]) + " queue(s), link " +
            (port["link_up"].get<bool>() ? "up" : "down");
    if (!port["speed_mbps"].is_null()) text += " " + Number(port["speed_mbps"]) + " Mbit/s";
    if (!port["kernel_port"].is_null()) text += ", kernel port " + Printable(port["kernel_port"]);
    text += ", missed " + Number(port["missed"]) + ", no buffer " + Number(port["no_buffer"]) + ", errors " +
            Number(port["errors"]) + ", send errors " + Number(port["send_errors"]) + "\n";
  }
  return text + SocketLines(status);
}

// What clients have to obey, where it is something.
std::string ClientLines(const Json& clients) {
  std::string text;
  if (clients["cookies"].get<bool>()) {
    text += clients["cookies_required"].get<bool>() ? "cookies: required over UDP\n" : "cookies: on\n";
  }
  if (clients["responses_per_second"] != 0) {
    text += "rate limit: " + Number(clients["responses_per_second"]) + " answers a second" +
            (clients["log_only"].get<bool>() ? ", log only" : "") + "\n";
  }
  return text;
}

// The members of an object that are not 0.
std::string NonZero(const Json& counters) {
  TextTable table;
  for (const auto& [name, value] : counters.items()) {
    if (value.get<uint64_t>() != 0) table.AddRow({name, Number(value)});
  }
  const std::string text = table.Text("  ");
  return text.empty() ? "  none\n" : text;
}

// The connections, and why those that are gone were closed.
std::string TcpText(const Json& tcp) {
  if (tcp.is_null()) return "";
  TextTable table;
  for (const char* key : {"open", "accepted", "accept_failed"}) table.AddRow({key, Number(tcp[key])});
  return "tcp connections\n" + table.Text("  ") + "tcp connections closed\n" + NonZero(tcp["closed"]);
}

std::string PortCounters(const Json& ports) {
  std::string text;
  for (const Json& port : ports) {
    Json counters = port;
    for (const char* key : {"port", "link_up", "kernel"}) counters.erase(key);
    text +=
        "port " + Number(port["port"]) + (port["link_up"].get<bool>() ? "" : " (link down)") + "\n" + NonZero(counters);
    if (port.contains("kernel")) text += "port " + Number(port["port"]) + ", kernel side\n" + NonZero(port["kernel"]);
  }
  return text;
}

// One alone is the totals once more.
std::string WorkerCounters(const Json& workers) {
  if (workers.size() < 2) return "";
  TextTable table;
  table.AddRow({"worker", "io", "received", "answered"});
  for (size_t i = 0; i < workers.size(); ++i) {
    table.AddRow({std::to_string(i), Printable(workers[i]["io"]), Number(workers[i]["received"]),
                  Number(workers[i]["answered"])});
  }
  return "workers\n" + table.Text("  ");
}

std::string OverrideText(const Json& override) {
  return (override["kind"] == "add" ? "list " : "delist ") + Printable(override["what"]);
}

std::string OverrideTable(const Json& overrides) {
  TextTable table;
  table.AddRow({"kind", "what", "zone", "A", "by", "since", "until", "why"});
  for (const Json& override : overrides) {
    const std::string why = Printable(override["why"]);
    table.AddRow({Printable(override["kind"]), Printable(override["what"]),
                  override["zone"].is_null() ? "all" : Printable(override["zone"]),
                  override["a"].is_null() ? "-" : Printable(override["a"]), Printable(override["by"]),
                  Time(override["since"]), Time(override["until"]), why.empty() ? "-" : why});
  }
  return table.Text();
}

// Where a record stands.
std::string LineText(const Json& record) {
  if (!record.contains("lines")) return "";
  const std::string changed = record["changed"].get<bool>() ? " (changed since load)" : "";
  std::string text;
  for (const Json& line : record["lines"]) {
    text += "  " + Printable(line["file"]) + ":" + Number(line["line"]) + changed + "\n";
  }
  if (record.contains("file_error")) return text + "  line not known: " + Printable(record["file_error"]) + "\n";
  return text.empty() ? "  line not found" + changed + "\n" : text;
}

// "list add" is the override that stands for a feed; no feed's name has a blank.
std::string SourceText(const Json& feed) {
  if (feed.is_null()) return "the RFC 5782 test point";
  return (feed == "list add" ? "rblitz " : "feed ") + Printable(feed);
}

std::string RecordText(const Json& record) {
  const std::string a = record["a"].is_null() ? "no A" : "A " + Printable(record["a"]);
  std::string text = "  " + a + "  TTL " + Number(record["ttl"]) + "  from " + SourceText(record["feed"]) + "\n";
  if (!record["txt"].is_null()) text += "  TXT \"" + Printable(record["txt"]) + "\"\n";
  return text + LineText(record);
}

}  // namespace

std::string RenderStatus(const Json& status) {
  std::string text = "rblitzd " + Printable(status["version"]) + ", " + Printable(status["state"]) + ", up " +
                     Duration(status["uptime_seconds"]) + ", pid " + Number(status["pid"]) + "\n";
  text += "config: " + Printable(status["config"]) + "\n";
  text += "io: " + Printable(status["io"]) + ", " + Number(status["workers"]) + " worker(s), " +
          Decimal(status["queries_per_second"].get<double>(), 0) + " queries/s\n";
  text += PortLines(status) + ClientLines(status["clients"]);
  text +=
      "memory: " + Bytes(status["memory"]["rss_bytes"]) + ", peak " + Bytes(status["memory"]["peak_rss_bytes"]) + "\n";
  const Json& feeds = status["feeds"];
  const std::string of_feeds =
      feeds.empty() ? "" : FeedStatusTable(feeds) + OriginLines(feeds) + LoadErrors(feeds) + BadLines(feeds);
  return text + "\n" + Paragraphs({ZoneTable(status["zones"]), GreylistTable(status["greylists"]), of_feeds});
}

std::string RenderStats(const Json& stats) {
  TextTable totals;
  for (const char* key : {"received", "answered", "arp_replies", "nd_replies", "icmp_replies", "to_kernel", "bursts",
                          "bytes_received", "bytes_answered", "queries_per_second", "answers_per_second"}) {
    totals.AddRow({key, Decimal(stats[key].get<double>(), 0)});
  }
  std::string text = totals.Text();
  for (const char* key : {"dropped", "rate_limit", "cookies", "lost", "rcodes", "types"})
    text += key + ("\n" + NonZero(stats[key]));
  const Json& conflicts = stats["address_conflicts"];
  if (conflicts["seen"] != 0) {
    text += "address conflicts: " + Number(conflicts["seen"]) + ", last " +
            conflicts["last_address"].get<std::string>() + " at " + conflicts["last_mac"].get<std::string>() + "\n";
  }
  text += TcpText(stats["tcp"]);
  text += PortCounters(stats["ports"]) + WorkerCounters(stats["workers"]);
  text += "question sizes (bytes at most)\n" + NonZero(stats["question_sizes"]);
  text += "answer sizes (bytes at most)\n" + NonZero(stats["answer_sizes"]);
  TextTable zones;
  zones.AddRow({"zone", "listed", "nodata", "nxdomain", "servfail", "refused", "ignored", "other"});
  for (const auto& [name, outcomes] : stats["zones"].items()) {
    zones.AddRow({name, Number(outcomes["listed"]), Number(outcomes["nodata"]), Number(outcomes["nxdomain"]),
                  Number(outcomes["servfail"]), Number(outcomes["refused"]), Number(outcomes["ignored"]),
                  Number(outcomes["other"])});
  }
  return text + "\n" + zones.Text();
}

std::string RenderChange(const Json& before, const Json& after, double seconds) {
  const auto dropped = [](const Json& stats) {
    uint64_t sum = 0;
    for (const Json& count : stats["dropped"]) sum += count.get<uint64_t>();
    return static_cast<double>(sum);
  };
  const auto change = [&](const char* key) { return after[key].get<double>() - before[key].get<double>(); };
  return "received/s " + Decimal(change("received") / seconds, 0) + "  answered/s " +
         Decimal(change("answered") / seconds, 0) + "  dropped/s " +
         Decimal((dropped(after) - dropped(before)) / seconds, 0) + "\n";
}

std::string RenderReload(const Json& reload) {
  std::string text = reload["feeds"].empty()
                         ? ""
                         : OutcomeTable(reload["feeds"]) + WidestLines(reload["feeds"]) + BadLines(reload["feeds"]);
  if (!reload["needs_restart"].empty()) text += "needs restart: " + Joined(reload["needs_restart"]) + "\n";
  return text;
}

std::string RenderProgress(const Json& status) {
  const Json& reading = status["reading"];
  if (reading.is_null()) return "";
  return ", reading " + Printable(reading["feed"]) + ", " + Number(reading["lines"]) + " lines";
}

std::string RenderLookup(const Json& lookup) {
  std::string text;
  for (const Json& zone : lookup["zones"]) {
    text += Printable(zone["zone"]) + ": " + Printable(lookup["what"]) + " is ";
    text += zone["out"].get<bool>()      ? "not known: its feeds are out (SERVFAIL)"
            : zone["listed"].get<bool>() ? "listed"
                                         : "not listed";
    if (!zone["excepted_by"].is_null()) text += ": excepted by feed " + Printable(zone["excepted_by"]);
    if (zone["restricted"].get<bool>()) text += " (for clients that may ask)";
    text += "\n";
    for (const Json& record : zone["records"]) text += RecordText(record);
  }
  return text;
}

std::string RenderList(const Json& list) {
  if (list.contains("forgotten")) return OverrideText(list["forgotten"]) + ": forgotten\n";
  if (list.contains("override")) {
    const std::string done = list["replaced"].get<bool>() ? " (in place of the one before)" : "";
    const std::string where = list["zones"].empty() ? "no zone now" : Joined(list["zones"]);
    return OverrideText(list["override"]) + done + ", in " + where + "\n";
  }
  std::string text;
  for (const Json& problem : list["problems"]) text += "problem: " + Printable(problem) + "\n";
  return text + (list["overrides"].empty() ? "no overrides\n" : OverrideTable(list["overrides"]));
}

std::string RenderCheck(const Json& check) {
  if (check["zones"].empty() && check["greylists"].empty()) return "";
  const Json& feeds = check["feeds"];
  const std::string of_feeds = feeds.empty() ? "" : OutcomeTable(feeds) + BadLines(feeds);
  return Paragraphs({ZoneTable(check["zones"]), CheckedGreylists(check["greylists"]), of_feeds});
}

}  // namespace rblitz
