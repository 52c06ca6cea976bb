// The life of a burst: parse all questions, find their zones, look all addresses up, write all answers over the
// questions.
//
// Thread-safety: one Responder a worker. Lifetime: `serving` must stay valid during Answer.
// Errors: none; a message that gets no answer has its size set to 0 and its reason counted.
// Cost: no allocation, no lock, no system call, no clock. docs/performance.md has nanoseconds.
#pragma once

#include <memory>

#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"

namespace rblitz {

class Responder {
 public:
  explicit Responder(WorkerStats* stats);
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // Turns every question of the burst into its answer, in place.
  void Answer(io::Burst& burst, const Serving& serving) noexcept;

 private:
  struct Scratch;
  WorkerStats* stats_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace rblitz
