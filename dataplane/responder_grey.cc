// Questions of greylists: read as they come, decided together, each answered with one A record or the text of a look.

#include <algorithm>
#include <bit>
#include <span>

#include "dataplane/answer_writer.h"
#include "dataplane/client.h"
#include "dataplane/common_question.h"
#include "dataplane/grey_question.h"
#include "dataplane/grey_zone.h"
#include "dataplane/greylist.h"
#include "dataplane/ready_writer.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_access.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

// Whoever defers a mail, or has just passed one, asks next how long; who speaks EDNS is told at once.
bool TellsTimes(GreyAnswer answer) noexcept { return answer == GreyAnswer::kDefer || answer == GreyAnswer::kMatured; }

// Who may ask which zone, asked once for questions of one client that follow one another: mail servers are few.
class LastAsker {
 public:
  [[nodiscard]] bool MayAsk(const io::Burst& burst, const io::Message& message, const ZoneAccess* access) noexcept {
    if (access == nullptr) return true;
    if (burst.clients == nullptr) return false;
    const Ip6Address client = AddressOf(burst.clients->ClientOf(message));
    if (access == access_ && client == client_) return may_ask_;
    access_ = access;
    client_ = client;
    may_ask_ = access->Decide(client, std::nullopt).action == AclAction::kPass;
    return may_ask_;
  }

 private:
  const ZoneAccess* access_ = nullptr;
  Ip6Address client_;
  bool may_ask_ = false;
};

}  // namespace

// A question for A from an IPv4 client whose name is whole, without or with OPT. Whoever may not ask, and whatever else
// it is, takes the long way.
uint64_t Responder::ReadGrey(const io::Burst& burst, const Serving& serving) noexcept {
  Scratch& s = *scratch_;
  const uint8_t* clients[io::kBurst];
  uint8_t messages[io::kBurst];
  size_t count = 0;
  for (size_t i = 0; i < burst.count; ++i) {
    if (burst.messages[i].capacity < kReadyRoom) continue;  // REQUIRES of GreyClientLabels
    clients[count] = GreyClientLabels(s.names[i]);
    messages[count] = static_cast<uint8_t>(i);
    count += clients[count] != nullptr;
  }
  if (count == 0) return 0;
  uint32_t addresses[io::kBurst];
  uint8_t sizes[io::kBurst];
  s.parse_addresses(clients, count, addresses, sizes);

  const auto find = [&](const uint8_t* apex, size_t has_opt) {
    return serving.zones.index_->FindGreylist(apex, has_opt);
  };
  LastAsker asker;
  uint64_t taken = 0;
  for (size_t c = 0; c < count; ++c) {
    const size_t i = messages[c];
    const io::Message& message = burst.messages[i];
    const auto before = static_cast<size_t>(clients[c] - s.names[i]);
    const auto [zone, has_opt, end] = ReadCommon(message, sizes[c] == 0 ? 0 : before + sizes[c], find);
    if (zone == nullptr || dns::Load16(message.payload + end - 4) != dns::kA ||
        !asker.MayAsk(burst, message, zone->access.get())) {
      continue;
    }
    const Ip6Address client{.high = 0, .low = kV4MappedLow | addresses[c]};
    if (!ReadGreyHashes(s.names[i], clients[c], client, zone->grey->state->masks(), &s.grey_questions[s.grey_count])) {
      continue;
    }
    s.grey[s.grey_count++] = {.message = static_cast<uint8_t>(i),
                              .form = static_cast<Form>(has_opt),
                              .question_end = static_cast<uint16_t>(end),
                              .zone = zone};
    taken |= uint64_t{1} << i;
  }
  stats_->CountType(AskedType::kA, static_cast<uint64_t>(std::popcount(taken)));
  return taken;
}

// Only a whole question of type A, or a look, is more than a name that exists.
void Responder::AskGrey(io::Message& message, size_t index, const dns::Query& query, const Zone::Rep& zone,
                        size_t below, size_t apex_at) noexcept {
  Scratch& s = *scratch_;
  if (query.qtype == dns::kA || query.qtype == dns::kTxt) {
    const FoldedName& name = s.folded[s.matches.size()];
    const auto question = ReadGreyQuestion({name.data(), query.label_at[below]}, below, zone.grey->state->masks());
    if (question) {
      s.grey_questions[s.grey_count] = *question;
      s.grey_questions[s.grey_count].look_only |= query.qtype == dns::kTxt;
      s.grey_queries[s.grey_count] = query;
      s.grey[s.grey_count++] = {.message = static_cast<uint8_t>(index),
                                .form = Form::kOther,
                                .question_end = query.question_end,
                                .zone = &zone};
      return;
    }
  }
  AnswerWriter writer(message, query);
  writer.set_apex_at(apex_at);
  AnswerExisting(writer, query, zone);
}

void Responder::AnswerGrey(io::Burst& burst) noexcept {
  Scratch& s = *scratch_;
  for (size_t begin = 0, end = 0; begin < s.grey_count; begin = end) {
    const Zone::Rep* const zone = s.grey[begin].zone;
    while (end < s.grey_count && s.grey[end].zone == zone) ++end;
    zone->grey->Decide(std::span(s.grey_questions).subspan(begin, end - begin), now_, worker_,
                       &s.grey_decisions[begin]);
    stats_->zones[zone->slot].outcomes[static_cast<size_t>(Outcome::kOther)].Add(end - begin);
  }
  uint64_t ready_count = 0;
  for (size_t i = 0; i < s.grey_count; ++i) {
    const auto& [index, form, question_end, zone] = s.grey[i];
    const GreyDecision& decision = s.grey_decisions[i];
    io::Message& message = burst.messages[index];
    const GreyAnswer answer = zone->grey->observe ? GreyAnswer::kUnrecorded : decision.answer;
    if (form == Form::kOther || (form == Form::kOpt && TellsTimes(answer))) {
      dns::Query query = form == Form::kOther ? s.grey_queries[i] : PlainQuery(message, form, question_end, dns::kA);
      query.over_tcp = burst.over_tcp;
      AnswerGreyQuery(message, query, decision, answer);
      continue;
    }
    const ReadyAnswer& ready = zone->ready[kNegatives + static_cast<size_t>(answer)];
    const Flags flags = Flags::Of(message.payload);
    form == Form::kOpt ? WriteReady<true, 16>(message, question_end, flags, ready)
                       : WriteReady<false, 16>(message, question_end, flags, ready);
    ++ready_count;
  }
  stats_->rcodes[dns::kNoError].Add(ready_count);
}

void Responder::AnswerGreyQuery(io::Message& message, const dns::Query& query, const GreyDecision& decision,
                                GreyAnswer answer) noexcept {
  AnswerWriter writer(message, query);
  const bool is_a = query.qtype == dns::kA;
  if (is_a) writer.AddA(0, GreyA(answer));
  if (!is_a || (query.edns && TellsTimes(answer))) {
    char text[kGreyTextBytes];
    writer.AddText(dns::kIn, 0, {text, GreyText(decision, text)}, is_a ? Section::kAdditional : Section::kAnswer);
  }
  Finish(writer, dns::kNoError, true);
}

}  // namespace rblitz
