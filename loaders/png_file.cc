#include "loaders/png_file.h"

#include <png.h>

#include <array>
#include <cassert>
#include <cstdio>
#include <vector>

namespace rblitz {

namespace {

constexpr size_t kPixelBytes = 4;
constexpr uint32_t kMostChunkBytes = 1 << 20;
constexpr uint32_t kMostCachedChunks = 8;
constexpr uint32_t kLargestSide = 1 << 20;  // that libpng reads a header of; Start() is stricter

// What libpng's callbacks see. Errors leave libpng by a jump, so that nothing with a destructor may live in its frames.
struct Files {
  ByteSource* source = nullptr;
  uint64_t bytes = 0;
  Error read_error;              // of the source
  std::array<char, 128> what{};  // of libpng
  std::string* out = nullptr;
};

[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  auto* const files = static_cast<Files*>(png_get_error_ptr(png));
  std::snprintf(files->what.data(), files->what.size(), "%s", message);
  png_longjmp(png, 1);
}

void OnWarning(png_structp /*png*/, png_const_charp /*message*/) {}

bool Fill(Files* files, png_bytep out, size_t size) {
  files->bytes += size;
  if (files->bytes > kMostPngBytes) {
    files->read_error = {"larger than any map"};
    return false;
  }
  const Result<size_t> read = files->source->Read(reinterpret_cast<char*>(out), size);
  if (!read) files->read_error = read.error();
  if (read && *read != size) files->read_error = {"truncated"};
  return read && *read == size;
}

void OnRead(png_structp png, png_bytep out, size_t size) {
  if (!Fill(static_cast<Files*>(png_get_io_ptr(png)), out, size)) png_error(png, "read");
}

void OnWrite(png_structp png, png_bytep bytes, size_t size) {
  static_cast<Files*>(png_get_io_ptr(png))->out->append(reinterpret_cast<char*>(bytes), size);
}
void OnFlush(png_structp /*png*/) {}

// Runs calls of libpng; false: they failed. Never inlined into a caller with locals of its own, because it may return
// twice.
template <class Calls>
[[gnu::noinline]] bool Try(png_structp png, const Calls& calls) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;  // NOLINT(cert-err52-cpp): how libpng tells of errors
  calls();
  return true;
}

class Reader {
 public:
  Reader(const std::string& name, ByteSource* source) : name_(name) {
    files_.source = source;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &files_, OnError, OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Status Read(PngRows* rows) {
    if (info_ == nullptr) return Fail(name_ + ": no memory for a picture");
    if (!Try(png_, [this] { ReadHead(); })) return Failed();
    const uint32_t width = png_get_image_width(png_, info_);
    const uint32_t height = png_get_image_height(png_, info_);
    if (Status started = rows->Start(width, height); !started) return started;
    if (width > kMostPngSide || height > kMostPngSide) return Fail(name_ + ": larger than any map");
    const bool is_interlaced = png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE;
    const uint64_t row_bytes = kPixelBytes * width;
    if (Status fits = rows->StartTaking(row_bytes * (is_interlaced ? height : 1)); !fits) return fits;
    if (!Try(png_, [this] { SetOutput(); })) return Failed();
    assert(png_get_rowbytes(png_, info_) == kPixelBytes * width);
    Status read = passes_ > 1 ? ReadInterlaced(width, height, rows) : ReadRows(width, height, rows);
    if (!read) return read;
    if (!Try(png_, [this] { png_read_end(png_, nullptr); })) return Failed();
    return ReadRest();
  }

 private:
  void ReadHead() {
    png_set_read_fn(png_, &files_, OnRead);
    png_set_user_limits(png_, kLargestSide, kLargestSide);
    png_set_chunk_malloc_max(png_, kMostChunkBytes);
    png_set_chunk_cache_max(png_, kMostCachedChunks);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(png_, info_);
  }
  void SetOutput() {
    png_set_expand(png_);
    png_set_scale_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xff, PNG_FILLER_AFTER);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  Status ReadRows(uint32_t width, uint32_t height, PngRows* rows) {
    std::vector<uint8_t> row(kPixelBytes * width);
    for (uint32_t y = 0; y < height; ++y) {
      if (!Try(png_, [&] { png_read_row(png_, row.data(), nullptr); })) return Failed();
      if (Status taken = rows->Row(y, row); !taken) return taken;
    }
    return {};
  }

  // Rows are complete when all passes are.
  Status ReadInterlaced(uint32_t width, uint32_t height, PngRows* rows) {
    const size_t row_bytes = kPixelBytes * width;
    std::vector<uint8_t> picture(row_bytes * height);
    for (int pass = 0; pass < passes_; ++pass) {
      for (uint32_t y = 0; y < height; ++y) {
        if (!Try(png_, [&] { png_read_row(png_, &picture[y * row_bytes], nullptr); })) return Failed();
      }
    }
    for (uint32_t y = 0; y < height; ++y) {
      if (Status taken = rows->Row(y, {&picture[y * row_bytes], row_bytes}); !taken) return taken;
    }
    return {};
  }

  // Only at its end does a source know whether it was changed or damaged.
  Status ReadRest() {
    std::array<char, 4096> ignored;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by Read
    for (;;) {
      const Result<size_t> read = files_.source->Read(ignored.data(), ignored.size());
      if (!read) return tl::unexpected(read.error());
      if (*read == 0) return {};
      files_.bytes += *read;
      if (files_.bytes > kMostPngBytes) return Fail(name_ + ": larger than any map");
    }
  }

  [[nodiscard]] tl::unexpected<Error> Failed() const {
    const std::string& source = files_.read_error.message;
    if (source.starts_with(name_)) return Fail(source);
    return Fail(name_ + ": " + (source.empty() ? "not a whole PNG: " + std::string(files_.what.data()) : source));
  }

  const std::string& name_;
  Files files_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
};

}  // namespace

Status ReadPng(const std::string& name, ByteSource* source, PngRows* rows) { return Reader(name, source).Read(rows); }

Result<std::string> WritePng(uint32_t width, uint32_t height, std::span<const uint8_t> rgb) {
  constexpr size_t kRgbBytes = 3;
  assert(width > 0 && height > 0 && rgb.size() == kRgbBytes * width * height);
  std::string out;
  Files files;
  files.out = &out;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &files, OnError, OnWarning);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  const bool written = info != nullptr && Try(png, [&] {
                         png_set_write_fn(png, &files, OnWrite, OnFlush);
                         png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                                      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
                         png_set_compression_level(png, 6);
                         png_write_info(png, info);
                         for (uint32_t y = 0; y < height; ++y) png_write_row(png, rgb.data() + kRgbBytes * width * y);
                         png_write_end(png, nullptr);
                       });
  png_destroy_write_struct(&png, &info);
  if (!written) return Fail("PNG: " + std::string(files.what.data()));
  return out;
}

}  // namespace rblitz
