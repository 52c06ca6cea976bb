// `rblitz lookup`: which line of which file lists what was looked up.
//
// Thread-safety: pure but for the files. Errors: what cannot be read is said in the answer.
// Cost: one reading of each feed that lists it; nothing of it in the server.
#pragma once

#include "cli/json.h"

namespace rblitz {

// Adds "file", "line", "lines" and "changed" to each record of a lookup's answer that a feed gave, and takes away the
// "sources" that the server sent for it.
void AddLines(Json* lookup);

}  // namespace rblitz
