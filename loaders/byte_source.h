// Where the bytes of a feed come from: a regular file, memory, and gzip over either.
//
// Only regular files are read: a FIFO or device could block the reload of all feeds for ever.
//
// Thread-safety: none; one source, one thread.
// Errors: messages name the file. A file whose time, size or inode changes while it is read fails when its end is
// reached, because what was read may be half of one version and half of the next; writers should rename a finished file
// into place.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "loaders/file_identity.h"
#include "tables/result.h"

namespace rblitz {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills up to `size` bytes; fewer than asked only at the end, 0 after it. REQUIRES: size > 0.
  [[nodiscard]] virtual Result<size_t> Read(char* out, size_t size) = 0;
};

class FileSource final : public ByteSource {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FileSource>> Open(const std::string& path);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;
  // Of the file as it was opened.
  [[nodiscard]] const FileIdentity& identity() const noexcept { return identity_; }

 private:
  FileSource(std::string path, int fd, const FileIdentity& identity);
  [[nodiscard]] Status CheckUnchanged() const;

  std::string path_;
  int fd_;
  FileIdentity identity_;
};

// Bytes that outlive the source.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;

 private:
  std::string_view rest_;
};

// Inflates `compressed` where it begins as gzip does (RFC 1952 section 2.3.1), whatever its name; passes it through
// elsewhere.
class InflatingSource final : public ByteSource {
 public:
  // `name` is for messages.
  InflatingSource(std::string name, std::unique_ptr<ByteSource> compressed);
  ~InflatingSource() override;
  InflatingSource(const InflatingSource&) = delete;
  InflatingSource& operator=(const InflatingSource&) = delete;

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;

 private:
  enum class Mode : uint8_t { kUnknown, kPlain, kGzip, kEnd };

  [[nodiscard]] Status Detect();
  [[nodiscard]] Status Refill();
  [[nodiscard]] Result<size_t> ReadPlain(char* out, size_t size);
  [[nodiscard]] Result<size_t> ReadGzip(char* out, size_t size);
  [[nodiscard]] Status NextMember();

  std::string name_;
  std::unique_ptr<ByteSource> compressed_;
  std::unique_ptr<char[]> input_;
  z_stream stream_ = {};  // next_in and avail_in are the unread input in every mode
  Mode mode_ = Mode::kUnknown;
};

}  // namespace rblitz
