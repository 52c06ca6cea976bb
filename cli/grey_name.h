// The names that a greylist is asked by.
//
//   <hr>.<hs>[.<options>].<reversed client address>.<zone>
//
// hr and hs are the first 32 hexadecimal digits of SHA-1 over the key, "|" and the address of recipient and sender in
// lower case; the options are one label, "o-" and d with 16 digits of the sender's domain, f where SPF or DKIM is
// aligned with it, and n for a mere look. The client's address is four decimal octets or 32 nibbles (RFC 5782); one of
// ::ffff:0:0/96 is an IPv4 one (RFC 4291 section 2.5.5.2). The only file that includes OpenSSL is grey_name.cc.
//
// Thread-safety: pure but for reading the key's file. Errors: with the file's name and what to do, or the text that is
// no address. Cost: a SHA-1 for each hash.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/grey_question.h"
#include "tables/result.h"

namespace rblitz {

// What keeps others from guessing addresses, and from making up questions.
class GreyKey {
 public:
  // As `owner`: whoever has the file. For root's tools alone, which are told what file to read and may read any.
  static constexpr auto kAnybody = static_cast<uid_t>(-1);
  // The file's first line without its line end. Refused: what is no file of root, of who runs this or of `owner`, and
  // of mode 0600 or 0400. Links are followed: what counts is what they lead to.
  [[nodiscard]] static Result<GreyKey> Read(const std::string& file, std::optional<uid_t> owner = std::nullopt);
  // Refused: an empty one.
  [[nodiscard]] static Result<GreyKey> FromText(std::string_view key);

  // The first digits of SHA-1 over the key, "|" and the text in lower case. REQUIRES: digits <= 40.
  [[nodiscard]] std::string Hash(std::string_view text, size_t digits) const;
  // The same behind `out`.
  void AddHash(std::string_view text, size_t digits, std::string* out) const;

 private:
  explicit GreyKey(std::string_view key) : prefix_(std::string(key) + "|") {}

  std::string prefix_;
};

struct GreyMail {
  std::string client;     // IPv4 or IPv6
  std::string sender;     // with or without <>; empty: the null sender
  std::string recipient;  // with or without <>
  bool tells_domain = false;
  bool is_aligned = false;  // with the sender's domain, which is told then
  bool looks_only = false;
};

// The labels before the zone. A sender without a domain has none to tell.
[[nodiscard]] Result<std::string> GreyName(const GreyMail& mail, const GreyKey& key);

// Those labels as a server reads them, in any case; an error: they are no question.
[[nodiscard]] Result<GreyQuestion> GreyQuestionOf(const std::string& labels, GreyMasks masks);

// hr alone: what a list of recipients who opted out has.
[[nodiscard]] Result<std::string> GreyRecipient(std::string_view recipient, const GreyKey& key);

}  // namespace rblitz
