// Which A value a row has in a feed whose rows have categories instead of values, as Team Cymru's CAP reports do: what
// the configuration says, else what is built in.
//
// A category is the same in any case and in the singular and the plural: "bots" of old reports is "bot" of new ones.
//
// Thread-safety: none. Units: A values in network order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rblitz {

class CategoryCodes {
 public:
  explicit CategoryCodes(const std::map<std::string, uint32_t>& configured);

  // `other` for a category that neither the configuration nor the built-in table knows; 0: its rows list nothing.
  [[nodiscard]] uint32_t Of(std::string_view category, uint32_t other);

  // The unknown categories that were asked for, and how often.
  [[nodiscard]] std::vector<std::string> Notes() const;

 private:
  std::map<std::string, uint32_t, std::less<>> configured_;
  std::map<std::string, uint64_t, std::less<>> unknown_;
  uint64_t further_ = 0;  // rows of unknown categories that came when there were too many to keep
};

}  // namespace rblitz
