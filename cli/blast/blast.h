// The load generator as a whole: questions, oracle, links, one load or a ramp of them (rblitz-blast(1)).
//
// Thread-safety: one thread; it starts the askers' own. Errors: as "what: why".
#pragma once

#include <atomic>
#include <iosfwd>

#include "cli/blast/settings.h"
#include "tables/result.h"

namespace rblitz::blast {

// Runs to the end and prints what came of it to `out`. The result: whether all was well, which it is not when an answer
// was wrong, when nothing was answered, or when no rate of a ramp holds. `stop` ends it early, with what has come.
[[nodiscard]] Result<bool> RunBlast(const Settings& settings, const std::atomic<bool>& stop, std::ostream& out);

}  // namespace rblitz::blast
