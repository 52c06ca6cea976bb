// What loading costs a line: the lines of plain addresses alone, and whole loads of each kind of list from memory, with
// the threads that a load has.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "loaders/feed.h"
#include "loaders/line_reader.h"
#include "loaders/plain_lines.h"
#include "loaders/split_lines.h"
#include "tables/snapshot.h"

namespace rblitz {
namespace {

constexpr size_t kLines = 1'000'000;

std::string Dotted(uint32_t address) {
  std::string text;
  for (const unsigned shift : {24u, 16u, 8u, 0u})
    text += (text.empty() ? "" : ".") + std::to_string(address >> shift & 255);
  return text;
}

std::string Hex(uint64_t number, size_t digits) {
  std::string text(digits, '0');
  for (size_t i = digits; i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

using MakeLine = std::string(std::mt19937_64& random);

std::string Address(std::mt19937_64& random) { return Dotted(static_cast<uint32_t>(random())); }
std::string Network(std::mt19937_64& random) { return Dotted(static_cast<uint32_t>(random()) & 0xffffff00) + "/24"; }
std::string Valued(std::mt19937_64& random) {
  return Address(random) + " :127.0.0." + std::to_string(2 + random() % 8) + ":listed, see $";
}
std::string Name(std::mt19937_64& random) { return "d" + Hex(random(), 8) + ".example"; }
std::string Below(std::mt19937_64& random) { return "." + Name(random); }
std::string Host(std::mt19937_64& random) { return "0.0.0.0 " + Name(random); }
std::string Slash64(std::mt19937_64& random) {
  return "2a00:" + Hex(random(), 4) + ":" + Hex(random(), 4) + ":" + Hex(random(), 4) + "::/64";
}
std::string Digest(std::mt19937_64& random) { return Hex(random(), 16) + Hex(random(), 16) + Hex(random(), 8); }

std::string Lines(MakeLine* make, size_t lines) {
  std::mt19937_64 random(1);
  std::string text;
  for (size_t i = 0; i < lines; ++i) text += make(random) + "\n";
  return text;
}

// In blocks that stay in the second-level cache.
template <class ReadBlock>
void ReadBlocks(benchmark::State& state, ReadBlock&& read) {
  constexpr size_t kBlockLines = 18'000;
  std::string block = Lines(Address, kBlockLines);
  const size_t size = block.size();
  block.append(kBlockSlack, '\0');
  for (auto _ : state) read(std::string_view(block).substr(0, size));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBlockLines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(size));
}

void BM_PlainLines(benchmark::State& state) {
  std::vector<uint32_t> out(32'000);
  ReadBlocks(state, [&](std::string_view block) {
    benchmark::DoNotOptimize(ReadPlainLines(block.data(), block.data() + block.size(), out));
  });
}
void BM_PlainLines_Portable(benchmark::State& state) {
  std::vector<uint32_t> out(32'000);
  ReadBlocks(state, [&](std::string_view block) {
    benchmark::DoNotOptimize(ReadPlainLinesPortable(block.data(), block.data() + block.size(), out));
  });
}
void BM_SplitLines(benchmark::State& state) {
  SplitLines split;
  ReadBlocks(state, [&](std::string_view block) { split.Split(block); });
}
BENCHMARK(BM_PlainLines);
BENCHMARK(BM_PlainLines_Portable);
BENCHMARK(BM_SplitLines);

void BM_Load(benchmark::State& state, const char* format, MakeLine* make) {
  const std::string text = Lines(make, kLines);
  FeedConfig config;
  config.name = "bench";
  config.format = format;
  for (auto _ : state) {
    std::vector<FeedSource> sources;
    sources.push_back({.path = "bench", .bytes = std::make_unique<MemorySource>(text), .size = text.size()});
    LoadReport report;
    const auto data = LoadSources(config, std::move(sources), nullptr, &report, {});
    if (!data || report.rejected > 0)
      return state.SkipWithError(data ? report.errors[0].c_str() : data.error().message.c_str());
    benchmark::DoNotOptimize(data);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kLines));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
#define LOAD(name, format, line) \
  BENCHMARK_CAPTURE(BM_Load, name, format, line)->Unit(benchmark::kMillisecond)->UseRealTime()
LOAD(ip4set, "ip4set", Address);
LOAD(ip4set_with_values, "ip4set", Valued);
LOAD(ip4trie_of_networks, "ip4trie", Network);
LOAD(cidr, "cidr", Address);
LOAD(dnset, "dnset", Below);
LOAD(domains, "domains", Name);
LOAD(hosts, "hosts", Host);
LOAD(cidr_of_ip6, "cidr", Slash64);
LOAD(hash, "hash", Digest);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
