// Questions and answers as a test wants to write and read them. Reads slowly and strictly: whatever it does not
// understand is a failure.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/dns/name.h"
#include "dataplane/dns/wire.h"

namespace rblitz {

using Bytes = std::vector<uint8_t>;

inline void Append16(Bytes& out, uint32_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

struct Opt {
  uint16_t size = 4096;
  uint8_t version = 0;
  bool dnssec_ok = false;
  Bytes options;
};

inline void AppendOpt(Bytes& out, const Opt& opt) {
  out.push_back(0);
  Append16(out, dns::kOpt);
  Append16(out, opt.size);
  out.push_back(0);
  out.push_back(opt.version);
  Append16(out, opt.dnssec_ok ? 0x8000 : 0);
  Append16(out, static_cast<uint32_t>(opt.options.size()));
  out.insert(out.end(), opt.options.begin(), opt.options.end());
}

inline Bytes Question(std::string_view name, uint16_t type, std::optional<Opt> opt = {}, uint16_t qclass = dns::kIn,
                      uint16_t flags = dns::kRd) {
  Bytes out;
  Append16(out, 0x1234);
  Append16(out, flags);
  Append16(out, 1);
  Append16(out, 0);
  Append16(out, 0);
  Append16(out, opt ? 1 : 0);
  const dns::Name wire = dns::NameFromText(name);
  EXPECT_GT(wire.size, 0) << name;
  out.insert(out.end(), wire.bytes.begin(), wire.bytes.begin() + wire.size);
  Append16(out, type);
  Append16(out, qclass);
  if (opt) AppendOpt(out, *opt);
  return out;
}

inline constexpr uint16_t kMx = 15;  // RFC 1035 section 3.3.9

struct Record {
  std::string owner;
  uint16_t type;
  uint16_t rclass;
  uint32_t ttl;
  std::string data;  // A: dotted; NS: name; MX, SOA: all fields; TXT, HINFO: strings joined by '|'; else hex
  bool operator==(const Record&) const = default;
  friend void PrintTo(const Record& r, std::ostream* out) {
    *out << r.owner << " " << r.ttl << " class " << r.rclass << " type " << r.type << " " << r.data;
  }
};

struct Answer {
  uint16_t id = 0;
  uint16_t flags = 0;
  std::string qname;
  uint16_t questions = 0;
  std::vector<Record> answer, authority, additional;
  std::optional<Opt> opt;
  uint16_t extended_rcode = 0;
  [[nodiscard]] unsigned rcode() const { return static_cast<unsigned>(extended_rcode << 4 | (flags & 15)); }
};

class AnswerReader {
 public:
  explicit AnswerReader(const Bytes& message) : m_(message) {}

  Answer Read() {
    Answer a;
    EXPECT_GE(m_.size(), dns::kHeaderSize);
    a.id = Take16();
    a.flags = Take16();
    a.questions = Take16();
    const uint16_t counts[] = {Take16(), Take16(), Take16()};
    for (unsigned i = 0; i < a.questions; ++i) {
      a.qname = TakeName();
      at_ += 4;
    }
    for (unsigned i = 0; i < counts[0]; ++i) a.answer.push_back(TakeRecord(a));
    for (unsigned i = 0; i < counts[1]; ++i) a.authority.push_back(TakeRecord(a));
    for (unsigned i = 0; i < counts[2]; ++i) a.additional.push_back(TakeRecord(a));
    EXPECT_EQ(at_, m_.size()) << "bytes behind the last record";
    return a;
  }

 private:
  uint8_t At(size_t at) const {
    if (at < m_.size()) return m_[at];
    ADD_FAILURE() << "reads past the end at " << at;
    return 0;
  }
  uint16_t Take16() {
    at_ += 2;
    return static_cast<uint16_t>(At(at_ - 2) << 8 | At(at_ - 1));
  }
  uint32_t Take32() {
    const uint32_t high = Take16();
    return high << 16 | Take16();
  }
  std::string TakeName() {
    std::string name;
    size_t at = at_;
    bool jumped = false;
    for (int hops = 0; hops < 20;) {
      const uint8_t length = At(at);
      if ((length & 0xc0) == 0xc0) {
        const size_t target = static_cast<size_t>(length & 0x3f) << 8 | At(at + 1);
        if (!jumped) at_ = at + 2;
        EXPECT_LT(target, at) << "a pointer forward";
        jumped = true;
        at = target;
        ++hops;
        continue;
      }
      if (length == 0) {
        if (!jumped) at_ = at + 1;
        return name;
      }
      if (!name.empty()) name += '.';
      for (unsigned i = 0; i < length; ++i) name += static_cast<char>(At(at + 1 + i));
      at += 1u + length;
    }
    ADD_FAILURE() << "a loop of pointers";
    return name;
  }
  Record TakeRecord(Answer& a) {
    Record r{.owner = TakeName(), .type = Take16(), .rclass = Take16(), .ttl = Take32(), .data = {}};
    const size_t length = Take16();
    const size_t end = at_ + length;
    if (r.type == dns::kA) {
      for (size_t i = 0; i < 4; ++i) r.data += (i > 0 ? "." : "") + std::to_string(At(at_++));
    } else if (r.type == dns::kNs) {
      r.data = TakeName();
    } else if (r.type == kMx) {
      r.data = std::to_string(Take16());
      r.data += " " + TakeName();
    } else if (r.type == dns::kSoa) {
      r.data = TakeName();
      r.data += " " + TakeName();
      for (int i = 0; i < 5; ++i) r.data += " " + std::to_string(Take32());
    } else if (r.type == dns::kTxt || r.type == dns::kHinfo) {
      while (at_ < end) {
        if (at_ > end - length) r.data += '|';
        for (unsigned n = At(at_++); n > 0; --n) r.data += static_cast<char>(At(at_++));
      }
    } else if (r.type == dns::kOpt) {
      EXPECT_FALSE(a.opt) << "two OPT records";
      a.opt = Opt{.size = r.rclass,
                  .version = static_cast<uint8_t>(r.ttl >> 16),
                  .dnssec_ok = (r.ttl & 0x8000) != 0,
                  .options = Bytes(m_.begin() + static_cast<ptrdiff_t>(at_), m_.begin() + static_cast<ptrdiff_t>(end))};
      a.extended_rcode = static_cast<uint16_t>(r.ttl >> 24);
      at_ = end;
    } else {
      ADD_FAILURE() << "type " << r.type << " in an answer";
    }
    EXPECT_EQ(at_, end) << "RDLENGTH is wrong for type " << r.type;
    at_ = end;
    return r;
  }

  const Bytes& m_;
  size_t at_ = 0;
};

}  // namespace rblitz
