// Arbitrary bytes as what a copy's stream holds: it is refused, or its parts are as long as its header says.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "loaders/feed_copy.h"
#include "tests/fuzz/require.h"

namespace {

using namespace rblitz;

// Reads a part to its end; false when it fails.
bool ReadPart(ByteSource* part, uint64_t expected) {
  char chunk[1024];
  uint64_t size = 0;
  for (;;) {
    const Result<size_t> n = part->Read(chunk, sizeof(chunk));
    if (!n) return false;
    size += *n;
    if (*n < sizeof(chunk)) break;
  }
  Require(size == expected);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Result<FeedCopy> copy = ReadCopy(std::make_unique<MemorySource>(bytes));
  if (!copy) {
    Require(!copy.error().message.empty());
    return 0;
  }
  Require(!copy->sources.empty() && copy->sources.size() == copy->info.paths.size());
  // What is understood is written in the same words again, but for what no header says twice.
  const Result<std::string> header = CopyHeader(copy->info);
  Require(header.has_value());
  const Result<FeedCopy> again = ReadCopy(std::make_unique<MemorySource>(*header));
  Require(again.has_value() && again->info == copy->info);
  for (size_t i = 0; i < copy->sources.size(); ++i) {
    if (!ReadPart(copy->sources[i].bytes.get(), copy->info.identities[i].size)) return 0;
  }
  return 0;
}
