// Any bytes as a line of the control socket: parsed or refused; a lookup is answered from four zones. Whatever is
// answered must be one line of JSON again.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cli/json.h"
#include "cli/request.h"
#include "cli/views.h"
#include "tests/fuzz/require.h"
#include "tests/serving.h"

namespace {

using namespace rblitz;

Result<Json> AnswerTo(std::string_view line) {
  static const std::unique_ptr<const Serving> kServing = test::FourZones().value();
  const Result<ControlRequest> request = ParseRequest(line);
  if (!request) return tl::unexpected<Error>(request.error());
  if (request->command == "lookup") return LookupJson(*kServing, request->what, request->zone);
  return Json{{"command", request->command}, {"feeds", request->feeds}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Json> answer = AnswerTo({reinterpret_cast<const char*>(data), size});
  const std::string text = DumpJson(answer ? *answer : Json{{"error", answer.error().message}});
  Require(text.find('\n') == std::string::npos);
  Require(ParseJson(text).is_object());
  return 0;
}
