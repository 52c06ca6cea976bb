#include "dataplane/worker.h"

#include "dataplane/gate.h"
#include "dataplane/responder.h"

namespace rblitz {

void Worker::Run(const std::atomic<bool>& stop) {
  RcuReader reader;
  Responder responder(stats_);
  Gate gate(&responder, stats_);
  io::Burst burst;
  size_t sample = 0;  // each burst's message at another place
  while (!stop.load(std::memory_order_relaxed)) {
    io_->Receive(burst);
    if (burst.count > 0) {
      sample = sample + 1 < burst.count ? sample + 1 : 0;
      stats_->question_sizes.Add(burst.messages[sample].size, burst.count);
      const Serving& serving = *serving_->Read();
      if (serving.client_rules == nullptr) [[likely]] {
        responder.Answer(burst, serving);
      } else {
        gate.Answer(burst, serving, Gate::ReadClocks());
      }
      if (const size_t size = burst.messages[sample].size; size != 0) stats_->answer_sizes.Add(size, burst.count);
      io_->Send(burst);
    } else if (io_->can_wait()) {
      reader.Offline();
      io_->Wait(kWaitMs);
      reader.Online();
      continue;
    }
    reader.Quiescent();
  }
}

}  // namespace rblitz
