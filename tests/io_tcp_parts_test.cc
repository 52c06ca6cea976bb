// What a TcpIo is made of, each against a plain twin.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "dataplane/io/index_list.h"
#include "dataplane/io/tcp_output.h"
#include "tests/tcp_input_twin.h"

namespace rblitz::io {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(TcpInput, CutsAStreamIntoMessages) {
  using State = TcpInput::State;
  const Bytes longest(TcpInput::kMaxMessage, 'x');
  Bytes with_longest = {0x10, 0x00};
  with_longest.insert(with_longest.end(), longest.begin(), longest.end());
  struct Case {
    Bytes stream;
    TcpMessages expected;
  };
  for (const auto& [stream, expected] : std::vector<Case>{{{}, {{}, State::kPartial}},
                                                          {{0}, {{}, State::kPartial}},
                                                          {{0, 1}, {{}, State::kPartial}},
                                                          {{0, 1, 7}, {{{7}}, State::kPartial}},
                                                          {{0, 1, 7, 0, 2, 8}, {{{7}}, State::kPartial}},
                                                          {{0, 1, 7, 0, 2, 8, 9}, {{{7}, {8, 9}}, State::kPartial}},
                                                          {{0, 0}, {{}, State::kEmpty}},
                                                          {{0, 1, 7, 0, 0, 0, 1, 9}, {{{7}}, State::kEmpty}},
                                                          {{0x10, 0x01}, {{}, State::kTooLong}},
                                                          {{0xff, 0xff, 1}, {{}, State::kTooLong}},
                                                          {with_longest, {{longest}, State::kPartial}}}) {
    EXPECT_EQ(MessagesOf(stream), expected);
    for (const size_t piece : {size_t{1}, size_t{2}, SIZE_MAX}) {
      EXPECT_EQ(MessagesThroughInput(
                    stream, [&] { return piece; }, [] { return SIZE_MAX; }),
                expected);
    }
  }
}

TEST(TcpInput, HoweverAStreamIsCutTheSameMessagesComeOut) {
  std::mt19937 random(1035);
  for (int round = 0; round < 500; ++round) {
    Bytes stream;
    for (auto n = random() % 60; n > 0; --n) {
      const size_t size = random() % 8 == 0 ? random() % (TcpInput::kMaxMessage + 4) : random() % 100;
      const bool is_kept = size > 0 || random() % 10 == 0;  // most streams have no empty one
      if (!is_kept) continue;
      stream.push_back(static_cast<uint8_t>(size >> 8));
      stream.push_back(static_cast<uint8_t>(size));
      for (size_t i = 0; i < size; ++i) stream.push_back(static_cast<uint8_t>(random()));
    }
    stream.resize(stream.size() - std::min<size_t>(stream.size(), random() % 50));
    const auto most = 1 + random() % (round % 2 == 0 ? 10 : 9000);
    ASSERT_EQ(MessagesThroughInput(
                  stream, [&] { return random() % most; }, [&] { return random() % 5; }),
              MessagesOf(stream));
  }
}

TEST(TcpOutput, GivesBackWhatWasAppendedAndItsBlocks) {
  std::mt19937 random(16);
  constexpr size_t kBlocks = 7;
  BlockPool pool(kBlocks * BlockPool::kBlock);
  std::vector<TcpOutput> outputs(3);
  std::vector<std::string> twins(3);
  size_t refused = 0;
  for (int step = 0; step < 20000; ++step) {
    const size_t which = random() % 3;
    TcpOutput& output = outputs[which];
    std::string& twin = twins[which];
    if (random() % 2 == 0) {
      std::string bytes(random() % 10 == 0 ? random() % 65536 : random() % 5000, static_cast<char>(random()));
      if (!bytes.empty()) bytes.back() = static_cast<char>(step);
      if (output.Append({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, pool)) {
        twin += bytes;
      } else {
        ++refused;
        output.Clear(pool);
        twin.clear();
      }
    } else {
      iovec parts[TcpOutput::kMaxParts];
      const size_t n = output.Parts(parts, pool);
      std::string next;
      for (const iovec& part : std::span(parts, n)) next.append(static_cast<const char*>(part.iov_base), part.iov_len);
      ASSERT_EQ(twin.substr(0, next.size()), next);
      ASSERT_EQ(n < TcpOutput::kMaxParts, next.size() == twin.size());
      const size_t sent = next.empty() ? 0 : random() % (next.size() + 1);
      output.Sent(sent, pool);
      twin.erase(0, sent);
    }
    ASSERT_EQ(output.size(), twin.size());
    ASSERT_EQ(output.empty(), twin.empty());
  }
  EXPECT_GT(refused, 0u);
  for (TcpOutput& output : outputs) output.Clear(pool);
  std::vector<uint32_t> blocks;
  for (uint32_t block = pool.Take(); block != BlockPool::kNone; block = pool.Take()) blocks.push_back(block);
  std::sort(blocks.begin(), blocks.end());
  std::vector<uint32_t> all(kBlocks);
  std::iota(all.begin(), all.end(), 0u);
  EXPECT_EQ(blocks, all);
}

TEST(IndexList, IsAQueueFromWhichAnythingCanBeTaken) {
  std::mt19937 random(5);
  constexpr size_t kPlaces = 12;
  IndexList list(kPlaces);
  std::deque<uint32_t> twin;
  for (int step = 0; step < 20000; ++step) {
    const auto i = static_cast<uint32_t>(random() % kPlaces);
    const auto at = std::find(twin.begin(), twin.end(), i);
    ASSERT_EQ(list.Has(i), at != twin.end());
    if (at != twin.end()) twin.erase(at);
    if (random() % 2 == 0) {
      list.PushBack(i);
      twin.push_back(i);
    } else {
      list.Remove(i);
    }
    ASSERT_EQ(list.empty(), twin.empty());
    ASSERT_EQ(list.size(), twin.size());
    if (!twin.empty()) {
      ASSERT_EQ(list.front(), twin.front());
    }
  }
}

}  // namespace
}  // namespace rblitz::io
