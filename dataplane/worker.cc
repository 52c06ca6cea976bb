#include "dataplane/worker.h"

#include "dataplane/gate.h"
#include "dataplane/responder.h"

namespace rblitz {

void Worker::Run(const std::atomic<bool>& stop) {
  RcuReader reader;
  Responder responder(stats_, index_);
  Gate gate(&responder, stats_);
  io::Burst burst;
  size_t sample = 0;  // each burst's message at another place
  while (!stop.load(std::memory_order_relaxed)) {
    io_->Receive(burst);
    if (burst.count > 0) {
      sample = sample + 1 < burst.count ? sample + 1 : 0;
      stats_->question_sizes.Add(burst.messages[sample].size, burst.count);
      const Serving& serving = *serving_->Read();
      if (serving.client_rules == nullptr && !serving.has_greylists) [[likely]] {
        responder.Answer(burst, serving);
      } else {
        const Gate::Clocks now = Gate::ReadClocks();
        responder.set_time(now.unix_seconds);
        if (serving.client_rules == nullptr) {
          responder.Answer(burst, serving);
        } else {
          gate.Answer(burst, serving, now);
        }
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
