// Makes the records of a RecordChunk: the owner of each is the apex of the configured zone or the question's name, and
// names in them are compressed. For zone*.cc only.
//
// Thread-safety: none. Lifetime: the zone's apex is set before, and outlives the writer.
// Source: RFC 1035 sections 3.2.1 and 4.1.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

class ChunkWriter {
 public:
  explicit ChunkWriter(const Zone::Rep& zone) : zone_(zone) {}

  void Begin(bool owner_is_apex, dns::Type type, uint32_t ttl_seconds) {
    if (owner_is_apex) {
      Pointer(zone_.part_size);
    } else {
      Put16(dns::kQnamePointer);
    }
    Put16(type);
    Put16(dns::kIn);
    Put32(ttl_seconds);
    length_at_ = chunk_.bytes.size();
    Put16(0);
  }
  void End() {
    dns::Store16(&chunk_.bytes[length_at_], static_cast<uint16_t>(chunk_.bytes.size() - length_at_ - 2));
    ++chunk_.records;
  }

  // Compressed against the apex of the configured zone as far as both end alike (RFC 1035 section 4.1.4): before that
  // a question can have a key.
  void PutName(const dns::Name& name) {
    size_t at = 0;
    for (; name.bytes[at] != 0; at += 1u + name.bytes[at]) {
      const size_t rest = name.size - at;
      if (rest + zone_.part_size <= zone_.apex_size && IsLabelStart(zone_.apex_size - rest) &&
          dns::SameName(&name.bytes[at], &zone_.apex[zone_.apex_size - rest], rest)) {
        chunk_.bytes.insert(chunk_.bytes.end(), name.bytes.begin(), name.bytes.begin() + static_cast<ptrdiff_t>(at));
        Pointer(zone_.apex_size - rest);
        return;
      }
    }
    chunk_.bytes.insert(chunk_.bytes.end(), name.bytes.begin(), name.bytes.begin() + name.size);
  }
  void PutBytes(std::string_view bytes) { chunk_.bytes.insert(chunk_.bytes.end(), bytes.begin(), bytes.end()); }
  void Put32(uint32_t value) {
    Put16(static_cast<uint16_t>(value >> 16));
    Put16(static_cast<uint16_t>(value));
  }

  [[nodiscard]] RecordChunk Take() { return std::exchange(chunk_, {}); }

 private:
  void Put16(uint16_t value) {
    chunk_.bytes.push_back(static_cast<uint8_t>(value >> 8));
    chunk_.bytes.push_back(static_cast<uint8_t>(value));
  }
  void Pointer(size_t delta) {
    chunk_.places.push_back({static_cast<uint16_t>(chunk_.bytes.size()), static_cast<uint16_t>(delta)});
    Put16(0);
  }
  [[nodiscard]] bool IsLabelStart(size_t offset) const {
    size_t at = 0;
    while (at < offset) at += 1u + zone_.apex[at];
    return at == offset;
  }

  const Zone::Rep& zone_;
  RecordChunk chunk_;
  size_t length_at_ = 0;
};

}  // namespace rblitz
