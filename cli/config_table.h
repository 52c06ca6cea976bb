// Typed access to one table of a TOML file, which collects mistakes instead of stopping at the first.
//
// Thread-safety: one thread. Lifetime: the table and the errors must outlive the reader.
// Errors: a value of the wrong type, or one that its parser refuses, is reported and read as absent; keys that nobody
// asked for are reported by Finish.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tables/result.h"

namespace rblitz {

// Mistakes with their lines.
class ConfigErrors {
 public:
  explicit ConfigErrors(std::string file) : file_(std::move(file)) {}

  void Add(uint32_t line, std::string_view key, std::string_view what);
  [[nodiscard]] bool empty() const { return errors_.empty(); }
  // "file:line: key: what", one a line, by line.
  [[nodiscard]] Error Take();
  [[nodiscard]] std::string Place(uint32_t line, std::string_view key) const;

 private:
  std::string file_;
  std::vector<std::pair<uint32_t, std::string>> errors_;
};

class TableReader {
 public:
  // `name` stands before keys in messages: "feed" in "feed.path".
  TableReader(const toml::table& table, std::string name, ConfigErrors* errors);

  [[nodiscard]] bool Has(std::string_view key) const { return table_.contains(key); }
  // Of the key, or of the table where the key is absent.
  [[nodiscard]] uint32_t line(std::string_view key) const;
  [[nodiscard]] std::string Place(std::string_view key) const { return errors_->Place(line(key), FullKey(key)); }
  void Wrong(std::string_view key, std::string_view what) const { errors_->Add(line(key), FullKey(key), what); }

  std::optional<std::string> String(std::string_view key);
  std::optional<int64_t> Integer(std::string_view key, int64_t least, int64_t most);
  std::optional<std::vector<std::string>> Strings(std::string_view key);
  // One string counts as a list of one.
  std::optional<std::vector<std::string>> StringOrStrings(std::string_view key);
  std::optional<std::vector<int64_t>> Integers(std::string_view key, int64_t least, int64_t most);
  std::optional<bool> Bool(std::string_view key);
  // Seconds as text with units or as an integer.
  std::optional<uint32_t> Seconds(std::string_view key);
  // A number, whole or not.
  std::optional<double> Number(std::string_view key, double least, double most);
  // A number from 0 to 1.
  std::optional<double> Share(std::string_view key);
  const toml::table* Table(std::string_view key);
  std::vector<const toml::table*> Tables(std::string_view key);

  // A string that `parse` understands.
  template <class T>
  std::optional<T> Parsed(std::string_view key, Result<T> (*parse)(const std::string&)) {
    const auto text = String(key);
    if (!text) return std::nullopt;
    auto value = parse(*text);
    if (value) return *std::move(value);
    Wrong(key, value.error().message);
    return std::nullopt;
  }

  // The same, or a whole number that stands for such a string.
  template <class T>
  std::optional<T> ParsedNumber(std::string_view key, Result<T> (*parse)(const std::string&)) {
    const toml::node* node = table_.get(key);
    if (node == nullptr || !node->is_integer()) return Parsed(key, parse);
    const auto number = Integer(key, 1, std::numeric_limits<int64_t>::max());
    if (!number) return std::nullopt;
    auto value = parse(std::to_string(*number));
    if (value) return *std::move(value);
    Wrong(key, value.error().message);
    return std::nullopt;
  }

  // Reports a key that must be there.
  void Require(std::string_view key) const {
    if (!Has(key)) Wrong(key, "is missing");
  }

  // Reports keys that were not read.
  void Finish() const;

 private:
  [[nodiscard]] std::string FullKey(std::string_view key) const;
  const toml::node* Take(std::string_view key);

  const toml::table& table_;
  std::string name_;
  ConfigErrors* errors_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace rblitz
