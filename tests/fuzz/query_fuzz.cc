// Any bytes as a question: what ParseQuery says of it must be true by a second reading that goes byte by byte, and
// every kernel for address labels must read the name as the plain one does.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/query.h"
#include "tests/fuzz/require.h"

namespace {

using namespace rblitz;

// The name at the start of `bytes`: offsets of its labels and of the root label. Empty: it is none, or is compressed.
std::vector<size_t> LabelsOf(std::span<const uint8_t> bytes) {
  std::vector<size_t> offsets;
  for (size_t at = 0; at < bytes.size() && at < dns::kMaxName; at += size_t{1} + bytes[at]) {
    offsets.push_back(at);
    if (bytes[at] == 0) return offsets;
    if (bytes[at] > dns::kMaxLabel) return {};
  }
  return {};
}

void RequireTrue(std::span<const uint8_t> message, const dns::Query& query) {
  Require((query.status == dns::QueryStatus::kShort) == (message.size() < dns::kHeaderSize));
  if (message.size() < dns::kHeaderSize) return;
  Require((query.status == dns::QueryStatus::kResponse) == ((message[2] & 0x80) != 0));
  Require(query.udp_size >= dns::kMinUdpSize);
  Require((query.status == dns::QueryStatus::kNotImp) == ((message[2] & 0xf8) != 0 && (message[2] & 0x80) == 0));
  Require(query.status != dns::QueryStatus::kNoQuestion || (message[4] == 0 && message[5] == 0));
  Require(query.options_size == 0 || (query.edns && query.options_at + query.options_size <= message.size()));
  Require(query.question_end >= dns::kHeaderSize && query.question_end <= message.size());
  if (query.question_end == dns::kHeaderSize) {
    Require(query.status != dns::QueryStatus::kOk && query.status != dns::QueryStatus::kBadVers);
    return;
  }
  const std::span<const uint8_t> name = message.subspan(dns::kHeaderSize);
  const std::vector<size_t> labels = LabelsOf(name);
  Require(!labels.empty());
  Require(query.labels == labels.size() - 1);
  Require(query.name_size == labels.back() + 1);
  Require(std::equal(labels.begin(), labels.end(), query.label_at));
  Require(query.question_end == dns::kHeaderSize + query.name_size + 4u);
  Require(query.qtype == (message[query.question_end - 4u] << 8 | message[query.question_end - 3u]));
  Require(query.qclass == (message[query.question_end - 2u] << 8 | message[query.question_end - 1u]));
  Require(query.edns || (!query.dnssec_ok && query.status != dns::QueryStatus::kBadVers));

  char text[4 * dns::kMaxName];
  const dns::Name again = dns::NameFromText({text, dns::NameToText(name.data(), text)});
  Require(again.size == query.name_size);
  Require(std::equal(again.bytes.begin(), again.bytes.begin() + again.size, name.begin()));
}

// Names at four offsets of the input, each in a buffer that ends where kernels may not read on.
void RequireKernelsAgree(std::span<const uint8_t> bytes) {
  constexpr size_t kNames = 4;
  std::vector<std::vector<uint8_t>> names;
  const uint8_t* pointers[kNames];
  for (size_t i = 0; i < kNames; ++i) {
    const auto rest = bytes.subspan(std::min(bytes.size(), i * dns::kAddressLabelsRead));
    names.emplace_back(dns::kAddressLabelsRead);
    std::copy_n(rest.begin(), std::min(rest.size(), dns::kAddressLabelsRead), names[i].begin());
    pointers[i] = names[i].data();
  }
  uint32_t expected_addresses[kNames];
  uint8_t expected_sizes[kNames];
  dns::AddressLabelsKernels().front().parse(pointers, kNames, expected_addresses, expected_sizes);
  for (const dns::AddressLabelsKernel& kernel : dns::AddressLabelsKernels()) {
    if (!kernel.supported()) continue;
    uint32_t addresses[kNames];
    uint8_t sizes[kNames];
    kernel.parse(pointers, kNames, addresses, sizes);
    Require(std::equal(sizes, sizes + kNames, expected_sizes));
    for (size_t i = 0; i < kNames; ++i) Require(sizes[i] == 0 || addresses[i] == expected_addresses[i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> message(data, std::min<size_t>(size, UINT16_MAX));
  RequireTrue(message, dns::ParseQuery(message));
  RequireKernelsAgree(message.subspan(std::min(message.size(), dns::kHeaderSize)));
  return 0;
}
