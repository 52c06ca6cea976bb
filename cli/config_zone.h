// What all kinds of zones that are served as ordinary ones have: who may ask, TTL, SOA and NS.
//
// Thread-safety: pure. Errors: collected by the reader.
#pragma once

#include "cli/config_table.h"
#include "dataplane/zone.h"

namespace rblitz {

void ReadServing(TableReader& reader, ZoneConfig* zone);

}  // namespace rblitz
