#include "cli/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>

#include "cli/log_loss.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

// Of the process, as its standard error is.
std::atomic<uint64_t> lost_lines{0};
std::atomic<bool> is_torn{false};  // the last line has no end

bool IsPlain(char c) { return c > ' ' && c < 127 && c != '"' && c != '\\' && c != '='; }

// A feed's bad line may hold anything; the log stays one line of printable text.
std::string Quoted(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') quoted += '\\';
    if (byte >= ' ' && byte != 127) {
      quoted += c;
    } else {
      std::array<char, 5> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      quoted += escape.data();
    }
  }
  return quoted + '"';
}

}  // namespace

LogLine::~LogLine() {
  const bool was_torn = is_torn.exchange(false);
  if (was_torn) line_.insert(line_.begin(), '\n');
  line_ += '\n';
  const ssize_t written = write(STDERR_FILENO, line_.data(), line_.size());
  if (written == static_cast<ssize_t>(line_.size())) return;
  ++lost_lines;
  if (was_torn || written > 0) is_torn = true;
}

// Not blocking is an attribute of what is open, which others may share: where it can, the process opens its own.
void LoseLogLines() {
  struct stat status {};
  if (fstat(STDERR_FILENO, &status) != 0 || S_ISREG(status.st_mode)) return;
  const UniqueFd own(open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own && dup2(own.get(), STDERR_FILENO) == STDERR_FILENO) return;
  fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
}

uint64_t LostLogLines() { return lost_lines; }

LogLine& LogLine::Add(std::string_view key, std::string_view value) {
  line_ += ' ';
  line_ += key;
  line_ += '=';
  line_ += !value.empty() && std::all_of(value.begin(), value.end(), IsPlain) ? std::string(value) : Quoted(value);
  return *this;
}

LogLine& LogLine::AddSeconds(std::string_view key, double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", seconds);
  return Add(key, text.data());
}

}  // namespace rblitz
