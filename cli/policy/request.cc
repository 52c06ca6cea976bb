#include "cli/policy/request.h"

#include <utility>

namespace rblitz::policy {

namespace {

constexpr std::pair<std::string_view, std::string_view Request::*> kAttributes[] = {
    {"client_address", &Request::client_address},
    {"client_name", &Request::client_name},
    {"sender", &Request::sender},
    {"recipient", &Request::recipient},
    {"instance", &Request::instance},
    {"sasl_username", &Request::sasl_username},
    {"policy_context", &Request::policy_context},
};

// Without its end, which is taken off too.
std::string_view TakeLine(std::string_view& bytes) noexcept {
  const size_t end = bytes.find('\n');
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<size_t> RequestSize(std::string_view bytes, size_t* searched) noexcept {
  for (size_t at = *searched; (at = bytes.find('\n', at)) != std::string_view::npos; ++at) {
    const bool after_cr = at > 0 && bytes[at - 1] == '\r';
    const size_t line_end = after_cr ? at - 1 : at;
    if (line_end == 0 || bytes[line_end - 1] == '\n') return at + 1;
  }
  *searched = bytes.size();
  return std::nullopt;
}

std::optional<Request> ReadRequest(std::string_view whole) noexcept {
  if (whole.find('\0') != std::string_view::npos) return std::nullopt;
  Request request;
  bool is_policy = false;
  for (std::string_view line = TakeLine(whole); !line.empty(); line = TakeLine(whole)) {
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    for (const auto& [known, attribute] : kAttributes) {
      if (name == known) request.*attribute = value;
    }
    if (name == "request") is_policy = value == "smtpd_access_policy";
  }
  if (!is_policy) return std::nullopt;
  return request;
}

}  // namespace rblitz::policy
