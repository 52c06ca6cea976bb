#include "cli/config_feeds.h"

#include <algorithm>

namespace rblitz {

std::vector<uint32_t> ReadFeedNames(TableReader& reader, const char* key, const FeedIndex& feeds) {
  std::vector<uint32_t> indices;
  const auto names = reader.Strings(key);
  if (names && names->empty()) reader.Wrong(key, "is empty");
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const auto found = feeds.find(name);
    if (found == feeds.end()) {
      reader.Wrong(key, "there is no feed '" + name + "'");
    } else if (std::ranges::find(indices, found->second) != indices.end()) {
      reader.Wrong(key, "names '" + name + "' twice");
    } else {
      indices.push_back(found->second);
    }
  }
  return indices;
}

}  // namespace rblitz
