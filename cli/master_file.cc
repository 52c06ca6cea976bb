#include "cli/master_file.h"

#include <cstdio>

#include "cli/looked_up.h"
#include "dataplane/dns/name.h"

namespace rblitz {

namespace {

constexpr size_t kFull = size_t{256} << 10;

// A <character-string> (RFC 1035 section 5.1).
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\%03u", byte);
      quoted += escaped;
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Absolute(const std::string& name) { return name.ends_with('.') ? name : name + "."; }

std::string DataOf(const GenericRecord& record) {
  const auto* const data = reinterpret_cast<const uint8_t*>(record.rdata.data());
  if (record.type == RecordType::kTxt) return Quoted(std::string_view(record.rdata).substr(1));
  if (record.type == RecordType::kA) {
    uint32_t a_be;
    record.rdata.copy(reinterpret_cast<char*>(&a_be), sizeof a_be);
    return AText(a_be);
  }
  char name[4 * dns::kMaxName];
  const std::string text(name, dns::NameToText(data + 2, name));
  return std::to_string(data[0] << 8 | data[1]) + " " + Absolute(text);
}

std::string_view TypeName(RecordType type) {
  return type == RecordType::kA ? "A" : type == RecordType::kMx ? "MX" : "TXT";
}

}  // namespace

void MasterFile::Begin(const std::string& zone, const Soa& soa, const NameServers& ns) {
  ttl_seconds_ = soa.ttl_seconds;
  Origin(zone);
  text_ += "$TTL " + std::to_string(soa.ttl_seconds) + "\n";
  std::string data = Absolute(soa.mname) + " " + Absolute(soa.rname);
  for (const uint32_t value :
       {soa.serial, soa.refresh_seconds, soa.retry_seconds, soa.expire_seconds, soa.minimum_seconds}) {
    data += " " + std::to_string(value);
  }
  Line("@", soa.ttl_seconds, "SOA", data);
  for (const std::string& name : ns.names) {
    Line("@", ns.ttl_seconds != 0 ? ns.ttl_seconds : soa.ttl_seconds, "NS", Absolute(name));
  }
  if (!ns.names.empty()) return;
  // RFC 1034 section 4.2.1 wants one of every zone; RFC 6761 section 6.4 has a name that is nobody's.
  text_ += "; The zone has no name server (ns), which no master file may lack: put yours here.\n";
  Line("@", soa.ttl_seconds, "NS", "invalid.");
}

void MasterFile::Origin(const std::string& name) { text_ += "$ORIGIN " + Absolute(name) + "\n"; }

void MasterFile::Line(std::string_view owner, uint32_t ttl_seconds, std::string_view type, std::string_view data) {
  text_.append(owner).append("\t").append(std::to_string(ttl_seconds)).append("\tIN\t");
  text_.append(type).append("\t").append(data).append("\n");
  ++records_;
  if (text_.size() >= kFull) Flush();
}

void MasterFile::Listings(std::string_view owner, std::span<const Listing> listings) {
  for (const Listing& listing : listings) {
    if (listing.a_be != 0) Line(owner, listing.ttl_seconds, "A", AText(listing.a_be));
    if (!listing.text.empty()) Line(owner, listing.ttl_seconds, "TXT", Quoted(listing.text));
  }
}

void MasterFile::Record(std::string_view owner, uint32_t ttl_seconds, const GenericRecord& record) {
  Line(owner, ttl_seconds, TypeName(record.type), DataOf(record));
}

void MasterFile::Excluded(std::string_view owner) { Line(owner, ttl_seconds_, "CNAME", "excluded"); }

void MasterFile::Flush() {
  out_->write(text_.data(), static_cast<std::streamsize>(text_.size()));
  text_.clear();
}

}  // namespace rblitz
