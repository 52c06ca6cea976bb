// Single values of the server's JSON as text for people. For render*.cc only.
//
// Thread-safety: pure. Errors: JSON of another type throws nlohmann's exceptions, which main catches.
#pragma once

#include <string>

#include "cli/json.h"

namespace rblitz {

[[nodiscard]] std::string Decimal(double value, int digits);

// These three show null as "-".
[[nodiscard]] std::string Number(const Json& value);
// The two largest units: 3d4h, 5m10s.
[[nodiscard]] std::string Duration(const Json& value);
// Local time, to the second.
[[nodiscard]] std::string Time(const Json& value);

// "1.5 MiB".
[[nodiscard]] std::string Bytes(const Json& value);

// A feed's bad line may hold control characters, which are none of the terminal's business.
[[nodiscard]] std::string Printable(const Json& value);

}  // namespace rblitz
