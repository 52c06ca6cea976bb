// Answers of feeds of names, digests and records as readable strings, and tables of data and what it answers.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tables/digest.h"
#include "tables/generic_records.h"
#include "tests/feed_fixture.h"
#include "tests/names.h"

namespace rblitz {

inline std::string AnswersOf(const FeedData& feed, ValueId value, std::string_view subject) {
  std::string joined;
  for (const Verdict& verdict : feed.verdicts.at(value)) {
    char text[kMaxTextBytes];
    const size_t size = feed.verdicts.Render(verdict.text, subject, text);
    joined.append(joined.empty() ? "" : " | ").append(Dotted(verdict.a_be));
    if (size > 0) joined.append(" ").append(text, size);
  }
  return joined.empty() ? "-" : joined;
}

// As Loaded::Ask, of a name in lower case without escapes; the subject of a text is the entry that matched.
inline std::string AskName(const Loaded& loaded, std::string_view name) {
  if (loaded.feed == nullptr) return "no feed: " + loaded.error;
  const NameMatch match = loaded.feed->names->Lookup(Wire(name));
  return AnswersOf(*loaded.feed, match.value, name.substr(match.offset));
}

// Of the digest as it stands in a question.
inline std::string AskHash(const Loaded& loaded, std::string_view name) {
  if (loaded.feed == nullptr) return "no feed: " + loaded.error;
  const WireName wire = Wire(name);
  const DigestReadings readings = DigestsFromLabels(wire);
  for (size_t i = 0; i < readings.count; ++i) {
    const ValueId value = loaded.feed->hashes->Lookup(readings.digests[i]);
    if (value != kNotListed) return AnswersOf(*loaded.feed, value, name);
  }
  return "-";
}

// "300 A 7f000001 | 0 TXT 0161": TTL, type and data in hexadecimal. "below" for a name that has no records of its own.
inline std::string AskGeneric(const Loaded& loaded, std::string_view name) {
  if (loaded.feed == nullptr) return "no feed: " + loaded.error;
  const GenericRecords::Records* const records = loaded.feed->generic->Find(Wire(name));
  if (records == nullptr) return "-";
  std::string joined;
  for (const GenericRecord& record : *records) {
    const std::string type = record.type == RecordType::kA ? "A" : record.type == RecordType::kMx ? "MX" : "TXT";
    joined.append(joined.empty() ? "" : " | ").append(std::to_string(record.ttl_seconds) + " " + type + " ");
    for (const char c : record.rdata) {
      const auto byte = static_cast<uint8_t>(c);
      joined += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    }
  }
  return joined.empty() ? "below" : joined;
}

struct NameQuestion {
  const char* name;
  const char* answer;
};

struct NameFeed {
  std::string text;
  std::vector<NameQuestion> questions;
  std::vector<std::string> errors = {};  // "line: what"
};

inline void CheckNames(std::string_view format, std::string (*ask)(const Loaded&, std::string_view),
                       const std::vector<NameFeed>& cases) {
  for (const NameFeed& c : cases) {
    const Loaded loaded = LoadText(format, c.text);
    for (const NameQuestion& q : c.questions) EXPECT_EQ(ask(loaded, q.name), q.answer) << c.text << " for " << q.name;
    std::vector<std::string> errors;
    for (const std::string& error : c.errors) errors.push_back("1:" + error);
    EXPECT_EQ(loaded.report.errors, errors) << c.text;
    EXPECT_EQ(loaded.report.rejected, errors.size()) << c.text;
  }
}

}  // namespace rblitz
