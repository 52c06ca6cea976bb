// What another greylister knew, as rows of a greylist; and what of it cannot be carried over, counted by why.
//
// Nothing is guessed: where the text that was hashed here would not be that of the next question, there is no row.
//
// Thread-safety: one thread. Lifetime: settings and key outlive it. Units: Unix times in seconds. Errors: none; a row
// that is none is counted. Cost: memory for the rows, two SHA-1 each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/grey_name.h"
#include "cli/grey_settings.h"
#include "tables/triplet_row.h"

namespace rblitz {

struct ForeignTimes {
  int64_t first = 0;
  int64_t last = 0;
};

class ForeignRows {
 public:
  // `normal`: mail servers ask through rblitz-policyd, which writes senders without what changes from mail to mail.
  ForeignRows(const GreySettings& settings, const GreyKey& key, bool normal)
      : settings_(settings), key_(key), normal_(normal) {}

  [[nodiscard]] const GreySettings& settings() const { return settings_; }

  // `clients` is an address, or a network as in 192.0.2.0/24.
  void AddTriplet(const std::string& clients, const std::string& sender, const std::string& recipient,
                  ForeignTimes times, bool passed);
  // Of credits only the number and the last are known: they become one an hour before that.
  void AddClient(const std::string& client, uint64_t credits, int64_t last);
  // A sender's domain and a network, of which one sender is known; empty: as many as pass.
  void AddDomain(const std::string& clients, const std::string& domain, const std::string& sender, ForeignTimes times);

  // One that cannot be carried over. `why` ends "N of" or stands for what it is, as in "black lists".
  void Skip(const std::string& why) { ++skipped_[why]; }

  [[nodiscard]] const std::vector<TripletRow>& rows() const { return rows_; }
  [[nodiscard]] const std::map<std::string, uint64_t>& skipped() const { return skipped_; }

 private:
  [[nodiscard]] bool IsKnown(const std::string& sender);
  [[nodiscard]] bool HasTimes(ForeignTimes times);
  [[nodiscard]] std::string AddressOf(const std::string& clients);

  const GreySettings& settings_;
  const GreyKey& key_;
  const bool normal_;
  std::vector<TripletRow> rows_;
  std::map<std::string, uint64_t> skipped_;
};

}  // namespace rblitz
