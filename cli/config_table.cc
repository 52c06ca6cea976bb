#include "cli/config_table.h"

#include <algorithm>
#include <functional>
#include <sstream>

#include "cli/config_values.h"

namespace rblitz {

void ConfigErrors::Add(uint32_t line, std::string_view key, std::string_view what) {
  errors_.emplace_back(line, Place(line, key) + ": " + std::string(what));
}

Error ConfigErrors::Take() {
  std::stable_sort(errors_.begin(), errors_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string message;
  for (const auto& [line, text] : errors_) {
    if (!message.empty()) message += '\n';
    message += text;
  }
  return Error{std::move(message)};
}

std::string ConfigErrors::Place(uint32_t line, std::string_view key) const {
  return file_ + ":" + std::to_string(line) + ": " + std::string(key);
}

TableReader::TableReader(const toml::table& table, std::string name, ConfigErrors* errors)
    : table_(table), name_(std::move(name)), errors_(errors) {}

uint32_t TableReader::line(std::string_view key) const {
  const toml::node* node = table_.get(key);
  const uint32_t line = (node != nullptr ? node->source() : table_.source()).begin.line;
  return std::max<uint32_t>(line, 1);  // an empty file has no lines at all
}

std::string TableReader::FullKey(std::string_view key) const {
  return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

const toml::node* TableReader::Take(std::string_view key) {
  taken_.emplace(key);
  return table_.get(key);
}

std::optional<std::string> TableReader::String(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* text = node->as_string()) return text->get();
  Wrong(key, "must be a string");
  return std::nullopt;
}

std::optional<int64_t> TableReader::Integer(std::string_view key, int64_t least, int64_t most) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const auto* number = node->as_integer();
  if (number != nullptr && number->get() >= least && number->get() <= most) return number->get();
  Wrong(key, "must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<std::vector<std::string>> TableReader::Strings(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* array = node->as_array();
  std::vector<std::string> strings;
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const auto* text = array->get(i)->as_string()) strings.push_back(text->get());
  }
  if (array != nullptr && strings.size() == array->size()) return strings;
  Wrong(key, "must be a list of strings");
  return std::nullopt;
}

std::optional<std::vector<std::string>> TableReader::StringOrStrings(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr || !node->is_string()) return Strings(key);
  return std::vector<std::string>{*String(key)};
}

std::optional<std::vector<int64_t>> TableReader::Integers(std::string_view key, int64_t least, int64_t most) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* array = node->as_array();
  std::vector<int64_t> numbers;
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const auto* number = array->get(i)->as_integer();
    if (number != nullptr && number->get() >= least && number->get() <= most) numbers.push_back(number->get());
  }
  if (array != nullptr && numbers.size() == array->size()) return numbers;
  Wrong(key, "must be a list of numbers from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<bool> TableReader::Bool(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* boolean = node->as_boolean()) return boolean->get();
  Wrong(key, "must be true or false");
  return std::nullopt;
}

std::optional<uint32_t> TableReader::Seconds(std::string_view key) {
  const toml::node* node = table_.get(key);
  if (node == nullptr || node->is_string()) return Parsed(key, ParseSeconds);
  if (!node->is_integer()) {
    Take(key);
    Wrong(key, "must be a time: whole seconds, or text as in \"35m\"");
    return std::nullopt;
  }
  const auto seconds = Integer(key, 0, 0x7fffffff);
  return seconds ? std::optional(static_cast<uint32_t>(*seconds)) : std::nullopt;
}

std::optional<double> TableReader::Number(std::string_view key, double least, double most) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const std::optional<double> number = node->is_number() ? node->value<double>() : std::nullopt;
  if (number && *number >= least && *number <= most) return number;
  std::ostringstream text;
  text << "must be a number from " << least << " to " << most;
  Wrong(key, text.str());
  return std::nullopt;
}

std::optional<double> TableReader::Share(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return std::nullopt;
  const std::optional<double> share = node->is_number() ? node->value<double>() : std::nullopt;
  if (share && *share >= 0 && *share <= 1) return share;
  Wrong(key, "must be a share: a number from 0 to 1");
  return std::nullopt;
}

const toml::table* TableReader::Table(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) Wrong(key, "must be a table: [" + FullKey(key) + "]");
  return node->as_table();
}

std::vector<const toml::table*> TableReader::Tables(std::string_view key) {
  const toml::node* node = Take(key);
  if (node == nullptr) return {};
  const toml::array* array = node->as_array();
  std::vector<const toml::table*> tables;
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const toml::table* table = array->get(i)->as_table()) tables.push_back(table);
  }
  if (array == nullptr || tables.size() != array->size()) {
    Wrong(key, "must be a list of tables: [[" + FullKey(key) + "]]");
  }
  return tables;
}

void TableReader::Finish() const {
  for (const auto& [key, node] : table_) {
    if (taken_.find(key.str()) == taken_.end()) {
      errors_->Add(key.source().begin.line, FullKey(key.str()), "is not known to this version");
    }
  }
}

}  // namespace rblitz
