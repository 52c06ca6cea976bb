// TcpInput fed with a stream in pieces, and what must come out of it however it is cut.
//
// Thread-safety: pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "dataplane/io/tcp_input.h"

namespace rblitz::io {

struct TcpMessages {
  std::vector<std::vector<uint8_t>> messages;
  TcpInput::State end = TcpInput::State::kPartial;  // what follows them
  bool operator==(const TcpMessages&) const = default;
};

// The plain way: the whole stream at once.
inline TcpMessages MessagesOf(std::span<const uint8_t> stream) {
  TcpMessages all;
  while (stream.size() >= 2) {
    const size_t size = size_t{stream[0]} * 256 + stream[1];
    if (size == 0) all.end = TcpInput::State::kEmpty;
    if (size > TcpInput::kMaxMessage) all.end = TcpInput::State::kTooLong;
    if (size == 0 || size > TcpInput::kMaxMessage || size > stream.size() - 2) break;
    all.messages.emplace_back(stream.begin() + 2, stream.begin() + 2 + static_cast<ptrdiff_t>(size));
    stream = stream.subspan(2 + size);
  }
  return all;
}

// `piece` gives the most bytes that come next, and `turn` the most messages that are taken then.
inline TcpMessages MessagesThroughInput(std::span<const uint8_t> stream, const std::function<size_t()>& piece,
                                        const std::function<size_t()>& turn) {
  TcpMessages all;
  std::vector<uint8_t> buffer(TcpInput::kBuffer);
  TcpInput input(buffer.data());
  const auto take = [&](size_t most) {
    for (; most > 0 && input.state() == TcpInput::State::kMessage; --most) {
      const std::span<const uint8_t> message = input.Take();
      all.messages.emplace_back(message.begin(), message.end());
    }
  };
  while (!stream.empty()) {
    const std::span<uint8_t> room = input.Room();
    const size_t n = std::min({room.size(), stream.size(), std::max<size_t>(piece(), 1)});
    std::copy_n(stream.begin(), n, room.begin());
    input.Added(n);
    stream = stream.subspan(n);
    // A full buffer that begins with no message must end the stream, or nothing would ever come of it.
    take(input.Room().empty() ? SIZE_MAX : turn());
    if (input.state() == TcpInput::State::kEmpty || input.state() == TcpInput::State::kTooLong) break;
  }
  take(SIZE_MAX);
  all.end = input.state();
  return all;
}

}  // namespace rblitz::io
