// grey_fill: puts many rows into a greylist's store, beside those that it has, as a server of years would have left it.
//
//   grey_fill FOLDER ROWS JOURNALLED    so many rows in a snapshot, and so many in a journal; a third of them have not
//                                       passed
//
// Rows are of random networks of IPv4 and IPv6 and were seen in the last ten days, so that none is expired for a server
// of usual times.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "loaders/grey_store.h"
#include "tables/triplet_row.h"

namespace rblitz {
namespace {

constexpr uint32_t kDay = 24 * 3600;

class RandomRows {
 public:
  explicit RandomRows(uint32_t now) : now_(now) {}

  TripletRow Next() {
    TripletRow row;
    const bool is_ip4 = random_() % 8 != 0;
    row.key.network = is_ip4 ? kIp4Network | (random_() & 0xffffff00) : 0x2000000000000000 | random_() >> 3;
    row.key.fingerprint = random_();
    row.passed = random_() % 3 != 0;
    // Whoever has not passed has come within the window.
    row.first = now_ - static_cast<uint32_t>(random_() % (row.passed ? 10 * kDay : kDay / 2));
    row.last_minutes = MinutesOf(row.first);
    return row;
  }

 private:
  const uint32_t now_;
  std::mt19937_64 random_{5};
};

Status Fill(const std::string& folder, uint64_t count, uint64_t journalled) {
  Result<std::unique_ptr<GreyStore>> store = GreyStore::Open(folder);
  if (!store) return tl::unexpected(store.error());
  std::vector<TripletRow> before;
  const Result<GreyLoad> load =
      (*store)->Load([&](std::span<const TripletRow> some) { before.insert(before.end(), some.begin(), some.end()); });
  if (!load) return tl::unexpected(load.error());
  RandomRows rows(static_cast<uint32_t>(std::time(nullptr)));
  Status written = (*store)->Snapshot([&](const std::function<void(const TripletRow&)>& take) {
    for (const TripletRow& row : before) take(row);
    for (uint64_t i = 0; i < count; ++i) take(rows.Next());
  });
  if (!written) return written;
  while (journalled > 0) {
    std::vector<TripletRow> batch(std::min<uint64_t>(journalled, kMaxGreyBlockRows / 16));
    for (TripletRow& row : batch) row = rows.Next();
    if (Status appended = (*store)->Append(batch); !appended) return appended;
    journalled -= batch.size();
  }
  return {};
}

bool ReadNumber(const char* text, uint64_t* number) {
  const char* const end = text + std::strlen(text);
  return std::from_chars(text, end, *number).ptr == end;
}

}  // namespace
}  // namespace rblitz

int main(int argc, char** argv) {
  uint64_t count = 0, journalled = 0;
  if (argc != 4 || !rblitz::ReadNumber(argv[2], &count) || !rblitz::ReadNumber(argv[3], &journalled)) {
    std::fputs("usage: grey_fill FOLDER ROWS JOURNALLED\n", stderr);
    return 2;
  }
  const rblitz::Status filled = rblitz::Fill(argv[1], count, journalled);
  if (filled) return 0;
  std::fprintf(stderr, "grey_fill: %s\n", filled.error().message.c_str());
  return 1;
}
