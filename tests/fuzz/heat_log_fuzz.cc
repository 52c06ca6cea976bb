// Any bytes as a line of a log: what is told of a client stands in the line, and a comment or a blank says nothing.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "cli/heat/log_line.h"
#include "loaders/line_reader.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rblitz;
  using Kind = LogLine::Kind;
  // A line has no end within it.
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.resize(std::min(bytes.find('\n'), size));
  const size_t line_size = bytes.size();
  bytes.append(kBlockSlack, '7');
  const std::string_view line(bytes.data(), line_size);
  const LogLine read = ReadLogLine(line);
  const auto of = [](std::string text, char behind) {
    const size_t at = text.size();
    text.append(kBlockSlack, behind);
    return ReadLogLine(std::string_view(text).substr(0, at));
  };
  // What is behind the line changes nothing.
  const LogLine again = of(std::string(line), ']');
  Require(again.kind == read.kind && again.client == read.client);
  if (read.kind == Kind::kClient) {
    // Its address is in brackets.
    Require(line.find('[') != std::string_view::npos && line.find(']') != std::string_view::npos);
  }
  const auto* const ip6 = std::get_if<Ip6Address>(&read.client);
  if (ip6 != nullptr) Require(!IsV4Mapped(*ip6) && line.find(':') != std::string_view::npos);
  if (read.kind == Kind::kOther || read.kind == Kind::kMail || read.kind == Kind::kNothing || read.kind == Kind::kBad) {
    Require(read.client == ClientAddress());
  }
  Require(of("# " + std::string(line), '7').kind != Kind::kPlain);
  return 0;
}
