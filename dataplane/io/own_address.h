// Own addresses as a configuration writes them.
//
// Thread-safety: pure. Errors: the message quotes what was wrong.
#pragma once

#include <string>

#include "dataplane/net/own_addresses.h"
#include "tables/result.h"

namespace rblitz::io {

// "10.53.0.53/24", the address of a host. The length of the network must be given: it says which source is its
// broadcast address.
[[nodiscard]] Result<net::OwnIp4> ParseOwnAddress(const std::string& text);

}  // namespace rblitz::io
