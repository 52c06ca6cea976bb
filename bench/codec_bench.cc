// What reading a question costs: the whole of it by the general parser, and the labels of addresses by each kernel that
// this processor has; in bursts of 64, all in the first-level cache.
#include <benchmark/benchmark.h>

#include <random>
#include <span>
#include <string>
#include <vector>

#include "dataplane/dns/address_labels.h"
#include "dataplane/dns/name.h"
#include "dataplane/dns/nibble_labels.h"
#include "dataplane/dns/query.h"
#include "dataplane/dns/wire.h"

namespace rblitz {
namespace {

constexpr size_t kBurst = 64;
constexpr size_t kHeader = 12;

std::string ReversedIp4(uint32_t address) {
  std::string name;
  for (unsigned octet = 0; octet < 4; ++octet) name += std::to_string(address >> (8 * octet) & 255) + ".";
  return name + "bl.example.com";
}

std::string ReversedIp6(uint64_t high, uint64_t low) {
  std::string name;
  for (unsigned nibble = 0; nibble < 32; ++nibble) {
    const uint64_t half = nibble < 16 ? low : high;
    name += "0123456789abcdef"[half >> (4 * (nibble % 16)) & 15];
    name += '.';
  }
  return name + "bl.example.com";
}

using Bytes = std::vector<uint8_t>;

void Append16(Bytes& out, unsigned value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

// For A; with an OPT record of 4,096 bytes or without.
Bytes Question(const std::string& name, bool has_opt) {
  Bytes out;
  for (const unsigned field : {0x1234u, unsigned{dns::kRd}, 1u, 0u, 0u, unsigned{has_opt}}) Append16(out, field);
  const dns::Name wire = dns::NameFromText(name);
  out.insert(out.end(), wire.bytes.begin(), wire.bytes.begin() + wire.size);
  for (const unsigned field : {unsigned{dns::kA}, unsigned{dns::kIn}}) Append16(out, field);
  if (!has_opt) return out;
  out.push_back(0);
  for (const unsigned field : {unsigned{dns::kOpt}, 4096u, 0u, 0u, 0u}) Append16(out, field);
  return out;
}

template <class Name>
std::vector<Bytes> Questions(Name&& name, bool has_opt = false) {
  std::mt19937_64 random(1);
  std::vector<Bytes> questions;
  for (size_t i = 0; i < kBurst; ++i) {
    questions.push_back(Question(name(random), has_opt));
    questions.back().resize(questions.back().size() + dns::kNibbleLabelsSize);  // what kernels may read
  }
  return questions;
}

std::string AnyIp4(std::mt19937_64& random) { return ReversedIp4(static_cast<uint32_t>(random())); }
std::string AnyIp6(std::mt19937_64& random) { return ReversedIp6(random(), random()); }

void Parse(benchmark::State& state, const std::vector<Bytes>& questions) {
  for (auto _ : state) {
    for (const Bytes& question : questions) {
      dns::Query query;
      dns::ParseQuery(std::span(question).first(question.size() - dns::kNibbleLabelsSize), &query);
      benchmark::DoNotOptimize(query);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBurst));
}

void BM_ParseQuery(benchmark::State& state) { Parse(state, Questions(AnyIp4)); }
void BM_ParseQuery_Edns(benchmark::State& state) { Parse(state, Questions(AnyIp4, true)); }
void BM_ParseQuery_Ip6(benchmark::State& state) { Parse(state, Questions(AnyIp6)); }
BENCHMARK(BM_ParseQuery);
BENCHMARK(BM_ParseQuery_Edns);
BENCHMARK(BM_ParseQuery_Ip6);

std::vector<const uint8_t*> NamesOf(const std::vector<Bytes>& questions) {
  std::vector<const uint8_t*> names;
  for (const Bytes& question : questions) names.push_back(question.data() + kHeader);
  return names;
}

template <class Kernel, class Address>
void Labels(benchmark::State& state, const Kernel& kernel, const std::vector<Bytes>& questions, Address* addresses) {
  const std::vector<const uint8_t*> names = NamesOf(questions);
  uint8_t sizes[kBurst];
  for (auto _ : state) {
    kernel.parse(names.data(), kBurst, addresses, sizes);
    benchmark::DoNotOptimize(addresses);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBurst));
}

void RegisterKernels() {
  for (const dns::AddressLabelsKernel& kernel : dns::AddressLabelsKernels()) {
    if (!kernel.supported()) continue;
    benchmark::RegisterBenchmark(("BM_AddressLabels/" + std::string(kernel.name)).c_str(),
                                 [&](benchmark::State& state) {
                                   uint32_t addresses[kBurst];
                                   Labels(state, kernel, Questions(AnyIp4), addresses);
                                 });
  }
  for (const dns::NibbleLabelsKernel& kernel : dns::NibbleLabelsKernels()) {
    if (!kernel.supported()) continue;
    benchmark::RegisterBenchmark(("BM_NibbleLabels/" + std::string(kernel.name)).c_str(), [&](benchmark::State& state) {
      dns::NibbleAddress addresses[kBurst];
      Labels(state, kernel, Questions(AnyIp6), addresses);
    });
  }
}

}  // namespace
}  // namespace rblitz

int main(int argc, char** argv) {
  rblitz::RegisterKernels();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
