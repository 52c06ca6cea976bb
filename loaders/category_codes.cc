#include "loaders/category_codes.h"

#include <arpa/inet.h>

#include <algorithm>
#include <iterator>

#include "loaders/ip4_text.h"

namespace rblitz {

namespace {

constexpr size_t kKeptUnknown = 9;

struct BuiltIn {
  std::string_view category;
  uint8_t code;  // the last octet of 127.0.0.x
};

// docs/feeds.md has this table too. The names of single worms are what old reports call bots.
constexpr BuiltIn kBuiltIn[] = {
    {"beagle", 4},     {"blaster", 4},      {"bot", 4},         {"bruteforce", 11}, {"conficker", 4},
    {"controller", 5}, {"darknet", 12},     {"defacement", 16}, {"fastflux", 15},   {"honeypot", 13},
    {"malwareurl", 7}, {"openresolver", 9}, {"phishing", 6},    {"proxy", 8},       {"router", 14},
    {"scanner", 10},   {"slammer", 4},      {"spam", 3},        {"stormworm", 4},   {"toxbot", 4},
};
static_assert(std::ranges::is_sorted(kBuiltIn, {}, &BuiltIn::category));

std::string Singular(std::string_view category) {
  std::string name(category);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name.size() > 1 && name.back() == 's') name.pop_back();
  return name;
}

}  // namespace

CategoryCodes::CategoryCodes(const std::map<std::string, uint32_t>& configured) {
  for (const auto& [category, a_be] : configured) configured_.insert_or_assign(Singular(category), a_be);
}

uint32_t CategoryCodes::Of(std::string_view category, uint32_t other) {
  const std::string name = Singular(category);
  if (const auto found = configured_.find(name); found != configured_.end()) return found->second;
  const auto* const built_in = std::ranges::lower_bound(kBuiltIn, name, {}, &BuiltIn::category);
  if (built_in != std::end(kBuiltIn) && built_in->category == name) return htonl(0x7f000000u | built_in->code);
  if (const auto known = unknown_.find(category); known != unknown_.end()) {
    ++known->second;
  } else if (unknown_.size() < kKeptUnknown) {
    unknown_.emplace(category, 1);
  } else {
    ++further_;
  }
  return other;
}

std::vector<std::string> CategoryCodes::Notes() const {
  std::vector<std::string> notes;
  for (const auto& [category, rows] : unknown_) {
    notes.push_back("category " + Quoted(category) + " has no code: " + std::to_string(rows) +
                    " rows get the feed's a");
  }
  if (further_ > 0) {
    notes.push_back("further categories have no code: " + std::to_string(further_) + " rows get the feed's a");
  }
  return notes;
}

}  // namespace rblitz
