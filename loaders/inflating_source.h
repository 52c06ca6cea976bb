// Decompresses what another source gives, where it begins as gzip or zstd does; passes everything else through.
//
// Thread-safety: none. Errors: truncated and damaged data fails, with the name given. Cost: none beyond a copy of the
// first 64 KiB for what is not compressed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "loaders/byte_source.h"
#include "loaders/decompressor.h"
#include "tables/result.h"

namespace rblitz {

class InflatingSource final : public ByteSource {
 public:
  // `name` is for messages.
  InflatingSource(std::string name, std::unique_ptr<ByteSource> compressed);

  [[nodiscard]] Result<size_t> Read(char* out, size_t size) override;

 private:
  [[nodiscard]] Status Detect();
  [[nodiscard]] Status Refill();
  [[nodiscard]] Result<size_t> ReadPlain(char* out, size_t size);
  [[nodiscard]] Result<size_t> ReadPacked(char* out, size_t size);

  std::string name_;
  std::unique_ptr<ByteSource> compressed_;
  std::unique_ptr<char[]> input_;
  std::string_view unread_;  // of input_
  bool detected_ = false;
  std::unique_ptr<Decompressor> decompressor_;  // null: plain
};

}  // namespace rblitz
