// The server's log: single lines of key=value on stderr, which the journal takes as they are.
//
// Thread-safety: any thread; a line is one write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rblitz {

class LogLine {
 public:
  explicit LogLine(std::string_view event) : line_("event=" + std::string(event)) {}
  ~LogLine();  // writes the line
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  // Values with blanks, quotes or control characters are quoted.
  LogLine& Add(std::string_view key, std::string_view value);
  LogLine& Add(std::string_view key, uint64_t value) { return Add(key, std::to_string(value)); }
  LogLine& AddSeconds(std::string_view key, double seconds);

 private:
  std::string line_;
};

}  // namespace rblitz
