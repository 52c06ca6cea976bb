// Addresses as a greylist should see them: what changes from mail to mail, or from try to try, is taken out, so that
// the next mail of the same sender is known and a retry is found again.
//
//   prvs=1234567890=bob@a                    bob@a                    BATV (draft-levine-smtp-batv)
//   btv1==tag==bob@a                         bob@a                    Barracuda's form of it
//   srs0=hash=stamp=domain=bob+x@relay       srs0=domain=bob@relay    the Sender Rewriting Scheme, without hash and
//                                                                     stamp, the sender within it as here
//   srs1=hash=relay==hash=stamp=...@b        srs1=relay==...@b
//   list+bob=b.test@lists                    list@lists               what follows '+'
//   list-bob=b.test-17@lists                 list-#-#@lists           VERP without '+', where it names the recipient
//   "john doe"@a                             john doe@a               quotes, which logs have and questions have not
//   bounce-20458-0a1b2c3d4e@x                bounce-#-#@x             numbers, hexadecimal ones from 8 digits on
//
// Thread-safety: pure. Cost: some 100 ns; what is returned is in lower case, ASCII alone.
#pragma once

#include <string>
#include <string_view>

namespace rblitz::policy {

// With or without <>; empty: the null sender, which stays so.
[[nodiscard]] std::string NormalSender(std::string_view sender, std::string_view recipient);

// Without what follows '+' in its local part.
[[nodiscard]] std::string NormalRecipient(std::string_view recipient);

}  // namespace rblitz::policy
