// Names as questions of a greylist: what is read is what a slow reader reads.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/grey_question.h"
#include "tests/fuzz/require.h"

using namespace rblitz;

namespace {

constexpr size_t kMostBytes = 254;
constexpr size_t kReadBehind = 17;

// In the first byte of each label its size, cut to what is there.
std::vector<std::string> LabelsOf(std::string_view bytes) {
  std::vector<std::string> labels;
  size_t total = 0;
  while (!bytes.empty() && labels.size() < 127) {
    const size_t size = std::clamp<size_t>(static_cast<uint8_t>(bytes[0]) % 64, 1, 63);
    std::string label(bytes.substr(1, size));
    bytes.remove_prefix(std::min(bytes.size(), 1 + size));
    if (label.empty() || total + 1 + label.size() > kMostBytes) break;
    total += 1 + label.size();
    for (char& c : label) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    labels.push_back(std::move(label));
  }
  return labels;
}

bool IsHex(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsOctet(std::string_view text) {
  const bool is_number =
      !text.empty() && text.size() <= 3 && text.find_first_not_of("0123456789") == std::string_view::npos;
  return is_number && std::stoi(std::string(text)) < 256;
}

bool AreOptions(std::string_view label) {
  if (!label.starts_with("o-")) return false;
  for (label.remove_prefix(2); !label.empty();) {
    const bool is_domain = label[0] == 'd';
    if (is_domain ? !IsHex(label.substr(1, 16), 16) : label[0] != 'f' && label[0] != 'n') return false;
    label.remove_prefix(is_domain ? 17 : 1);
  }
  return true;
}

bool IsQuestion(std::vector<std::string> labels) {
  if (labels.size() < 6 || !IsHex(labels[0], 32) || !IsHex(labels[1], 32)) return false;
  labels.erase(labels.begin(), labels.begin() + 2);
  if (labels[0].starts_with("o-")) {
    if (!AreOptions(labels[0])) return false;
    labels.erase(labels.begin());
  }
  if (labels.size() == 4) return std::ranges::all_of(labels, IsOctet);
  return labels.size() == 32 && std::ranges::all_of(labels, [](const std::string& label) { return IsHex(label, 1); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> labels = LabelsOf({reinterpret_cast<const char*>(data), size});
  std::vector<uint8_t> name;
  for (const std::string& label : labels) {
    name.push_back(static_cast<uint8_t>(label.size()));
    name.insert(name.end(), label.begin(), label.end());
  }
  const size_t bytes = name.size();
  name.resize(bytes + kReadBehind);
  const auto question = ReadGreyQuestion(std::span(name).first(bytes), labels.size(), {});
  Require(question.has_value() == IsQuestion(labels));
  if (!question) return 0;
  Require(question->triplet.network == GreyNetworkOf(question->client, {}));
  Require(!question->triplet.aligned || question->triplet.domain != 0);
  return 0;
}
