#include "loaders/feed_copy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

namespace rblitz {

namespace {

constexpr std::string_view kFirstWords = "rblitz feed copy 1 ";
constexpr size_t kSizeDigits = 8;
constexpr size_t kMaxHeader = size_t{16} << 20;
constexpr size_t kFirstLine = kFirstWords.size() + kSizeDigits + 1;

// The part of a copy that is one file.
class PartSource final : public ByteSource {
 public:
  PartSource(std::shared_ptr<ByteSource> stream, uint64_t size, bool last)
      : stream_(std::move(stream)), left_(size), last_(last) {}

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(size, left_));
    size_t filled = 0;
    if (wanted > 0) {
      Result<size_t> n = stream_->Read(out, wanted);
      if (!n) return n;
      filled = *n;
      left_ -= filled;
      if (filled < wanted) return Fail("the copy ends too soon");
    }
    // Only who reads beyond the last byte learns whether the checksum is right.
    if (last_ && filled < size && !std::exchange(ended_, true)) {
      char beyond = 0;
      Result<size_t> n = stream_->Read(&beyond, 1);
      if (!n) return n;
      if (*n != 0) return Fail("the copy has bytes after its end");
    }
    return filled;
  }

 private:
  const std::shared_ptr<ByteSource> stream_;
  uint64_t left_;
  const bool last_;
  bool ended_ = false;
};

std::string_view TakeUpTo(std::string_view& text, char end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

template <class T>
bool ReadNumber(std::string_view text, T* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadFileLine(std::string_view line, CopyInfo* info) {
  FileIdentity file;
  if (!ReadNumber(TakeUpTo(line, ' '), &file.device) || !ReadNumber(TakeUpTo(line, ' '), &file.inode) ||
      !ReadNumber(TakeUpTo(line, ' '), &file.size) || !ReadNumber(TakeUpTo(line, ' '), &file.modified_ns) ||
      !ReadNumber(TakeUpTo(line, ' '), &file.changed_ns) || line.empty()) {
    return false;
  }
  info->identities.push_back(file);
  info->paths.emplace_back(line);
  return true;
}

bool ReadHeaderLine(std::string_view line, CopyInfo* info) {
  const std::string_view key = TakeUpTo(line, ' ');
  if (key == "format") info->format = line;
  if (key == "entries") return ReadNumber(line, &info->entries);
  if (key == "file") return ReadFileLine(line, info);
  return key == "format";
}

std::optional<CopyInfo> ReadHeader(std::string_view header) {
  CopyInfo info;
  for (;;) {
    if (header.empty()) return std::nullopt;
    const std::string_view line = TakeUpTo(header, '\n');
    if (line.empty()) break;
    if (!ReadHeaderLine(line, &info)) return std::nullopt;
  }
  if (!header.empty() || info.format.empty() || info.paths.empty()) return std::nullopt;
  return info;
}

Result<std::string> ReadExactly(ByteSource* stream, size_t size) {
  std::string text(size, '\0');
  const Result<size_t> n = stream->Read(text.data(), size);
  if (!n) return tl::unexpected(n.error());
  if (*n < size) return Fail("the copy ends too soon");
  return text;
}

}  // namespace

bool IsCopyOf(const CopyInfo& copy, const std::vector<FileIdentity>& files) {
  return std::ranges::equal(copy.identities, files, [](FileIdentity a, FileIdentity b) {
    a.device = b.device = 0;
    return a == b;
  });
}

Result<std::string> CopyHeader(const CopyInfo& info) {
  std::string rest = "format " + info.format + "\nentries " + std::to_string(info.entries) + "\n";
  for (size_t i = 0; i < info.paths.size(); ++i) {
    if (info.paths[i].find('\n') != std::string::npos) return Fail("the name of a file has a line end in it");
    const FileIdentity& file = info.identities[i];
    rest += "file " + std::to_string(file.device) + " " + std::to_string(file.inode) + " " + std::to_string(file.size) +
            " " + std::to_string(file.modified_ns) + " " + std::to_string(file.changed_ns) + " " + info.paths[i] + "\n";
  }
  rest += "\n";
  std::array<char, 32> size{};
  if (std::snprintf(size.data(), size.size(), "%08zu", rest.size()) != kSizeDigits || rest.size() > kMaxHeader)
    return Fail("too many files");
  return std::string(kFirstWords) + size.data() + "\n" + rest;
}

Result<FeedCopy> ReadCopy(std::unique_ptr<ByteSource> stream) {
  const Result<std::string> first = ReadExactly(stream.get(), kFirstLine);
  if (!first) return tl::unexpected(first.error());
  size_t size = 0;
  if (!first->starts_with(kFirstWords) || !first->ends_with('\n') ||
      !ReadNumber(std::string_view(*first).substr(kFirstWords.size(), kSizeDigits), &size) || size > kMaxHeader) {
    return Fail("is no copy of a feed");
  }
  const Result<std::string> rest = ReadExactly(stream.get(), size);
  if (!rest) return tl::unexpected(rest.error());
  std::optional<CopyInfo> info = ReadHeader(*rest);
  if (!info) return Fail("the copy's header is damaged");
  FeedCopy copy{.info = *std::move(info), .sources = {}};
  const std::shared_ptr<ByteSource> shared = std::move(stream);
  for (size_t i = 0; i < copy.info.paths.size(); ++i) {
    const FileIdentity& file = copy.info.identities[i];
    const bool last = i + 1 == copy.info.paths.size();
    copy.sources.push_back({.path = copy.info.paths[i],
                            .bytes = std::make_unique<PartSource>(shared, file.size, last),
                            .size = file.size,
                            .modified_ns = file.modified_ns});
  }
  return copy;
}

}  // namespace rblitz
