// Any bytes as what comes over a TCP connection, in pieces and turns that the first two bytes choose: the messages are
// those of the stream as a whole.
#include "tests/fuzz/require.h"
#include "tests/tcp_input_twin.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::span<const uint8_t> stream(data + 2, size - 2);
  uint32_t state = uint32_t{data[1]} + 1;
  const auto next = [&state] { return (state = state * 1103515245 + 12345) >> 16; };
  const size_t most = size_t{1} << (data[0] % 14);
  const auto expected = rblitz::io::MessagesOf(stream);
  const auto got = rblitz::io::MessagesThroughInput(
      stream, [&] { return next() % most; }, [&] { return next() % 4; });
  rblitz::Require(got == expected);
  return 0;
}
