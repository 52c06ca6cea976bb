#include "cli/foreign_rows.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "cli/config_values.h"
#include "cli/policy/sender.h"

namespace rblitz {

namespace {

constexpr unsigned kMappedBits = 96;
constexpr uint32_t kHour = 3600;
// Fingerprints for senders of whom it is only known that they were there, and were two.
constexpr uint64_t kSomeSender = 1;
constexpr uint64_t kAnotherSender = 2;

uint32_t Seconds(int64_t time) { return static_cast<uint32_t>(time); }

TripletRow RowOf(const TripletKey& key, ForeignTimes times) {
  return {.key = key, .first = Seconds(times.first), .last_minutes = MinutesOf(Seconds(times.last))};
}

// How much of an address the greylist sees, in bits of IPv6.
unsigned SeenOf(const Ip6Prefix& clients, GreyMasks masks) {
  return IsV4Mapped(clients.address) ? kMappedBits + masks.ip4 : masks.ip6;
}

}  // namespace

// The first address of the clients; empty: they are none, or more than the greylist takes for one network.
std::string ForeignRows::AddressOf(const std::string& clients) {
  const Result<Ip6Prefix> parsed = ParseClients(clients);
  if (!parsed) {
    Skip("clients that are no address");
    return "";
  }
  if (parsed->length < SeenOf(*parsed, settings_.masks)) {
    Skip("networks wider than the greylist's");
    return "";
  }
  return ClientsText({.address = parsed->address, .length = 128});
}

bool ForeignRows::HasTimes(ForeignTimes times) {
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  const bool has = times.first > 0 && times.first <= kMost && times.last >= times.first && times.last <= kMost;
  if (!has) Skip("times that are none");
  return has;
}

// Whether the sender is as it was, or as it will be asked for.
bool ForeignRows::IsKnown(const std::string& sender) {
  const size_t at = std::min(sender.rfind('@'), sender.size());
  const bool is_changed = sender.find('#') < at;
  if (is_changed && !normal_) Skip("senders whose numbers were taken out");
  return normal_ || !is_changed;
}

void ForeignRows::AddTriplet(const std::string& clients, const std::string& sender, const std::string& recipient,
                             ForeignTimes times, bool passed) {
  if (!HasTimes(times) || !IsKnown(sender)) return;
  const std::string client = AddressOf(clients);
  if (client.empty()) return;
  const std::string from = normal_ ? policy::NormalSender(sender, recipient) : sender;
  const std::string to = normal_ ? policy::NormalRecipient(recipient) : recipient;
  const Result<std::string> name = GreyName({.client = client, .sender = from, .recipient = to}, key_);
  const auto question = name ? GreyQuestionOf(*name, settings_.masks) : Result<GreyQuestion>(Fail(""));
  if (!question) return Skip("mails that are none");
  TripletRow row = RowOf(KeyOf(question->triplet), times);
  row.passed = passed;
  // Of who is waiting only the first time counts.
  if (!passed) row.last_minutes = MinutesOf(row.first);
  rows_.push_back(row);
}

void ForeignRows::AddClient(const std::string& client, uint64_t credits, int64_t last) {
  const auto count = static_cast<uint32_t>(std::min<uint64_t>(credits, kMaxCredits));
  if (count == 0) return Skip("clients without a credit");
  if (!HasTimes({.first = last, .last = last})) return;
  const Result<Ip6Prefix> parsed = ParseClients(client);
  if (!parsed || parsed->length != 128) return Skip("clients that are no address");
  const uint32_t latest = Seconds(last);
  TripletRow row = RowOf({.network = GreyNetworkOf(parsed->address, settings_.masks),
                          .fingerprint = GreyClientOf(parsed->address),
                          .kind = TripletKind::kClient},
                         {.first = std::max<int64_t>(1, last - int64_t{count - 1} * kHour), .last = last});
  for (uint32_t later = count - 1; later-- > 0;) row.payload = WithCredit(row, latest - later * kHour);
  rows_.push_back(row);
}

void ForeignRows::AddDomain(const std::string& clients, const std::string& domain, const std::string& sender,
                            ForeignTimes times) {
  if (!HasTimes(times) || !IsKnown(sender)) return;
  const std::string client = AddressOf(clients);
  if (client.empty()) return;
  const std::string known = normal_ ? policy::NormalSender(sender, "") : sender;
  const std::string address = sender.empty() ? "x@" + domain : known;
  const Result<std::string> name =
      GreyName({.client = client, .sender = address, .recipient = "x", .tells_domain = true}, key_);
  const auto question = name ? GreyQuestionOf(*name, settings_.masks) : Result<GreyQuestion>(Fail(""));
  if (!question || question->triplet.domain == 0) return Skip("domains that are none");
  const TripletQuestion& asked = question->triplet;
  TripletRow row =
      RowOf({.network = asked.network, .fingerprint = asked.domain, .kind = TripletKind::kSenderDomain}, times);
  row.payload = WithSender(0, sender.empty() ? kSomeSender : asked.sender);
  if (sender.empty()) row.payload = WithSender(row.payload, kAnotherSender);
  rows_.push_back(row);
}

}  // namespace rblitz
