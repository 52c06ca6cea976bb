// Writes an answer over its question, record by record: the way for all that has no ready answer. A record that does
// not fit is left out whole; when that leaves the answer section incomplete, TC is set (RFC 2181 section 9). Over TCP
// an answer may have 65,535 bytes, over UDP what the client takes, up to 1232.
//
// Thread-safety: one answer, one thread. Errors: none. Cost: tens of nanoseconds a record; no allocation.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/dns/query.h"
#include "dataplane/dns/wire.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

enum class Section : uint8_t { kAnswer, kAuthority, kAdditional };

// Adds an option to an answer that ends in an OPT without options. REQUIRES: the message has the room.
void AddOption(io::Message& message, uint16_t code, std::span<const uint8_t> data) noexcept;

class AnswerWriter {
 public:
  // `query` describes the message's question; what stands behind query.question_end is written over. Where that is the
  // header's end there is no question, and the answer has none.
  AnswerWriter(io::Message& message, const dns::Query& query) noexcept;

  // Where the zone's apex stands in the message, for the names of chunks.
  void set_apex_at(size_t apex_at) noexcept { apex_at_ = apex_at; }

  void AddChunk(const RecordChunk& chunk, Section section) noexcept;
  // An A record for the question's name, unless the same is there already.
  void AddA(uint32_t ttl_seconds, uint32_t a_be) noexcept;
  // A TXT record of one string, unless the same is there already.
  void AddText(uint16_t qclass, uint32_t ttl_seconds, std::string_view text,
               Section section = Section::kAnswer) noexcept;

  // A record for the question's name, unless the same is there already. `rdata` in wire form.
  void AddRecord(uint16_t type, uint16_t qclass, uint32_t ttl_seconds, std::span<const uint8_t> rdata,
                 Section section = Section::kAnswer) noexcept;

  // Asks for TCP, though nothing is left out.
  void Truncate() noexcept { truncated_ = true; }

  // Header, counts, OPT; sets the message's size and sum_change.
  void Finish(dns::Rcode rcode, bool authoritative) noexcept;

 private:
  [[nodiscard]] uint8_t* Room(size_t bytes, Section section) noexcept;
  [[nodiscard]] bool IsThere(uint16_t type, std::span<const uint8_t> rdata) const noexcept;

  io::Message& message_;
  const dns::Query& query_;
  const uint32_t old_sum_;
  size_t apex_at_ = 0;
  size_t end_;
  size_t limit_;
  uint16_t counts_[3] = {};  // by Section
  bool truncated_ = false;
};

}  // namespace rblitz
