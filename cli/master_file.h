// Writes records as a master file (RFC 1035 section 5).
//
// Thread-safety: none. Errors: those of the stream. Cost: a buffer of text; nothing is kept.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/zone.h"
#include "tables/generic_records.h"

namespace rblitz {

class MasterFile {
 public:
  explicit MasterFile(std::ostream* out) : out_(out) {}
  ~MasterFile() { Flush(); }
  MasterFile(const MasterFile&) = delete;
  MasterFile& operator=(const MasterFile&) = delete;

  // $ORIGIN and what stands at the apex. Without a name server there is one that exists nowhere, so that others take
  // it.
  void Begin(const std::string& zone, const Soa& soa, const NameServers& ns);

  // What follows stands below this name.
  void Origin(const std::string& name);

  // Owners are text, relative to the origin; "@" is the origin itself.
  void Listings(std::string_view owner, std::span<const Listing> listings);
  void Record(std::string_view owner, uint32_t ttl_seconds, const GenericRecord& record);
  // A name that a wildcard would cover, though it is not listed: rbldnsd's way to say so.
  void Excluded(std::string_view owner);

  [[nodiscard]] uint64_t records() const noexcept { return records_; }
  // False: nobody takes it any more.
  [[nodiscard]] bool good() const { return out_->good(); }
  void Flush();

 private:
  void Line(std::string_view owner, uint32_t ttl_seconds, std::string_view type, std::string_view data);

  std::ostream* out_;
  std::string text_;
  uint64_t records_ = 0;
  uint32_t ttl_seconds_ = 0;
};

}  // namespace rblitz
