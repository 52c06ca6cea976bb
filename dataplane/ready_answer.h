// Makes answers ready when a zone is built. For zone*.cc only.
//
// Thread-safety: pure.
#pragma once

#include "dataplane/answer_writer.h"
#include "dataplane/dns/query.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

// False when the chunk is too large to be copied blindly.
[[nodiscard]] bool MakeReady(const RecordChunk& chunk, size_t apex_at, dns::Rcode rcode, Section section,
                             ReadyAnswer& ready);

// All that the zone has ready, once the rest of it is there.
void MakeReadyAnswers(Zone::Rep& zone);

}  // namespace rblitz
