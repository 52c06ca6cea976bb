// Walks the records of a DNS message by their lengths alone, with nothing of dataplane/dns: what a fuzz target or a
// stress test asks of an answer whose meaning it does not know.
//
// Thread-safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rblitz::test {

struct WireCounts {
  bool whole = false;  // all that the header counts is there, and nothing behind it
  unsigned questions = 0;
  unsigned records = 0;
  unsigned opts = 0;
  size_t question_end = 12;
};

class WireWalk {
 public:
  explicit WireWalk(std::span<const uint8_t> message) : m_(message) {}

  WireCounts Walk() {
    WireCounts counts;
    if (m_.size() < 12) return counts;
    counts.questions = Word(4);
    const unsigned records = Word(6) + Word(8) + Word(10);
    for (unsigned i = 0; i < counts.questions; ++i) {
      if (!SkipName() || !Skip(4)) return counts;
    }
    counts.question_end = at_;
    for (; counts.records < records; ++counts.records) {
      if (!SkipName() || !Skip(10)) return counts;
      counts.opts += Word(at_ - 10) == 41;
      if (!Skip(Word(at_ - 2))) return counts;
    }
    counts.whole = at_ == m_.size();
    return counts;
  }

 private:
  [[nodiscard]] unsigned Word(size_t at) const { return static_cast<unsigned>(m_[at]) << 8 | m_[at + 1]; }
  bool Skip(size_t bytes) {
    if (bytes > m_.size() - at_) return false;
    at_ += bytes;
    return true;
  }
  // Past a name, which must lead somewhere: a pointer (RFC 1035 section 4.1.4) points back, to another name's label.
  bool SkipName() {
    size_t size = 0;
    for (size_t at = at_, jumps = 0;;) {
      if (at >= m_.size()) return false;
      const uint8_t length = m_[at];
      if (length >= 0xc0) {
        if (m_.size() - at < 2 || ++jumps > 20) return false;
        const size_t target = Word(at) & 0x3fff;
        if (target < 12 || target >= at) return false;
        if (jumps == 1) at_ = at + 2;
        at = target;
      } else if (length > 63 || (size += 1u + length) > 255) {
        return false;
      } else if (length == 0) {
        if (jumps == 0) at_ = at + 1;
        return true;
      } else {
        at += 1u + length;
      }
    }
  }

  std::span<const uint8_t> m_;
  size_t at_ = 12;
};

inline WireCounts WalkMessage(std::span<const uint8_t> message) { return WireWalk(message).Walk(); }

}  // namespace rblitz::test
