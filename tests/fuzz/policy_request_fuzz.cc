// Any bytes as what a mail server says to the policy service, in pieces of a size that the first byte chooses: requests
// end and read as the simple reader has them, and what is made of one is a question or a reason not to ask.
#include <cstdint>
#include <string>

#include "cli/policy/request.h"
#include "cli/policy/rules.h"
#include "cli/policy/sender.h"
#include "tests/fuzz/require.h"
#include "tests/policy_request_twin.h"

namespace rblitz::policy {

namespace {

const Rules& TheRules() {
  static const Settings settings = [] {
    Settings made;
    made.zone = "grey.test";
    return made;
  }();
  static const Rules rules = Rules::Create(&settings, GreyKey::FromText("s3cret").value()).value();
  return rules;
}

void Check(const Request& request, const TwinRequest& twin) {
  Require(request.client_address == twin.At("client_address") && request.client_name == twin.At("client_name"));
  Require(request.sender == twin.At("sender") && request.recipient == twin.At("recipient"));
  Require(request.instance == twin.At("instance") && request.policy_context == twin.At("policy_context"));
  const std::string sender = NormalSender(request.sender, request.recipient);
  Require(sender.size() <= request.sender.size());
  const auto outcome = TheRules().WithoutAsking(request);
  if (!outcome) Require(TheRules().QuestionFor(request).has_value() == (request.recipient != "<>"));
}

}  // namespace

}  // namespace rblitz::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rblitz::policy;
  using rblitz::Require;
  if (size == 0) return 0;
  const std::string stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = size_t{data[0]} + 1;
  size_t at = 0;
  for (const TwinRequest& twin : TwinRequests(stream)) {
    size_t searched = 0;
    std::optional<size_t> whole;
    for (size_t came = at; !whole && came < stream.size();) {
      came = std::min(came + piece, stream.size());
      whole = RequestSize(std::string_view(stream).substr(at, came - at), &searched);
    }
    Require(whole == twin.end - at);
    const auto request = ReadRequest(std::string_view(stream).substr(at, *whole));
    Require(request.has_value() == twin.is_good);
    if (request) Check(*request, twin);
    at = twin.end;
  }
  return 0;
}
