// Any bytes as a file of the greylist: what is taken for a block is the same when it is written again, and nothing is
// read outside of it.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/grey_format.h"
#include "tests/fuzz/require.h"

using namespace rblitz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<GreyHeader> header = ParseGreyHeader(bytes);
  if (!header) {
    Require(!header.error().message.empty());
    return 0;
  }
  bytes.remove_prefix(kGreyHeaderBytes);
  for (uint64_t number = 0;; ++number) {
    std::vector<TripletRow> rows;
    const Result<size_t> taken = ParseGreyBlock(bytes, header->salt, number, &rows);
    if (!taken) break;
    std::string again;
    AppendGreyBlock(rows, header->salt, number, &again);
    Require(again.size() == *taken);
    std::vector<TripletRow> rows_again;
    Require(ParseGreyBlock(again, header->salt, number, &rows_again) == *taken && rows_again == rows);
    bytes.remove_prefix(*taken);
  }
  return 0;
}
