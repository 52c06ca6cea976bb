#include "loaders/decompressor.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <string>

namespace rblitz {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;  // zlib.h: "add 16 to decode only the gzip format"
constexpr char kGzipMagic[] = {'\x1f', '\x8b'};
constexpr char kZstdMagic[] = {'\x28', '\xb5', '\x2f', '\xfd'};
constexpr size_t kLeastMagic = 2;

class GzipDecompressor final : public Decompressor {
 public:
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  [[nodiscard]] bool Init() { return inflateInit2(&stream_, kGzipOnly) == Z_OK; }

  [[nodiscard]] Status Run(std::string_view* in, std::span<char>* out) override {
    while (!out->empty()) {
      if (between_members_) {
        if (Status next = NextMember(in); !next || in->empty()) return next;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in->data()));
      stream_.avail_in = static_cast<uInt>(in->size());
      stream_.next_out = reinterpret_cast<Bytef*>(out->data());
      stream_.avail_out = static_cast<uInt>(out->size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      in->remove_prefix(in->size() - stream_.avail_in);
      *out = out->last(stream_.avail_out);
      if (code == Z_BUF_ERROR) return {};  // zlib.h: not fatal, it needs more input
      if (code != Z_OK && code != Z_STREAM_END) {
        return Fail(std::string("corrupt gzip data: ") + (stream_.msg != nullptr ? stream_.msg : zError(code)));
      }
      between_members_ = code == Z_STREAM_END;
      if (in->empty() && !out->empty()) return {};
    }
    return {};
  }
  [[nodiscard]] bool complete() const override { return between_members_; }
  [[nodiscard]] std::string_view format() const override { return "gzip"; }

 private:
  // Some writers pad the file with zeros, as gzip(1) expects.
  [[nodiscard]] Status NextMember(std::string_view* in) {
    in->remove_prefix(std::min(in->find_first_not_of('\0'), in->size()));
    if (in->empty()) return {};
    if (in->front() != kGzipMagic[0]) return Fail("corrupt gzip data: garbage after its end");
    inflateReset(&stream_);
    between_members_ = false;
    return {};
  }

  z_stream stream_ = {};
  bool between_members_ = false;
};

class ZstdDecompressor final : public Decompressor {
 public:
  [[nodiscard]] bool Init() const { return stream_ != nullptr; }

  [[nodiscard]] Status Run(std::string_view* in, std::span<char>* out) override {
    while (!out->empty() && !(in->empty() && between_frames_)) {
      ZSTD_inBuffer input = {in->data(), in->size(), 0};
      ZSTD_outBuffer output = {out->data(), out->size(), 0};
      const size_t code = ZSTD_decompressStream(stream_.get(), &output, &input);
      if (ZSTD_isError(code) != 0) return Fail(std::string("corrupt zstd data: ") + ZSTD_getErrorName(code));
      in->remove_prefix(input.pos);
      *out = out->subspan(output.pos);
      between_frames_ = code == 0;
      if (in->empty() && !out->empty()) return {};
    }
    return {};
  }
  [[nodiscard]] bool complete() const override { return between_frames_; }
  [[nodiscard]] std::string_view format() const override { return "zstd"; }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  const std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  bool between_frames_ = false;
};

// What is cut off within its first bytes is truncated, not plain.
template <size_t kSize>
bool BeginsAs(std::string_view start, const char (&magic)[kSize]) {
  const std::string_view wanted(magic, kSize);
  return start.size() >= kLeastMagic && start.substr(0, kSize) == wanted.substr(0, start.size());
}

template <class T>
Result<std::unique_ptr<Decompressor>> Make() {
  auto made = std::make_unique<T>();
  if (!made->Init()) return Fail("cannot decompress: out of memory");
  return made;
}

}  // namespace

Result<std::unique_ptr<Decompressor>> MakeDecompressor(std::string_view start) {
  if (BeginsAs(start, kGzipMagic)) return Make<GzipDecompressor>();
  if (BeginsAs(start, kZstdMagic)) return Make<ZstdDecompressor>();
  return nullptr;
}

}  // namespace rblitz
