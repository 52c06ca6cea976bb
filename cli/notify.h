// What a service manager is told: sd_notify(3)'s protocol, one datagram to the socket that it names.
//
// Thread-safety: any thread. Errors: none: without a manager, or one that does not listen, nothing happens.
#pragma once

#include <string_view>

namespace rblitz {

// "READY=1", "STOPPING=1", ...; several lines may go at once.
void NotifyManager(std::string_view state);

// "RELOADING=1" with the time that the protocol wants beside it.
void NotifyReloading();

}  // namespace rblitz
