// Questions of greylists: read as they come, decided together, each answered with one A record or the text of a look.

#include <algorithm>
#include <span>

#include "dataplane/answer_writer.h"
#include "dataplane/grey_question.h"
#include "dataplane/grey_zone.h"
#include "dataplane/greylist.h"
#include "dataplane/responder.h"
#include "dataplane/responder_scratch.h"
#include "dataplane/zone_rep.h"

namespace rblitz {

namespace {

uint32_t GreyA(GreyAnswer answer) noexcept { return __builtin_bswap32(0x7f000000 | static_cast<uint32_t>(answer)); }

}  // namespace

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
      s.grey[s.grey_count++] = {.message = static_cast<uint8_t>(index), .zone = &zone, .query = query};
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
  }
  for (size_t i = 0; i < s.grey_count; ++i) {
    const auto& [message, zone, query] = s.grey[i];
    const GreyDecision& decision = s.grey_decisions[i];
    AnswerWriter writer(burst.messages[message], query);
    if (query.qtype == dns::kA) {
      writer.AddA(0, GreyA(zone->grey->observe ? GreyAnswer::kUnrecorded : decision.answer));
    } else {
      char text[kGreyTextBytes];
      writer.AddText(dns::kIn, 0, {text, GreyText(decision, text)});
    }
    Count(*zone, Outcome::kOther);
    Finish(writer, dns::kNoError, true);
  }
}

}  // namespace rblitz
