// The heat of networks: lookups of random addresses in batches of 64, the building of the pyramid, the curve that
// pictures need, and what a worker does to be sampled, once for each burst of 64 questions; items are questions.
//
// BM_HeatTable_Lookup/LEVELS, BM_HeatTable_Build/SOURCES, BM_Hilbert_ToPosition/ORDER, BM_TrafficRing_Offer/PACE.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <vector>

#include "tables/heat_table.h"
#include "tables/hilbert.h"
#include "tables/traffic_ring.h"
#include "tables/verdict.h"

namespace rblitz {
namespace {

// All 16 million cells, a third of them known.
HeatCells FullCells(unsigned seed) {
  HeatCells cells;
  std::mt19937 random(seed);
  for (uint32_t block = 0; block < kHeatBlocks; ++block) {
    for (uint8_t& cell : cells.MutableBlock(block)) {
      const auto drawn = random();
      cell = drawn % 3 == 0 ? static_cast<uint8_t>(drawn >> 24) : 0;
    }
  }
  return cells;
}

void BM_HeatTable_Lookup(benchmark::State& state) {
  static const HeatCells cells = FullCells(1);
  const HeatCells* const sources[] = {&cells};
  const HeatTable table = HeatTable::Build(sources);
  const std::vector<uint8_t> all = {24, 20, 16, 12, 8};
  const HeatLevels levels{std::span(all).first(static_cast<size_t>(state.range(0))), 64};
  std::mt19937 random(2);
  std::vector<uint32_t> questions(size_t{1} << 20);
  for (uint32_t& question : questions) question = static_cast<uint32_t>(random());
  HeatHit hits[kMaxBatch];
  size_t at = 0;
  for (auto _ : state) {
    table.LookupBatch({&questions[at], kMaxBatch}, levels, hits);
    benchmark::DoNotOptimize(hits);
    benchmark::ClobberMemory();
    at = (at + kMaxBatch) % questions.size();
  }
  const auto lookups = state.iterations() * static_cast<int64_t>(kMaxBatch);
  state.SetItemsProcessed(lookups);
  state.counters["ns/lookup"] = benchmark::Counter(static_cast<double>(lookups) * 1e-9,
                                                   benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_HeatTable_Build(benchmark::State& state) {
  std::vector<HeatCells> cells;
  std::vector<const HeatCells*> sources;
  cells.reserve(static_cast<size_t>(state.range(0)));
  for (int64_t i = 0; i < state.range(0); ++i) {
    cells.push_back(FullCells(static_cast<unsigned>(i)));
    sources.push_back(&cells.back());
  }
  for (auto _ : state) {
    const HeatTable table = HeatTable::Build(sources);
    benchmark::DoNotOptimize(table.Root());
  }
  state.SetItemsProcessed(state.iterations() * kHeatCells);
}

void BM_Hilbert_ToPosition(benchmark::State& state) {
  const auto order = static_cast<unsigned>(state.range(0));
  std::vector<uint32_t> row(size_t{1} << order);
  uint32_t y = 0;
  for (auto _ : state) {
    PositionsOfRow(y, order, row);
    benchmark::DoNotOptimize(row.data());
    benchmark::ClobberMemory();
    y = (y + 1) & ((1u << order) - 1);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(row.size()));
}

void BM_Hilbert_ToPoint(benchmark::State& state) {
  const auto order = static_cast<unsigned>(state.range(0));
  std::mt19937 random(3);
  std::vector<uint32_t> positions(4096);
  for (uint32_t& position : positions) {
    position = static_cast<uint32_t>(random() & ((uint64_t{1} << (2 * order)) - 1));
  }
  std::vector<CurvePoint> points(positions.size());
  for (auto _ : state) {
    PointsAt(positions, order, points);
    benchmark::DoNotOptimize(points.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(points.size()));
}

void BM_TrafficRing_Offer(benchmark::State& state) {
  const auto ring = std::make_unique<TrafficRing>();
  ring->SetPace(static_cast<uint32_t>(state.range(0)));
  uint32_t address = 0;
  for (auto _ : state) {
    ring->Offer(address, uint32_t{kMaxBatch}, address % 4 != 0);
    address += 0x9e3779b9;
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kMaxBatch));
}

BENCHMARK(BM_HeatTable_Lookup)->Arg(1)->Arg(3)->Arg(5);
BENCHMARK(BM_HeatTable_Build)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Hilbert_ToPosition)->Arg(12)->Arg(16);
BENCHMARK(BM_Hilbert_ToPoint)->Arg(12)->Arg(16);
BENCHMARK(BM_TrafficRing_Offer)->Arg(1)->Arg(800);

}  // namespace
}  // namespace rblitz

BENCHMARK_MAIN();
