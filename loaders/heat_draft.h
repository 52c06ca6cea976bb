// The heat of a feed while it is read: what its lines say of /24s, and how that becomes scores.
//
// Scores of several lines for one /24 join by maximum, counts by sum. A value that is given for a network counts for
// each of its /24s; what is smaller than a /24 counts for the /24 that it is in.
//
// Thread-safety: none. Units: times in seconds since 1970; 0: none is given.
// Cost: 256 KiB, and 1 KiB for each /16 in use, of pictures 256 bytes; lists are kept as they are until the end, 4
// bytes an address, 8 a range, 24 a network of IPv6, and room for growth; loaders/heat6_draft.h has IPv6. Networks
// larger than a /16 are kept until the end, too, so that no line of IPv4 costs more than 256 steps, and none of IPv6
// more than 128.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "loaders/entry_watcher.h"
#include "loaders/heat6_draft.h"
#include "loaders/heat_options.h"
#include "loaders/ip4_text.h"
#include "tables/cell_blocks.h"

namespace rblitz {

// What the entries of a format of heat are.
enum class HeatKind : uint8_t {
  kNone,  // it is no such format
  kScores,
  kCounts,
  kList,     // addresses, counted here
  kPicture,  // no lines
};

class HeatDraft {
 public:
  HeatDraft(const HeatOptions& options, HeatKind kind, int64_t now);

  // A logarithmic scale without scale_max does not end below this count, however small all counts are.
  void set_least_top(double count) noexcept { least_top_ = count; }

  // REQUIRES: length is 1 to 32.
  void Add(uint32_t prefix, unsigned length, double value, int64_t time);
  // REQUIRES: network.length >= Heat6Draft::kLeastLength.
  void Add(const Ip6Prefix& network, double value, int64_t time);
  // Of a picture; `pixels`: as many tell of them.
  void Add(HeatCells&& cells, uint64_t pixels);

  [[nodiscard]] HeatKind kind() const noexcept { return kind_; }
  void Note(std::string note) { notes_.push_back(std::move(note)); }

  // Takes the entries of a list.
  [[nodiscard]] EntryWatcher* list() noexcept { return &list_; }

  // Entries so far: lines and pixels that say something.
  [[nodiscard]] uint64_t given() const noexcept { return given_ + list_.given(); }
  [[nodiscard]] uint64_t bytes() const noexcept {
    return values_.bytes() + picture_.bytes() + list_.bytes() + ip6_.bytes() + wide_.size() * kWideBytes;
  }

  // REQUIRES: called once, Finish6 after Finish.
  [[nodiscard]] HeatCells Finish();
  [[nodiscard]] Heat6Networks Finish6();
  // After Finish: the count that has 255; 0: there were no counts.
  [[nodiscard]] double top_count() const noexcept { return top_count_; }
  [[nodiscard]] std::vector<std::string> Notes() const;

 private:
  class List final : public EntryWatcher {
   public:
    bool AtLine(const std::string& /*path*/, uint64_t /*line*/) override { return true; }
    void Saw(AddressRange range, WatchedValue value) override;
    void Saw(const Ip6Prefix& prefix, WatchedValue value) override;
    void Saw(std::span<const uint8_t> /*name*/, NameForm /*form*/, WatchedValue /*value*/) override { ++others; }
    void Saw(const Digest& /*digest*/, WatchedValue /*value*/) override { ++others; }
    [[nodiscard]] uint64_t given() const noexcept { return addresses.size() + ranges.size() + ip6.size(); }
    [[nodiscard]] uint64_t bytes() const noexcept {
      return addresses.capacity() * sizeof(uint32_t) + ranges.capacity() * sizeof(AddressRange) +
             ip6.capacity() * sizeof(Ip6Prefix);
    }

    std::vector<uint32_t> addresses;
    std::vector<AddressRange> ranges;
    std::vector<Ip6Prefix> ip6;
    uint64_t others = 0;  // entries that are no addresses, and those that exclude some
  };

  static constexpr uint64_t kWideBytes = 40;  // of one in wide_, with its pointers, about

  void Join(float value, float* into) const noexcept;
  [[nodiscard]] double Faded(double value, int64_t time);
  [[nodiscard]] HeatCells FinishPicture();
  void CountList();
  void CountList6();
  void CountRanges();
  void AddRange(AddressRange range, uint32_t times);
  void PaintWide();
  [[nodiscard]] double LargestOf(std::vector<float> counts) const;
  [[nodiscard]] double LargestCount() const;
  [[nodiscard]] uint8_t ScoreOf(float value, double largest) const noexcept;

  const HeatOptions options_;
  const HeatKind kind_;
  const int64_t now_;
  uint64_t given_ = 0;
  double least_top_ = 1;
  double top_count_ = 0;
  uint64_t faded_ = 0;  // entries that are too old to count
  CellBlocks<float> values_;
  bool has_picture_ = false;
  HeatCells picture_;
  Heat6Draft ip6_;
  std::unordered_map<uint64_t, float> wide_;  // by length and prefix, larger than a /16
  List list_;
  std::vector<std::string> notes_;
};

}  // namespace rblitz
