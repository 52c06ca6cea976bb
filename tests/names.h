// Names of tests: from readable text to the wire form that tables take, and the naive twin of the name table.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tables/name_builder.h"
#include "tables/verdict.h"

namespace rblitz {

using WireName = std::vector<uint8_t>;

// "a.b" as labels without the root; "" is the apex. No escapes.
inline WireName Wire(std::string_view text) {
  WireName wire;
  while (!text.empty()) {
    const std::string_view label = text.substr(0, text.find('.'));
    wire.push_back(static_cast<uint8_t>(label.size()));
    wire.insert(wire.end(), label.begin(), label.end());
    text.remove_prefix(std::min(text.size(), label.size() + 1));
  }
  return wire;
}

// Keeps every entry as text and asks all of them. Slow, and too simple to be wrong.
class NameModel {
 public:
  explicit NameModel(const Verdicts* verdicts) : verdicts_(verdicts) {}

  void Add(const std::string& name, NameForm form, ValueId value) {
    keys_.emplace(name, form);
    if (form != NameForm::kBelow) exact_[name].push_back(value);
    if (form != NameForm::kExact) wild_[name].push_back(value);
    if (value != kNotListed) (form == NameForm::kExact ? listed_ : listed_below_).insert(name);
  }

  struct Match {
    std::vector<Verdict> verdicts;  // sorted; empty: not listed
    size_t offset = 0;
    bool below = false;
  };
  [[nodiscard]] Match Lookup(const std::string& name) const {
    Match match = Wild(name);
    if (const auto exact = exact_.find(name); exact != exact_.end()) match = {.verdicts = Unite(exact->second)};
    match.below = AnyBelow(name);
    return match;
  }

  // Whether a name below this one is listed: an entry stands there, or one for what is below a name above reaches it.
  [[nodiscard]] bool AnyBelow(const std::string& name) const {
    const auto is_below = [&](const std::string& other) { return IsBelow(other, name); };
    if (std::any_of(listed_.begin(), listed_.end(), is_below)) return true;
    if (std::any_of(listed_below_.begin(), listed_below_.end(), is_below)) return true;
    // What entries say of a name that nobody wrote down.
    return !name.empty() && !Wild("?." + name).verdicts.empty();
  }

  [[nodiscard]] const std::set<std::pair<std::string, NameForm>>& keys() const { return keys_; }

 private:
  static bool IsBelow(const std::string& name, const std::string& above) {
    if (above.empty()) return !name.empty();
    return name.size() > above.size() + 1 && name.ends_with("." + above);
  }

  [[nodiscard]] Match Wild(const std::string& name) const {
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      const auto wild = wild_.find(name.substr(dot + 1));
      if (wild != wild_.end()) return {.verdicts = Unite(wild->second), .offset = dot + 1};
    }
    return {};
  }

  [[nodiscard]] std::vector<Verdict> Unite(const std::vector<ValueId>& values) const {
    std::set<Verdict> verdicts;
    for (const ValueId value : values) {
      if (value == kNotListed) return {};
      verdicts.insert(verdicts_->at(value).begin(), verdicts_->at(value).end());
    }
    return {verdicts.begin(), verdicts.end()};
  }

  const Verdicts* verdicts_;
  std::map<std::string, std::vector<ValueId>> exact_;
  std::map<std::string, std::vector<ValueId>> wild_;
  std::set<std::string> listed_;        // by an entry for the name alone
  std::set<std::string> listed_below_;  // by an entry for what is below
  std::set<std::pair<std::string, NameForm>> keys_;
};

}  // namespace rblitz
