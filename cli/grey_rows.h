// Rows of a greylist as JSON: what the control socket's `grey rows` and `grey join` and the files of `rblitz grey
// export` have.
//
//   {"kind":"triplet","network":"192.0.2.0/24","id":"5190f9ee3f5ecffd","first":1718000000,"last":1718000400,
//    "passed":true,"epoch":0,"forgotten":false}
//
// Kinds are triplet, domain, client and sender_domain. A domain's network is the 16 digits of its hash; a client has
// `client`, its address in full, for `id`. Clients and sender domains have their `payload` besides, 12 digits, and
// `credits` or `senders`, which are for people and are not read. `passed`, `epoch`, `forgotten` and `payload` may be
// absent.
//
// Thread-safety: pure. Units: Unix times in seconds; `last` is kept to the minute. Errors: the message says which key
// is wrong and why; JSON of any shape is safe to read.
#pragma once

#include "cli/json.h"
#include "dataplane/grey_question.h"
#include "tables/ip6.h"
#include "tables/result.h"
#include "tables/triplet_row.h"

namespace rblitz {

[[nodiscard]] Json GreyRowJson(const TripletRow& row, GreyMasks masks);
[[nodiscard]] Result<TripletRow> GreyRowFromJson(const Json& json);

// Unix time of a row's last change, as far as that is known.
[[nodiscard]] uint32_t GreyLastSeen(const TripletRow& row);

// Whether the row is one of these addresses: of a client, that it is among them; of others, that they and the row's
// network have addresses in common. A row of a domain has no network, and is not.
[[nodiscard]] bool IsGreyRowOf(const TripletRow& row, GreyMasks masks, const Ip6Prefix& addresses);

}  // namespace rblitz
