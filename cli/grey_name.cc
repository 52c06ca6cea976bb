#include "cli/grey_name.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>

#include "dataplane/dns/name.h"
#include "loaders/ip4_text.h"
#include "loaders/unique_fd.h"

namespace rblitz {

namespace {

constexpr size_t kMaxKey = 4096;
constexpr size_t kAddressDigits = 32;
constexpr size_t kDomainDigits = 16;
constexpr size_t kSha1Bytes = 20;
constexpr std::string_view kDigits = "0123456789abcdef";
constexpr std::string_view kNoRecipient = "the recipient is empty";

// ASCII alone: what lies above is another letter to every mail server.
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view WithoutBrackets(std::string_view address) {
  const bool has = address.size() >= 2 && address.front() == '<' && address.back() == '>';
  return has ? address.substr(1, address.size() - 2) : address;
}

// What OpenSSL looks up and allocates for a hash: once a thread, as a policy service hashes three times a mail.
class Sha1 {
 public:
  Sha1() : sha1_(EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_free), context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!sha1_ || !context_ || EVP_DigestInit_ex2(context_.get(), sha1_.get(), nullptr) != 1) throw std::bad_alloc();
  }

  void Add(std::string_view text) {
    if (EVP_DigestUpdate(context_.get(), text.data(), text.size()) != 1) throw std::bad_alloc();
  }

  // Ready for the next.
  std::array<uint8_t, kSha1Bytes> Take() {
    std::array<uint8_t, kSha1Bytes> hash{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), hash.data(), &size) != 1) throw std::bad_alloc();
    assert(size == hash.size());
    if (EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) != 1) throw std::bad_alloc();
    return hash;
  }

 private:
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> sha1_;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string Nibbles(std::span<const uint8_t> address) {
  std::string text;
  for (size_t i = address.size(); i-- > 0;) {
    for (const int nibble : {address[i] & 15, address[i] >> 4}) {
      text += text.empty() ? "" : ".";
      text += kDigits[static_cast<size_t>(nibble)];
    }
  }
  return text;
}

std::string Octets4(const uint8_t* address) {
  std::string text = std::to_string(address[3]);
  for (size_t i = 3; i-- > 0;) text += "." + std::to_string(address[i]);
  return text;
}

Result<std::string> Reversed(const std::string& client) {
  in_addr ip4{};
  if (inet_pton(AF_INET, client.c_str(), &ip4) == 1) return Octets4(reinterpret_cast<const uint8_t*>(&ip4));
  in6_addr ip6{};
  if (inet_pton(AF_INET6, client.c_str(), &ip6) != 1) return Fail(Quoted(client) + " is no address of a client");
  if (IN6_IS_ADDR_V4MAPPED(&ip6)) return Octets4(&ip6.s6_addr[12]);
  return Nibbles(ip6.s6_addr);
}

// The label and its point; nothing where there is nothing to say.
void AddOptions(const GreyMail& mail, std::string_view sender, const GreyKey& key, std::string* name) {
  const size_t at = sender.rfind('@');
  const bool has_domain = at != std::string_view::npos && at + 1 < sender.size();
  const bool tells = has_domain && (mail.tells_domain || mail.is_aligned);
  if (!tells && !mail.looks_only) return;
  *name += "o-";
  if (tells) {
    *name += 'd';
    key.AddHash(sender.substr(at + 1), kDomainDigits, name);
    if (mail.is_aligned) *name += 'f';
  }
  if (mail.looks_only) *name += 'n';
  *name += '.';
}

// Of an open file, so that nobody can change it behind the check.
Status CheckKeyFile(const std::string& file, const struct stat& status, std::optional<uid_t> owner) {
  if (S_ISDIR(status.st_mode)) return Fail(file + ": cannot read the key: Is a directory");
  if (!S_ISREG(status.st_mode)) return Fail(file + ": the key must be in a regular file");
  const bool may_own = status.st_uid == 0 || status.st_uid == geteuid() || status.st_uid == owner;
  if (!may_own && owner != GreyKey::kAnybody) {
    return Fail(file + ": the key belongs to user " + std::to_string(status.st_uid) +
                ", neither to root nor to who uses it: chown root " + file);
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Fail(file + ": others than its owner may read the key: chmod 600 " + file);
  }
  if ((status.st_mode & S_IXUSR) != 0) return Fail(file + ": the key's file is executable: chmod 600 " + file);
  return {};
}

}  // namespace

Result<GreyKey> GreyKey::Read(const std::string& file, std::optional<uid_t> owner) {
  const auto fail = [&] { return Fail(file + ": cannot read the key: " + std::strerror(errno)); };
  const UniqueFd fd(
      open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));  // whatever it is, without waiting
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) return fail();
  if (Status good = CheckKeyFile(file, status, owner); !good) return tl::unexpected(good.error());
  std::string text(kMaxKey + 2, '\0');  // and its line end
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail();
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  const std::string_view line = std::string_view(text.data(), size).substr(0, text.find('\n'));
  const std::string_view key = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  if (key.size() > kMaxKey) return Fail(file + ": a key has at most " + std::to_string(kMaxKey) + " bytes");
  Result<GreyKey> read_key = FromText(key);
  if (!read_key) return Fail(file + ": " + read_key.error().message);
  return read_key;
}

Result<GreyKey> GreyKey::FromText(std::string_view key) {
  if (key.empty()) return Fail("the key is empty");
  return GreyKey(key);
}

std::string GreyKey::Hash(std::string_view text, size_t digits) const {
  std::string hex;
  AddHash(text, digits, &hex);
  return hex;
}

void GreyKey::AddHash(std::string_view text, size_t digits, std::string* out) const {
  assert(digits <= 2 * kSha1Bytes);
  thread_local Sha1 sha1;
  sha1.Add(prefix_);
  for (std::array<char, 256> lower; !text.empty(); text.remove_prefix(std::min(text.size(), lower.size()))) {
    const std::string_view part = text.substr(0, lower.size());
    std::transform(part.begin(), part.end(), lower.begin(), Lower);
    sha1.Add({lower.data(), part.size()});
  }
  const auto hash = sha1.Take();
  std::array<char, 2 * kSha1Bytes> hex;
  for (size_t i = 0; i < kSha1Bytes; ++i) {
    hex[2 * i] = kDigits[hash[i] >> 4];
    hex[2 * i + 1] = kDigits[hash[i] & 15];
  }
  out->append(hex.data(), digits);
}

Result<std::string> GreyRecipient(std::string_view recipient, const GreyKey& key) {
  const std::string_view address = WithoutBrackets(recipient);
  if (address.empty()) return Fail(std::string(kNoRecipient));
  return key.Hash(address, kAddressDigits);
}

Result<std::string> GreyName(const GreyMail& mail, const GreyKey& key) {
  const std::string_view recipient = WithoutBrackets(mail.recipient);
  if (recipient.empty()) return Fail(std::string(kNoRecipient));
  const Result<std::string> client = Reversed(mail.client);
  if (!client) return tl::unexpected(client.error());
  const std::string_view sender = WithoutBrackets(mail.sender);
  std::string name;
  name.reserve(dns::kMaxName);
  key.AddHash(recipient, kAddressDigits, &name);
  name += '.';
  key.AddHash(sender, kAddressDigits, &name);
  name += '.';
  AddOptions(mail, sender, key, &name);
  name += *client;
  return name;
}

Result<GreyQuestion> GreyQuestionOf(const std::string& labels, GreyMasks masks) {
  dns::Name name = dns::NameFromText(labels);
  std::transform(name.bytes.begin(), name.bytes.begin() + name.size, name.bytes.begin(), dns::Lower);
  size_t count = 0;
  for (size_t at = 0; name.size != 0 && name.bytes[at] != 0; at += 1u + name.bytes[at]) ++count;
  const size_t size = name.size == 0 ? 0 : name.size - size_t{1};
  const auto question = ReadGreyQuestion(std::span(name.bytes).first(size), count, masks);
  if (!question) return Fail("'" + labels + "' is no question of a greylist");
  return *question;
}

}  // namespace rblitz
