// Heat maps as pictures: PNGs that are drawn along the Hilbert curve, each pixel a score by its place on a palette.
//
// A map is square, 16 to 4096 pixels a side, a power of two. A pixel counts for all /24s of its network: of a map with
// 1024 pixels a side for a /20. Transparent pixels and those under the mask of labels tell nothing; those whose colour
// is too far from all of the palette are rejected and counted.
//
// Thread-safety: pure but for files. Errors: a picture that is no map, or damaged, fails as a whole.
#pragma once

#include "loaders/feed.h"
#include "loaders/heat_draft.h"
#include "tables/result.h"

namespace rblitz {

// As the feed's options of heat say, within its max_memory. Rows count as lines in the report, pixels as what is given
// and rejected.
[[nodiscard]] Status ReadHeatPicture(FeedSource source, const FeedConfig& config, const LoadWatch& watch,
                                     HeatDraft* draft, LoadReport* report);

}  // namespace rblitz
