// What a stream of policy requests means, read the simple way: whole lines first, then requests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rblitz::policy {

struct TwinRequest {
  bool is_good = true;
  std::map<std::string, std::string> attributes;
  size_t end = 0;  // in the stream

  [[nodiscard]] std::string At(const std::string& name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? "" : found->second;
  }
};

// All requests that are whole, those behind a broken one too.
inline std::vector<TwinRequest> TwinRequests(std::string_view stream) {
  std::vector<TwinRequest> requests;
  TwinRequest request;
  for (size_t at = 0, end = 0; (end = stream.find('\n', at)) != std::string_view::npos; at = end + 1) {
    std::string line(stream.substr(at, end - at));
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) {
      request.is_good &= request.At("request") == "smtpd_access_policy";
      request.end = end + 1;
      requests.push_back(request);
      request = TwinRequest{};
      continue;
    }
    const size_t equals = line.find('=');
    request.is_good &= equals != std::string::npos && line.find('\0') == std::string::npos;
    if (equals != std::string::npos) request.attributes[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return requests;
}

}  // namespace rblitz::policy
