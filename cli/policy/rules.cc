#include "cli/policy/rules.h"

#include <arpa/inet.h>
#include <endian.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cli/log.h"
#include "cli/policy/sender.h"

namespace rblitz::policy {

namespace {

constexpr uint64_t kLoggedBadLines = 10;

}  // namespace

std::optional<Ip6Address> AddressFrom(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  in_addr ip4{};
  if (inet_pton(AF_INET, terminated.data(), &ip4) == 1) {
    return Ip6Address{.high = 0, .low = kV4MappedLow | ntohl(ip4.s_addr)};
  }
  std::array<uint64_t, 2> halves_be{};
  if (inet_pton(AF_INET6, terminated.data(), halves_be.data()) != 1) return std::nullopt;
  return Ip6Address{.high = be64toh(halves_be[0]), .low = be64toh(halves_be[1])};
}

Outcome OutcomeOf(uint32_t a) {
  switch (a) {
    case 0x7f000002:
      return Outcome::kMatured;
    case 0x7f000003:
      return Outcome::kKnown;
    case 0x7f000004:
      return Outcome::kDeferred;
    case 0x7f000006:
      return Outcome::kAutoWhitelisted;
    case 0x7f000007:
      return Outcome::kPassListed;
    case 0x7f000008:
      return Outcome::kOptedOut;
    case 0x7f000009:
      return Outcome::kUnrecorded;
    case 0x7f00000a:
      return Outcome::kBlocked;
    default:
      return Outcome::kOther;
  }
}

Result<Rules> Rules::Create(const Settings* settings, GreyKey key) {
  Rules rules(settings, std::move(key));
  const Status read = rules.Reload();
  if (!read) return tl::unexpected(read.error());
  return rules;
}

Status Rules::Reload() {
  uint64_t count = 0;
  const BadLine bad_line = [&count](const std::string& message) {
    if (++count <= kLoggedBadLines) LogLine("bad_line").Add("what", message);
  };
  Result<ClientList> clients = ClientList::Read(settings_->client_lists, bad_line);
  if (!clients) return tl::unexpected(clients.error());
  Result<RecipientList> recipients = RecipientList::Read(settings_->recipient_lists, bad_line);
  if (!recipients) return tl::unexpected(recipients.error());
  clients_ = *std::move(clients);
  recipients_ = *std::move(recipients);
  bad_lines_ = count;
  return {};
}

std::optional<Outcome> Rules::WithoutAsking(const Request& request) const {
  if (request.recipient.empty()) return Outcome::kNoRecipient;
  if (settings_->skips_authenticated && !request.sasl_username.empty()) return Outcome::kAuthenticated;
  const std::optional<Ip6Address> client = AddressFrom(request.client_address);
  if (!client) return Outcome::kUnusable;
  if (IsLocal(*client)) return Outcome::kLocal;
  if (settings_->skips_null_sender && (request.sender.empty() || request.sender == "<>")) return Outcome::kNullSender;
  if (clients_.Has(request.client_name, *client)) return Outcome::kClientListed;
  if (recipients_.Has(request.recipient)) return Outcome::kRecipientListed;
  return std::nullopt;
}

bool Rules::IsLocal(const Ip6Address& client) const {
  return std::ranges::any_of(settings_->local, [&](const Ip6Prefix& network) { return IsIn(client, network); });
}

std::optional<Question> Rules::QuestionFor(const Request& request) const {
  const bool normal = settings_->normalises;
  GreyMail mail;
  mail.client = request.client_address;
  mail.sender = normal ? NormalSender(request.sender, request.recipient) : std::string(request.sender);
  mail.recipient = normal ? NormalRecipient(request.recipient) : std::string(request.recipient);
  mail.tells_domain = settings_->tells_domain;
  mail.is_aligned = request.policy_context == "aligned";
  Result<std::string> labels = GreyName(mail, key_);
  if (!labels) return std::nullopt;
  const dns::Name name = dns::NameFromText((*labels += ".") += settings_->zone);
  if (name.size == 0) return std::nullopt;
  return MakeQuestion(name, kTypeA);
}

}  // namespace rblitz::policy
