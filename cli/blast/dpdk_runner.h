// Runs loads over a DPDK port, on the core of its worker.
//
// Thread-safety: one thread, the main one. Lifetime: one in the life of a process (dpdk_io.h).
// Errors: what DPDK says, and whose MAC is not to be had.
#pragma once

#include <atomic>
#include <memory>

#include "cli/blast/counts.h"
#include "cli/blast/frame_link.h"
#include "cli/blast/settings.h"
#include "dataplane/io/dpdk_io.h"
#include "tables/result.h"

namespace rblitz::blast {

class DpdkRunner {
 public:
  // REQUIRES: settings.dpdk.
  [[nodiscard]] static Result<std::unique_ptr<DpdkRunner>> Open(const Settings& settings);

  [[nodiscard]] Result<Counts> Run(const Load& load, const QuestionSet& set, const Oracle* oracle,
                                   const std::atomic<bool>& stop);

 private:
  DpdkRunner() = default;

  std::unique_ptr<io::Dpdk> dpdk_;
  std::unique_ptr<io::FrameIo> io_;
  std::unique_ptr<FrameLink> link_;
};

}  // namespace rblitz::blast
