#include "dataplane/worker.h"

#include "dataplane/responder.h"

namespace rblitz {

void Worker::Run(const std::atomic<bool>& stop) {
  RcuReader reader;
  Responder responder(stats_);
  io::Burst burst;
  while (!stop.load(std::memory_order_relaxed)) {
    io_->Receive(burst);
    if (burst.count > 0) {
      responder.Answer(burst, *serving_->Read());
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
