// The SOA serials of zones, which never go back (RFC 1982): not when an override is forgotten, a feed is rolled back or
// withdrawn, nor over a restart. What was published last is kept in the state, a line for each zone:
//
//   rblitz serials 1
//   bl.example.com 1795341601 1795341602
//
// the serial that the data gave and the one that was published.
//
// Thread-safety: none. Errors: a file that cannot be read or written is logged; the serials in memory count.
// Cost: one small file, written when a serial changes. It is not synced: after a crash of the machine a serial may
// begin with the time of the data again.
#pragma once

#include <map>
#include <span>
#include <string>

#include "dataplane/zone.h"

namespace rblitz {

class Serials {
 public:
  // Keeps them in this file from now on, and begins with what is there.
  void KeepIn(std::string path);

  // Tells the zone which serial comes before its own.
  void Join(ZoneConfig* zone) const;
  // These are about to be published.
  void Remember(std::span<const Zone> zones);

 private:
  void Read();
  void Write() const;

  std::string path_;                                        // empty: in memory alone
  std::map<std::string, ZoneSerial, std::less<>> serials_;  // by zone; those of zones that are gone, too
};

}  // namespace rblitz
