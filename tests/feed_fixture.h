// Feeds out of literal text: files in a folder that lasts as long as the test, loads of them, and answers as readable
// strings.
#pragma once

#include <arpa/inet.h>
#include <endian.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/feed.h"

namespace rblitz {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rblitz-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) abort();
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] std::string Path(std::string_view name) const { return (path_ / name).string(); }
  std::string Write(std::string_view name, std::string_view content) const {
    const std::string path = Path(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

 private:
  std::filesystem::path path_;
};

inline std::string Gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  EXPECT_FALSE(ZSTD_isError(size));
  out.resize(size);
  return out;
}

// A feed of 256 million bad lines in 600 kB: reading it takes much longer than any test waits.
inline std::string EndlessFeed() {
  std::string lines;
  while (lines.size() < size_t{2} << 20) lines += "x\n";
  const std::string member = Gzip(lines);
  std::string feed;
  for (int i = 0; i < 256; ++i) feed += member;
  return feed;
}

inline uint32_t HostOrder(std::string_view dotted) {
  in_addr address{};
  EXPECT_EQ(inet_pton(AF_INET, std::string(dotted).c_str(), &address), 1) << dotted;
  return ntohl(address.s_addr);
}

inline std::string Dotted(uint32_t address_be) {
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &address_be, text, sizeof text);
  return text;
}

inline Ip6Address Ip6Of(std::string_view text) {
  uint64_t halves_be[2] = {};
  EXPECT_EQ(inet_pton(AF_INET6, std::string(text).c_str(), halves_be), 1) << text;
  return {.high = be64toh(halves_be[0]), .low = be64toh(halves_be[1])};
}

// Of an address of either family; nothing but of its own family's table.
inline ValueId ValueOf(const FeedData& feed, std::string_view address) {
  if (address.find(':') == std::string_view::npos) return feed.ip4->Lookup(HostOrder(address));
  return feed.ip6 != nullptr ? feed.ip6->Lookup(Ip6Of(address)) : kNotListed;
}

// "127.0.0.2" or "127.0.0.2 its text", one for each verdict; nothing for what is not listed.
inline std::vector<std::string> Answers(const FeedData& feed, std::string_view address) {
  std::vector<std::string> answers;
  for (const Verdict& verdict : feed.verdicts.at(ValueOf(feed, address))) {
    char text[kMaxTextBytes];
    const size_t size = feed.verdicts.Render(verdict.text, address, text);
    answers.push_back(Dotted(verdict.a_be));
    if (size > 0) answers.back().append(" ").append(text, size);
  }
  return answers;
}

struct Loaded {
  std::shared_ptr<const FeedData> feed;
  LoadReport report;
  std::string error;

  // The answers joined by " | "; "-" for none.
  [[nodiscard]] std::string Ask(std::string_view dotted) const {
    if (feed == nullptr) return "no feed: " + error;
    std::string joined;
    for (const std::string& answer : Answers(*feed, dotted)) joined.append(joined.empty() ? "" : " | ").append(answer);
    return joined.empty() ? "-" : joined;
  }
};

inline Loaded Load(const FeedConfig& config, const FeedData* previous = nullptr) {
  Loaded loaded;
  Result<std::shared_ptr<const FeedData>> feed = LoadFeed(config, previous, &loaded.report);
  if (feed) {
    loaded.feed = *feed;
  } else {
    loaded.error = feed.error().message;
  }
  return loaded;
}

// Each text is a file of its own, named "1", "2" and so on.
inline Loaded LoadTexts(std::string_view format, const std::vector<std::string>& texts) {
  const TempFolder folder;
  FeedConfig config{.name = "test", .format = std::string(format)};
  for (const std::string& text : texts) {
    config.paths.push_back(folder.Write(std::to_string(config.paths.size() + 1), text));
  }
  return Load(config);
}

inline Loaded LoadText(std::string_view format, std::string_view text) {
  return LoadTexts(format, {std::string(text)});
}

}  // namespace rblitz
