// A line of the control socket as a request: one JSON object, whose "command" says what is wanted.
//
// Thread-safety: pure. Errors: say what is wrong with the line; keys that a command does not have are ignored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tables/result.h"

namespace rblitz {

struct ControlRequest {
  std::string command;             // not checked: empty where the line gives none
  std::vector<std::string> feeds;  // reload
  bool force = false;              // reload
  std::string feed;                // diff, rollback
  std::string what;                // lookup, list
  std::string zone;                // lookup, list
  std::string action;              // list: add, remove, forget, show
  std::string a;                   // list add
  std::string lasting;             // list: how long, as text; empty: for ever
  std::string why;                 // list
};

[[nodiscard]] Result<ControlRequest> ParseRequest(std::string_view line);

}  // namespace rblitz
