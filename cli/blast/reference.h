// Asks another server each question once, so that its answers are the right ones.
//
// Thread-safety: one thread. Errors: the server, and the question that it does not answer after three attempts.
// Cost: the time that the server takes, 256 questions at a time.
#pragma once

#include "cli/blast/oracle.h"
#include "cli/blast/question_set.h"
#include "dataplane/io/listen_address.h"
#include "tables/result.h"

namespace rblitz::blast {

[[nodiscard]] Result<Oracle> AskReference(const io::SocketConfig& server, const QuestionSet& set, uint64_t timeout);

}  // namespace rblitz::blast
