#include "cli/override.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/override_store.h"

namespace rblitz {
namespace {

TEST(OverrideSubject, HasOneWayToBeWritten) {
  const std::pair<const char*, const char*> table[] = {
      {"192.0.2.1", "192.0.2.1"},
      {"192.0.2.1/32", "192.0.2.1"},
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::FFFF:192.0.2.0/120", "192.0.2.0/24"},
      {"2001:DB8:0:0::/32", "2001:db8::/32"},
      {"2001:db8::1/128", "2001:db8::1"},
      {"Example.COM.", "example.com"},
      {"*.Example.com", "*.example.com"},
      {".example.com", ".example.com"},
      {"CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB",
       "ca978112ca1bbdcafac231b39a23dc4d.a786eff8147c4e72b9807785afee48bb"},
      {"b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example"},
  };
  for (const auto& [text, canonical] : table) {
    const auto subject = ParseOverrideSubject(text);
    ASSERT_TRUE(subject) << text << ": " << subject.error().message;
    EXPECT_EQ(subject->text, canonical);
    const auto again = ParseOverrideSubject(subject->text);
    ASSERT_TRUE(again) << canonical;
    EXPECT_EQ(again->text, canonical);
  }
}

TEST(OverrideSubject, IsNoMistake) {
  const std::pair<const char*, const char*> table[] = {
      {"", "bad name"},
      {"192.0.2.1/24", "bits after the prefix are set in '192.0.2.1/24'"},
      {"192.0.2.0/33", "bad network '192.0.2.0/33'"},
      {"192.0.2.0/", "bad network '192.0.2.0/'"},
      {"192.0.2.0/2x", "bad network '192.0.2.0/2x'"},
      {"0.0.0.0/0", "'0.0.0.0/0' is the whole address space"},
      {"::/0", "'::/0' is the whole address space"},
      {"2001:db8::1/64", "bits after the prefix are set"},
      {"2001:db8::g", "bad address '2001:db8::g'"},
      {"example.com/24", "bad network 'example.com/24'"},
      {"a b.example", "a b.example"},
      {"*.", ""},
  };
  for (const auto& [text, what] : table) {
    const auto subject = ParseOverrideSubject(text);
    ASSERT_FALSE(subject) << text << " became " << subject->text;
    EXPECT_NE(subject.error().message.find(what), std::string::npos) << subject.error().message;
  }
}

TEST(OverrideSubject, KnowsTestPoints) {
  for (const char* text : {"127.0.0.1", "127.0.0.2/32", "::ffff:7f00:2", "TEST", "invalid"}) {
    EXPECT_TRUE(IsTestPoint(ParseOverrideSubject(text).value())) << text;
  }
  for (const char* text : {"127.0.0.3", "127.0.0.0/8", "*.test", ".test", "a.test"}) {
    EXPECT_FALSE(IsTestPoint(ParseOverrideSubject(text).value())) << text;
  }
}

TEST(Override, HasAReasonThatIsCutAtACharacter) {
  const std::string euro = "\xe2\x82\xac";
  for (size_t before = 248; before <= 256; ++before) {
    const std::string plain(before, 'x');
    const auto cut = OverrideFromJson({{"kind", "add"}, {"what", "192.0.2.1"}, {"why", plain + euro}});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->why, before <= 251 ? plain + euro : plain.substr(0, 254)) << before;
  }
}

class StoreFolder {
 public:
  StoreFolder() {
    char name[] = "/tmp/rblitz-overrides-XXXXXX";
    path = mkdtemp(name);
  }
  ~StoreFolder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string Read() const {
    std::ifstream in(path + "/overrides");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void Write(const std::string& text) const { std::ofstream(path + "/overrides") << text; }
  [[nodiscard]] size_t Aside() const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      files += entry.path().string().find(".broken-") != std::string::npos ? 1 : 0;
    }
    return files;
  }
  std::string path;
};

Override Sample(const char* what, OverrideKind kind = OverrideKind::kAdd) {
  Override sample;
  sample.kind = kind;
  sample.subject = ParseOverrideSubject(what).value();
  sample.why = "a \"reason\"\nof two lines";
  sample.by = "root";
  sample.since = 1'789'000'000;
  return sample;
}

TEST(OverrideStore, KeepsWhatItIsGivenAndNothingIsThereAtFirst) {
  const StoreFolder folder;
  auto store = OverrideStore::Open(folder.path);
  ASSERT_TRUE(store);
  EXPECT_TRUE(store->all().empty());
  EXPECT_TRUE(store->problems().empty());
  std::vector<Override> given = {Sample("192.0.2.1"), Sample("*.example.com", OverrideKind::kRemove)};
  given[0].a_be = 0x0900007f;
  given[1].zone = "bl.test";
  given[1].until = 1'789'000'060;
  ASSERT_TRUE(store->Replace(given));
  const auto again = OverrideStore::Open(folder.path);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->problems().empty());
  ASSERT_EQ(again->all().size(), 2u);
  for (size_t i = 0; i < given.size(); ++i) EXPECT_EQ(OverrideJson(again->all()[i]), OverrideJson(given[i]));
  struct stat status {};
  ASSERT_EQ(stat((folder.path + "/overrides").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST(OverrideStore, IsCutAtNoPlaceWithoutSayingSo) {
  const StoreFolder folder;
  auto store = OverrideStore::Open(folder.path);
  ASSERT_TRUE(store->Replace({Sample("192.0.2.1"), Sample("192.0.2.2")}));
  const std::string whole = folder.Read();
  // The last line may miss its end: then nothing of it is lost.
  for (size_t size = 0; size + 1 < whole.size(); ++size) {
    folder.Write(whole.substr(0, size));
    const auto cut = OverrideStore::Open(folder.path);
    ASSERT_TRUE(cut) << size;
    EXPECT_FALSE(cut->problems().empty()) << size;
    EXPECT_LE(cut->all().size(), 1u);
    // What could be read is what is kept from now on.
    EXPECT_TRUE(OverrideStore::Open(folder.path)->problems().empty());
  }
  EXPECT_EQ(folder.Aside(), whole.size() - 1);
}

TEST(OverrideStore, IsAsBeforeWhenItCannotBeWritten) {
  const StoreFolder folder;
  auto store = OverrideStore::Open(folder.path);
  ASSERT_TRUE(store->Replace({Sample("192.0.2.1")}));
  const std::string before = folder.Read();
  std::filesystem::create_directory(folder.path + "/overrides.tmp");
  const auto replaced = store->Replace({});
  ASSERT_FALSE(replaced);
  EXPECT_NE(replaced.error().message.find("overrides.tmp: cannot open"), std::string::npos);
  EXPECT_EQ(store->all().size(), 1u);
  EXPECT_EQ(folder.Read(), before);
}

TEST(OverrideStore, DoesNotOpenWhatIsNoFile) {
  const StoreFolder folder;
  std::filesystem::create_directory(folder.path + "/overrides");
  EXPECT_FALSE(OverrideStore::Open(folder.path));
  std::filesystem::remove(folder.path + "/overrides");
  ASSERT_EQ(mkfifo((folder.path + "/overrides").c_str(), 0600), 0);
  const auto pipe = OverrideStore::Open(folder.path);  // without waiting for somebody who writes
  ASSERT_FALSE(pipe);
  EXPECT_NE(pipe.error().message.find("overrides: is no regular file"), std::string::npos);
}

// A folder that may be written and not read: the file gets its name, and the folder cannot be synced.
TEST(OverrideStore, HasChangedThoughItsFolderCannotBeSynced) {
  const StoreFolder folder;
  auto store = OverrideStore::Open(folder.path);
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  ASSERT_EQ(chmod(folder.path.c_str(), 0300), 0);
  if (is_root) {
    ASSERT_EQ(chown(folder.path.c_str(), kNobody, kNobody), 0);
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const bool replaced = store->Replace({Sample("192.0.2.1")}).has_value();
  const std::string unsynced = store->unsynced();
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_EQ(chmod(folder.path.c_str(), 0700), 0);
  EXPECT_TRUE(replaced);
  EXPECT_NE(unsynced.find(folder.path + ": cannot sync"), std::string::npos) << unsynced;
  EXPECT_EQ(store->all().size(), 1u);
  EXPECT_EQ(OverrideStore::Open(folder.path)->all().size(), 1u);
  ASSERT_TRUE(store->Replace({}));
  EXPECT_EQ(store->unsynced(), "");
}

TEST(OverrideStore, DoesNotWriteToAFileThatSomebodyHolds) {
  const StoreFolder folder;
  auto store = OverrideStore::Open(folder.path);
  const std::string other = folder.path + "/other";
  std::ofstream(other) << "theirs";
  std::filesystem::create_hard_link(other, folder.path + "/overrides.tmp");
  ASSERT_TRUE(store->Replace({Sample("192.0.2.1")}));
  std::ifstream in(other);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()), "theirs");
  EXPECT_EQ(store->unsynced(), "");
  EXPECT_EQ(OverrideStore::Open(folder.path)->all().size(), 1u);
}

}  // namespace
}  // namespace rblitz
