// Where the bytes of a feed come from: a regular file or memory. Compressed bytes are inflating_source.h's business.
//
// Only regular files are read: a FIFO or device could block the reload of all feeds for ever.
//
// Thread-safety: none; one source, one thread.
// Errors: messages name the file. A file whose time, size or inode changes while it is read fails when its end is
// reached, because what was read may be half of one version and half of the next; writers should rename a finished file
// into place.
#pragma once

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
  // The same version of the file from its start once more, whatever its name leads to meanwhile.
  [[nodiscard]] Result<std::unique_ptr<FileSource>> Again() const;
  // Of the file as it was opened.
  [[nodiscard]] const FileIdentity& identity() const noexcept { return identity_; }

 private:
  FileSource(std::string path, int fd, const FileIdentity& identity);
  [[nodiscard]] Status CheckUnchanged() const;

  std::string path_;
  int fd_;
  FileIdentity identity_;
  int64_t offset_ = 0;
};

// Bytes that outlive the source.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;

 private:
  std::string_view rest_;
};

}  // namespace rblitz
