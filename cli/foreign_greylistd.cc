#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cli/foreign_greylists.h"
#include "cli/foreign_texts.h"

namespace rblitz {

namespace {

enum class List { kNone, kGrey, kWhite, kBlack, kStatistics };

struct State {
  List list;
  ForeignTimes times;
};

using States = std::unordered_map<int64_t, State>;

// `states` as greylistd writes it: sections of lines "key = last first count", and at the end one of counters.
std::optional<std::pair<int64_t, State>> StateOf(const std::string& line, List list) {
  std::istringstream in(line);
  int64_t key = 0;
  int64_t count = 0;
  char equals = 0;
  State state{.list = list, .times = {}};
  const bool is_whole = static_cast<bool>(in >> key >> equals >> state.times.last >> state.times.first >> count);
  if (!is_whole || equals != '=') return std::nullopt;
  return std::pair(key, state);
}

List ListOf(const std::string& section) {
  if (section == "[grey]") return List::kGrey;
  if (section == "[white]") return List::kWhite;
  if (section == "[black]") return List::kBlack;
  return section == "[statistics]" ? List::kStatistics : List::kNone;
}

Result<std::ifstream> Opened(const std::string& file) {
  std::ifstream in(file);
  if (!in) return Fail(file + ": cannot open: " + std::generic_category().message(errno));
  return in;
}

Result<States> ReadStates(std::istream* in, const std::string& file) {
  States states;
  List list = List::kNone;
  uint64_t number = 0;
  for (std::string line; list != List::kStatistics && std::getline(*in, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    const auto state = list == List::kNone || line[0] == '[' ? std::nullopt : StateOf(line, list);
    if (line[0] == '[') list = ListOf(line);
    if (line[0] == '[' ? list == List::kNone : !state.has_value()) {
      return Fail(file + ":" + std::to_string(number) + ": that is no line of greylistd's states");
    }
    if (state) states.insert(*state);
  }
  if (list != List::kStatistics) return Fail(file + ": is no file of greylistd, or ends too early");
  return states;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// What a mail server said: address, sender and recipient; of the null sender two of them, of a whole client one.
void Add(const std::string& text, const State& state, ForeignRows* rows) {
  const std::vector<std::string> words = Words(text);
  if (state.list == List::kBlack) return rows->Skip("rows of the black list");
  if (words.empty() || words.size() > 3) return rows->Skip("texts that are no mail");
  if (words.size() > 1) {
    const std::string sender = words.size() == 3 ? words[1] : "";
    return rows->AddTriplet(words[0], sender, words.back(), state.times, state.list == List::kWhite);
  }
  if (state.list == List::kGrey) return rows->Skip("clients without a credit");
  rows->AddClient(words[0], kMaxCredits, state.times.last);
}

}  // namespace

Status ReadGreylistdTexts(std::istream* states, const std::string& file, std::istream* triplets, ForeignRows* rows) {
  Result<States> known = ReadStates(states, file);
  if (!known) return tl::unexpected(known.error());
  for (std::string line; std::getline(*triplets, line);) {
    const size_t equals = line.find(" = ");
    int64_t key = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), key);
    if (equals == std::string::npos || parsed.ptr != line.data() + equals) {
      rows->Skip("lines without a key");
      continue;
    }
    const auto state = known->find(key);
    if (state == known->end()) continue;  // forgotten since
    Add(line.substr(equals + 3), state->second, rows);
    known->erase(state);
  }
  if (triplets->bad()) return Fail(file + ": its triplets cannot be read");
  for (size_t i = 0; i < known->size(); ++i) rows->Skip("hashes without a text");
  return {};
}

Status ReadGreylistd(const std::string& folder, ForeignRows* rows) {
  const std::string file = folder + "/states";
  Result<std::ifstream> states = Opened(file);
  if (!states) return tl::unexpected(states.error());
  Result<std::ifstream> triplets = Opened(folder + "/triplets");
  if (!triplets) {
    return Fail(triplets.error().message + "; without it nothing can be carried over: the states have hashes alone");
  }
  return ReadGreylistdTexts(&*states, file, &*triplets, rows);
}

}  // namespace rblitz
