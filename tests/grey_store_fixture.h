// What tests of the greylist's store share: rows, walks over them, and a folder of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "loaders/grey_store.h"
#include "tests/feed_fixture.h"

namespace rblitz {

using Rows = std::vector<TripletRow>;

inline constexpr uint32_t kNow = 1800000000;

inline Rows SomeRows(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    TripletRow row;
    row.key = {.network = random(), .fingerprint = random(), .kind = static_cast<TripletKind>(random() % 4)};
    row.first = kNow - static_cast<uint32_t>(random() % 1000);
    row.last_minutes = MinutesOf(row.first);
    row.epoch = static_cast<uint16_t>(random() % kMaxEpoch);
    row.passed = random() % 2 == 0;
    row.forgotten = random() % 9 == 0;
    row.payload = random() >> 16;
    rows.push_back(row);
  }
  return rows;
}

struct LoadedStore {
  Rows rows;
  GreyLoad load;
};

inline Result<LoadedStore> LoadAll(const std::string& folder) {
  auto store = GreyStore::Open(folder);
  if (!store) return tl::unexpected(store.error());
  LoadedStore loaded;
  auto load = (*store)->Load(
      [&](std::span<const TripletRow> rows) { loaded.rows.insert(loaded.rows.end(), rows.begin(), rows.end()); });
  if (!load) return tl::unexpected(load.error());
  loaded.load = *load;
  return loaded;
}

inline std::set<TripletRow> SetOf(const Rows& rows) { return {rows.begin(), rows.end()}; }

inline Rows Both(Rows rows, const Rows& more) {
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

inline std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void Write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

inline auto WalkOf(const Rows& rows) {
  return [&rows](const std::function<void(const TripletRow&)>& take) {
    for (const TripletRow& row : rows) take(row);
  };
}

// Thousands of files are truncated and renamed, for each of which a disk would wait.
struct InMemory {
  InMemory() {
    if (std::filesystem::exists("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
  }
  ~InMemory() { unsetenv("TMPDIR"); }
};

class GreyStoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::string folder() const { return temp.Path("grey"); }
  [[nodiscard]] std::string path(const std::string& name) const { return folder() + "/" + name; }

  InMemory in_memory;
  TempFolder temp;
};

}  // namespace rblitz
