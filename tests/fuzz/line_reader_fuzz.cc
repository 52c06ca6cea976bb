// Arbitrary bytes as a file, and the same bytes packed by gzip and by zstd: what comes out must be the lines that a
// naive split finds.
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "loaders/inflating_source.h"
#include "loaders/line_reader.h"
#include "tests/fuzz/require.h"

namespace {

using rblitz::InflatingSource;
using rblitz::LineReader;
using rblitz::MemorySource;
using rblitz::Require;

struct Read {
  std::string text;  // over-long lines and those with a NUL left out
  bool failed = false;
};

Read ReadAll(std::string_view bytes) {
  LineReader reader(std::make_unique<InflatingSource>("fuzz", std::make_unique<MemorySource>(bytes)));
  Read read;
  for (;;) {
    const auto block = reader.Next();
    if (!block) {
      Require(block.error().message.starts_with("fuzz: "));
      read.failed = true;
      return read;
    }
    if (!block->has_value()) return read;
    Require((*block)->bad != nullptr ? (*block)->bytes.empty() : (*block)->bytes.ends_with('\n'));
    read.text += (*block)->bytes;
  }
}

std::string Expected(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  std::string lines;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const bool has_nul = line.find('\0') != std::string_view::npos;
    if (line.size() <= rblitz::kMaxLineBytes && !has_nul) lines.append(line).append("\n");
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
  }
  return lines;
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  Require(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  Require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1);
  Require(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

void RequireUnpacked(std::string_view packed, std::string_view bytes) {
  const Read read = ReadAll(packed);
  Require(!read.failed);
  Require(read.text == Expected(bytes));
}

bool LooksPacked(std::string_view bytes) { return bytes.starts_with("\x1f\x8b") || bytes.starts_with("\x28\xb5"); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Read plain = ReadAll(bytes);
  if (!LooksPacked(bytes)) {
    Require(!plain.failed);
    Require(plain.text == Expected(bytes));
  }
  RequireUnpacked(Gzip(bytes), bytes);
  RequireUnpacked(Zstd(bytes), bytes);
  return 0;
}
