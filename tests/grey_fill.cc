// grey_fill: puts many rows into a greylist's store, beside those that it has, as a server of years would have left it.
//
//   grey_fill FOLDER ROWS JOURNALLED [FILE]    so many rows in a snapshot, and so many in a journal; a third of them
//   have
//                                              not passed. Besides, rows that have passed of the names in the file, one
//                                              a line without their zone, whose networks are those of /24 and /64.
//
// Rows are of random networks of IPv4 and IPv6 and were seen in the last ten days, so that none is expired for a server
// of usual times.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cli/grey_name.h"
#include "loaders/grey_store.h"
#include "tables/triplet_row.h"
#include "tables/triplet_table.h"

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

Result<std::vector<TripletRow>> RowsOfNames(const std::string& file, uint32_t now) {
  std::vector<TripletRow> rows;
  std::ifstream names(file);
  for (std::string name; std::getline(names, name);) {
    const Result<GreyQuestion> question = GreyQuestionOf(name, GreyMasks());
    if (!question) return tl::unexpected(question.error());
    rows.push_back(
        {.key = KeyOf(question->triplet), .first = now - kDay, .last_minutes = MinutesOf(now), .passed = true});
  }
  return rows;
}

Status Fill(const std::string& folder, uint64_t count, uint64_t journalled, const std::string& names) {
  Result<std::unique_ptr<GreyStore>> store = GreyStore::Open(folder);
  if (!store) return tl::unexpected(store.error());
  std::vector<TripletRow> before;
  const Result<GreyLoad> load =
      (*store)->Load([&](std::span<const TripletRow> some) { before.insert(before.end(), some.begin(), some.end()); });
  if (!load) return tl::unexpected(load.error());
  const auto now = static_cast<uint32_t>(std::time(nullptr));
  const Result<std::vector<TripletRow>> named = RowsOfNames(names, now);
  if (!named) return tl::unexpected(named.error());
  RandomRows rows(now);
  Status written = (*store)->Snapshot([&](const std::function<void(const TripletRow&)>& take) {
    for (const TripletRow& row : before) take(row);
    for (const TripletRow& row : *named) take(row);
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
  if (argc < 4 || argc > 5 || !rblitz::ReadNumber(argv[2], &count) || !rblitz::ReadNumber(argv[3], &journalled)) {
    std::fputs("usage: grey_fill FOLDER ROWS JOURNALLED [FILE]\n", stderr);
    return 2;
  }
  const rblitz::Status filled = rblitz::Fill(argv[1], count, journalled, argc == 5 ? argv[4] : "/dev/null");
  if (filled) return 0;
  std::fprintf(stderr, "grey_fill: %s\n", filled.error().message.c_str());
  return 1;
}
