// What has come over one TCP connection and is not a whole question yet, or waits for its turn: a buffer that is cut
// into messages, each behind its length in two bytes. Knows no sockets.
//
// Thread-safety: none. Units: bytes. Errors: a length that no question can have ends the stream: nothing behind it can
// be told apart any more. Cost: a copy of what is left when the end of the buffer is reached; no allocation. Source:
// RFC 1035 section 4.2.2, RFC 7766 section 8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace rblitz::io {

class TcpInput {
 public:
  static constexpr size_t kMaxMessage = 4096;  // longer questions are not taken: none has a use for that
  static constexpr size_t kLength = 2;         // bytes in front of each

  enum class State : uint8_t {
    kPartial,  // more must come
    kMessage,
    kEmpty,    // a message of no bytes
    kTooLong,  // one of more than kMaxMessage
  };

  static constexpr size_t kBuffer = kLength + kMaxMessage;

  // `buffer`, of kBuffer bytes, is somebody else's: a server has many of these, and touches those only that it has
  // used.
  explicit TcpInput(uint8_t* buffer = nullptr) noexcept : bytes_(buffer) {}

  void Clear() noexcept { begin_ = end_ = 0; }

  // Where what comes next is to be put; empty when kMaxMessage bytes wait.
  [[nodiscard]] std::span<uint8_t> Room() noexcept {
    if (begin_ == end_) Clear();
    if (begin_ > 0 && end_ == kBuffer) {
      std::memmove(bytes_, bytes_ + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return {bytes_ + end_, kBuffer - end_};
  }
  // So many have been put there.
  void Added(size_t n) noexcept { end_ += n; }

  // Of what is next.
  [[nodiscard]] State state() const noexcept {
    if (end_ - begin_ < kLength) return State::kPartial;
    const size_t size = next_size();
    if (size == 0) return State::kEmpty;
    if (size > kMaxMessage) return State::kTooLong;
    return size <= end_ - begin_ - kLength ? State::kMessage : State::kPartial;
  }

  // The next message, which stands until Room is called. REQUIRES: state() is kMessage.
  [[nodiscard]] std::span<const uint8_t> Take() noexcept {
    const std::span<const uint8_t> message(bytes_ + begin_ + kLength, next_size());
    begin_ += kLength + message.size();
    return message;
  }

  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

 private:
  [[nodiscard]] size_t next_size() const noexcept { return size_t{bytes_[begin_]} << 8 | bytes_[begin_ + 1]; }

  size_t begin_ = 0;
  size_t end_ = 0;
  uint8_t* bytes_;
};

}  // namespace rblitz::io
