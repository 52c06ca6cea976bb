#include "cli/ask.h"

namespace rblitz {

Result<Json> Ask(const std::string& control, const Json& request, const WaitingFor& waiting) {
  const auto line = AskServer(control, DumpJson(request), waiting);
  if (!line) return tl::unexpected<Error>(line.error());
  Json answer = ParseJson(*line);
  if (answer.is_object() && answer.contains("result")) return std::move(answer["result"]);
  if (answer.is_object() && answer.contains("error") && answer["error"].is_string()) {
    return Fail(answer["error"].get<std::string>());
  }
  return Fail(control + ": that is no answer of rblitzd");
}

}  // namespace rblitz
