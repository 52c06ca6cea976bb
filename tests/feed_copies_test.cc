#include "loaders/feed_copies.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>

#include "loaders/copy_writer.h"
#include "loaders/inflating_source.h"
#include "tests/feed_fixture.h"

namespace rblitz {
namespace {

namespace fs = std::filesystem;
using Age = FeedCopies::Age;
using Strings = std::vector<std::string>;

std::string ReadAll(ByteSource* source) {
  std::string all;
  char chunk[1000];
  for (;;) {
    const Result<size_t> n = source->Read(chunk, sizeof(chunk));
    if (!n) return "failed: " + n.error().message;
    all.append(chunk, *n);
    if (*n < sizeof(chunk)) return all;
  }
}

// What the parts of a copy hold.
Strings Contents(Result<FeedCopy> copy) {
  if (!copy) return {"failed: " + copy.error().message};
  Strings contents;
  for (const FeedSource& source : copy->sources) {
    contents.push_back(ReadAll(source.bytes.get()));
    if (contents.back().starts_with("failed: ")) break;
  }
  return contents;
}

class FeedCopiesTest : public testing::Test {
 protected:
  // Keeps these texts as one feed.
  Status Keep(const Strings& texts, const std::string& feed = "f") {
    Strings paths;
    for (size_t i = 0; i < texts.size(); ++i) {
      fs::rename(folder_.Write("new", texts[i]), folder_.Path(std::to_string(i)));
      paths.push_back(folder_.Path(std::to_string(i)));
    }
    Result<FeedFiles> files = OpenFeedFiles(paths);
    if (!files) return tl::unexpected(files.error());
    info_ = {.format = "cidr", .entries = 7, .paths = paths, .identities = files->identities};
    return copies_->Keep(feed, info_, &*files, {});
  }

  TempFolder folder_;
  std::string state_ = folder_.Path("state/feeds");
  std::unique_ptr<FeedCopies> copies_ = FeedCopies::Open(state_).value();
  CopyInfo info_;
};

TEST_F(FeedCopiesTest, GiveBackWhatWasKept) {
  const std::string binary("\0\x1f\x8b\n\xff", 5);
  ASSERT_TRUE(Keep({"1.2.3.4\n", "", binary, std::string(300'000, 'x')}));
  EXPECT_EQ(copies_->Info("f", Age::kCurrent), info_);
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), (Strings{"1.2.3.4\n", "", binary, std::string(300'000, 'x')}));
  EXPECT_FALSE(copies_->Has("f", Age::kPrevious));
  EXPECT_FALSE(copies_->Has("g", Age::kCurrent));
}

TEST_F(FeedCopiesTest, KeepOnePredecessor) {
  for (const char* text : {"one", "two", "three"}) ASSERT_TRUE(Keep({text}));
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"three"});
  EXPECT_EQ(Contents(copies_->Read("f", Age::kPrevious)), Strings{"two"});
  ASSERT_TRUE(copies_->Swap("f"));
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"two"});
  EXPECT_EQ(Contents(copies_->Read("f", Age::kPrevious)), Strings{"three"});
  size_t left = 0;
  for ([[maybe_unused]] const auto& file : fs::directory_iterator(state_ + "/f")) ++left;
  EXPECT_EQ(left, 2u);
}

TEST_F(FeedCopiesTest, KeepTheSameFilesOnce) {
  ASSERT_TRUE(Keep({"one"}));
  ASSERT_TRUE(Keep({"two"}));
  Result<FeedFiles> same = OpenFeedFiles(info_.paths);
  ASSERT_TRUE(same);
  ASSERT_TRUE(copies_->Keep("f", info_, &*same, {}));
  EXPECT_EQ(Contents(copies_->Read("f", Age::kPrevious)), Strings{"one"});
}

TEST_F(FeedCopiesTest, LeaveTheOldCopyWhenTheFilesHaveChanged) {
  ASSERT_TRUE(Keep({"one"}));
  Result<FeedFiles> files = OpenFeedFiles(info_.paths);
  ASSERT_TRUE(files);
  info_.entries = 8;
  folder_.Write("0", "half of ano");
  const Status kept = copies_->Keep("f", info_, &*files, {});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message, folder_.Path("0") + ": changed while it was read");
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"one"});
  EXPECT_FALSE(fs::exists(state_ + "/f/new.tmp"));
}

TEST_F(FeedCopiesTest, KeepTheVersionThatWasOpenedThoughItsNameIsGone) {
  ASSERT_TRUE(Keep({"one"}));
  const std::string path = folder_.Write("0", "two");
  Result<FeedFiles> files = OpenFeedFiles({path});
  ASSERT_TRUE(files);
  const CopyInfo info{.format = "cidr", .entries = 1, .paths = {path}, .identities = files->identities};
  fs::remove(path);
  ASSERT_TRUE(copies_->Keep("f", info, &*files, {}));
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"two"});
}

TEST_F(FeedCopiesTest, FailWhenTheyAreDamagedAnywhere) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::to_string(i * 7919) + "\n";
  ASSERT_TRUE(Keep({text, text}));
  const std::string path = state_ + "/f/current";
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const auto write = [&](std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; };
  for (size_t size = 0; size < whole.size(); size += 1 + size / 7) {
    write(whole.substr(0, size));
    EXPECT_NE(Contents(copies_->Read("f", Age::kCurrent)), (Strings{text, text})) << size;
  }
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole;
    damaged[random() % whole.size()] ^= static_cast<char>(1 << random() % 8);
    write(damaged);
    const Strings read = Contents(copies_->Read("f", Age::kCurrent));
    // Bits of zstd's own header may mean nothing; what is read is whole all the same.
    EXPECT_TRUE(read == (Strings{text, text}) || read.back().starts_with("failed: "));
  }
}

TEST_F(FeedCopiesTest, BelongToOneServerAtATime) {
  const auto second = FeedCopies::Open(state_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, state_ + ": is used by another server");
  copies_.reset();
  EXPECT_TRUE(FeedCopies::Open(state_));
}

// Whatever moment the process ends at: the copies that are there are whole, and the current one never goes missing.
TEST_F(FeedCopiesTest, SurviveKill9AtAnyMoment) {
  const auto version = [](int v) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += std::to_string(v) + " " + std::to_string(i) + "\n";
    return text;
  };
  ASSERT_TRUE(Keep({version(0)}));
  std::mt19937 random(9);
  for (int round = 0; round < 40; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int v = 1;; ++v) {
        if (!Keep({version(v)})) _exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 30'000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not keep a copy";
    for (const Age age : {Age::kCurrent, Age::kPrevious}) {
      if (age == Age::kPrevious && !copies_->Has("f", age)) continue;
      const Strings read = Contents(copies_->Read("f", age));
      ASSERT_EQ(read.size(), 1u);
      ASSERT_EQ(read[0], version(std::stoi(read[0])));
    }
  }
}

TEST_F(FeedCopiesTest, AreWrittenByAThreadThatGivesUpWhenItMust) {
  Strings texts = {"one"};
  ASSERT_TRUE(Keep(texts));
  {
    CopyWriter writer(copies_.get());
    const std::string path = folder_.Write("0", "two");
    auto files = std::make_shared<FeedFiles>(OpenFeedFiles({path}).value());
    writer.Keep("f", {.format = "cidr", .entries = 1, .paths = {path}, .identities = files->identities}, files);
    writer.Flush();
    EXPECT_EQ(writer.error("f"), "");
    EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"two"});
    auto gone = std::make_shared<FeedFiles>(OpenFeedFiles({path}).value());
    folder_.Write("0", "three");
    writer.Keep("f", {.format = "cidr", .entries = 2, .paths = {path}, .identities = gone->identities}, gone);
    writer.Flush();
    EXPECT_EQ(writer.error("f"), path + ": changed while it was read");
  }
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"two"});
}

TEST_F(FeedCopiesTest, AreNotWrittenBesideALoad) {
  ASSERT_TRUE(Keep({"one"}));
  const std::string path = folder_.Write("0", "two");
  auto files = std::make_shared<FeedFiles>(OpenFeedFiles({path}).value());
  const CopyInfo info{.format = "cidr", .entries = 1, .paths = {path}, .identities = files->identities};
  CopyWriter writer(copies_.get());
  {
    const CopyWriter::Pause load(&writer);
    const CopyWriter::Pause another(&writer);
    writer.Keep("f", info, std::move(files));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(writer.pending("f"));
    EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"one"});
  }
  writer.Flush();
  EXPECT_EQ(Contents(copies_->Read("f", Age::kCurrent)), Strings{"two"});
}

TEST(FeedCopy, RefusesHeadersThatAreNone) {
  const std::string good =
      CopyHeader({.format = "cidr", .entries = 1, .paths = {"/a b"}, .identities = {FileIdentity{}}}).value();
  const auto read = [](const std::string& bytes) {
    const Result<FeedCopy> copy = ReadCopy(std::make_unique<MemorySource>(bytes));
    return copy ? copy->info.paths.at(0) : copy.error().message;
  };
  EXPECT_EQ(read(good), "/a b");
  EXPECT_EQ(read(""), "the copy ends too soon");
  EXPECT_EQ(read(good.substr(0, good.size() - 1)), "the copy ends too soon");
  EXPECT_EQ(read("1.2.3.4\n" + std::string(100, ' ')), "is no copy of a feed");
  for (const auto& [from, to] : {std::pair{"file", "fill"},
                                 {"entries 1", "entries x"},
                                 {"format cidr", "format_cidr"},
                                 {" /a b\n", "  /a\n\n"}}) {
    std::string bad = good;
    bad.replace(bad.find(from), std::strlen(from), to);
    EXPECT_EQ(read(bad), "the copy's header is damaged") << to;
  }
  EXPECT_FALSE(CopyHeader({.format = "cidr", .entries = 1, .paths = {"/a\nb"}, .identities = {FileIdentity{}}}));
}

}  // namespace
}  // namespace rblitz
