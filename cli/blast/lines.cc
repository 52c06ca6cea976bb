#include "cli/blast/lines.h"

#include "loaders/ip4_text.h"
#include "loaders/line_reader.h"

namespace rblitz::blast {

namespace {

constexpr size_t kToldMistakes = 10;

class LineTaker {
 public:
  LineTaker(const std::string& path, const std::function<Status(std::string_view)>& take) : path_(path), take_(take) {}

  void Take(std::string_view line) {
    ++number_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    line = TrimBlanks(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') return;
    if (const Status taken = take_(line); !taken) Blame(taken.error().message);
  }
  void TakeBad(const char* why) {
    ++number_;
    Blame(why);
  }
  [[nodiscard]] Status Finish() const {
    if (mistakes_ == 0) return {};
    if (mistakes_ <= kToldMistakes) return Fail(told_);
    return Fail(told_ + "\n" + path_ + ": " + std::to_string(mistakes_) + " bad lines in all");
  }

 private:
  void Blame(const std::string& why) {
    if (++mistakes_ > kToldMistakes) return;
    told_ += (told_.empty() ? "" : "\n") + path_ + ":" + std::to_string(number_) + ": " + why;
  }

  const std::string& path_;
  const std::function<Status(std::string_view)>& take_;
  size_t number_ = 0;
  size_t mistakes_ = 0;
  std::string told_;
};

}  // namespace

Status ReadLines(const std::string& path, const std::function<Status(std::string_view line)>& take) {
  auto source = FileSource::Open(path);
  if (!source) return tl::unexpected(source.error());
  LineReader reader(*std::move(source));
  LineTaker taker(path, take);
  while (true) {
    const auto block = reader.Next();
    if (!block) return tl::unexpected(block.error());
    if (!*block) return taker.Finish();
    if ((*block)->bad != nullptr) taker.TakeBad((*block)->bad);
    std::string_view rest = (*block)->bytes;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      taker.Take(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
}

}  // namespace rblitz::blast
