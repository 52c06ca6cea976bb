#include "cli/heat/lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "cli/control_client.h"
#include "loaders/inflating_source.h"
#include "loaders/line_reader.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

constexpr const char* kStandardInput = "-";

class OpenFile final : public ByteSource {
 public:
  // `owned`: empty for standard input, which stays open.
  OpenFile(std::string name, UniqueFd owned) : name_(std::move(name)), owned_(std::move(owned)) {}

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override {
    const int fd = owned_ ? owned_.get() : STDIN_FILENO;
    size_t done = 0;
    while (done < size) {
      const ssize_t n = read(fd, out + done, size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno(name_, "cannot read");
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

 private:
  std::string name_;
  UniqueFd owned_;
};

Status EachLineOf(const LineBlock& block, uint64_t* number, const std::function<Status(const PlacedLine&)>& take) {
  if (block.bad != nullptr) return take({.text = {}, .number = (*number)++, .bad = block.bad});
  for (std::string_view rest = block.bytes; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (Status taken = take({.text = line, .number = (*number)++}); !taken) return taken;
  }
  return {};
}

}  // namespace

std::string InputName(const std::string& path) { return path == kStandardInput ? "standard input" : path; }

Status EachLine(const std::string& path, const std::function<Status(const PlacedLine&)>& take) {
  const std::string name = InputName(path);
  UniqueFd fd;
  if (path != kStandardInput) {
    fd = UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return FailErrno(name, "cannot open");
  }
  LineReader reader(std::make_unique<InflatingSource>(name, std::make_unique<OpenFile>(name, std::move(fd))));
  for (uint64_t number = 1;;) {
    const Result<std::optional<LineBlock>> block = reader.Next();
    if (!block) return tl::unexpected(block.error());
    if (!block->has_value()) return {};
    if (Status taken = EachLineOf(**block, &number, take); !taken) return taken;
  }
}

}  // namespace rblitz
