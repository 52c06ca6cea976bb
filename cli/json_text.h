// Values of the server's JSON as people read them.
//
// Thread-safety: pure. Errors: JSON of another shape throws nlohmann's exceptions, which main catches.
#pragma once

#include <string>

#include "cli/json.h"

namespace rblitz::json_text {

[[nodiscard]] std::string Decimal(double value, int digits);
// "-" for null.
[[nodiscard]] std::string Number(const Json& value);
// With a binary unit: 3.0 MiB.
[[nodiscard]] std::string Bytes(const Json& value);
// Seconds in the two largest units: 3d4h, 5m10s; "-" for null.
[[nodiscard]] std::string Duration(const Json& value);
// Text without control characters, which are none of the terminal's business.
[[nodiscard]] std::string Printable(const Json& value);
// A list of texts, with commas.
[[nodiscard]] std::string Joined(const Json& list);

}  // namespace rblitz::json_text
