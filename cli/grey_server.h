// A greylist of a running server, as the operator's tool sees it over the control socket.
//
// Thread-safety: pure but for the socket. Errors: those of the socket, what the server tells, and answers that are
// none. Cost: a connection for each question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cli/grey_settings.h"
#include "cli/json.h"
#include "tables/ip6.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

class GreyServer {
 public:
  // Rows that are asked for at a time.
  static constexpr size_t kPage = 4096;

  // The greylist of the zone; where none is named, the only one.
  [[nodiscard]] static Result<GreyServer> Find(const std::string& control, const std::string& zone);

  [[nodiscard]] const GreySettings& settings() const { return settings_; }
  [[nodiscard]] const std::string& control() const { return control_; }

  // The result of `grey ACTION` for this zone.
  [[nodiscard]] Result<Json> Ask(const char* action, const Json& request = Json::object()) const;

  // visit(row) for each row, or for those of these addresses, until it says false. `seen`: told after each page how
  // many slots have been looked at.
  [[nodiscard]] Status Walk(const std::optional<Ip6Prefix>& addresses,
                            const std::function<bool(const TripletRow&)>& visit,
                            const std::function<void(uint64_t slots)>& seen = {}) const;

 private:
  GreyServer(std::string control, GreySettings settings)
      : control_(std::move(control)), settings_(std::move(settings)) {}

  std::string control_;
  GreySettings settings_;
};

}  // namespace rblitz
