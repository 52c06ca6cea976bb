// The one way a control-plane function fails: a value or an Error whose message an operator can act on.
//
// Errors: messages carry their place, as in "drop.txt:17: bad prefix '1.2.3.0/33'". The hot path never uses this
// header: there nothing fails, things are counted (dataplane/stats.h).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace rblitz {

struct Error {
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> Fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace rblitz
