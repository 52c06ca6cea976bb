// What of the allocator is asked while bursts of frames are received, answered and sent.
//
// Thread-safety: tests/allocator_calls.h.
#pragma once

#include "dataplane/io/memory_io.h"
#include "tests/allocator_calls.h"

namespace rblitz::test {

// answer(burst) for each of `count` bursts of the frames in `memory`, which are replayed. What is done once, at first
// use, is not counted.
template <class Answer>
Calls CallsInBursts(io::MemoryIo& memory, int count, Answer&& answer) {
  io::Burst burst;
  const auto bursts = [&](int left) {
    for (; left > 0; --left) {
      memory.Receive(burst);
      answer(burst);
      memory.Send(burst);
    }
  };
  memory.Replay();
  bursts(1);
  return CallsIn([&] { bursts(count); });
}

}  // namespace rblitz::test
