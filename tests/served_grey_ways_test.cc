// Questions of a greylist have a common way and a long one: where a message has no room for the common one, the long
// one is taken. Both must say, count and remember the same.
#include <algorithm>
#include <cctype>
#include <random>

#include "tests/served_grey.h"

namespace rblitz {
namespace {

constexpr uint16_t kRoom = 1500;
constexpr uint16_t kNoRoomForTheCommonWay = 400;

class ServedGreyWays : public ServedGrey {
 protected:
  // What one way says and leaves behind.
  struct Outcomes {
    std::vector<Bytes> answers;
    std::vector<TripletRow> changes;
    std::vector<uint64_t> counters;
    bool operator==(const Outcomes&) const = default;
  };

  Outcomes Ask(const std::vector<Bytes>& questions, uint16_t capacity, bool observe) {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
    SetTime(kNow);
    ServeGrey({}, observe);
    const OneClient client("192.0.2.1");
    clients_ = &client;
    Outcomes all;
    // Again when those that were new may pass.
    for (const uint32_t later : {0u, 400u}) {
      SetTime(now_ + later);
      for (size_t at = 0; at < questions.size(); at += io::kBurst) {
        const size_t end = std::min(at + io::kBurst, questions.size());
        const std::vector<Bytes> burst(questions.begin() + static_cast<ptrdiff_t>(at),
                                       questions.begin() + static_cast<ptrdiff_t>(end));
        for (Bytes& answer : AskAll(burst, capacity)) all.answers.push_back(std::move(answer));
      }
    }
    clients_ = nullptr;
    all.changes = Changes();
    // Within a burst those of the common way come first.
    std::ranges::sort(all.changes);
    for (size_t i = 0; i < kGreyAnswers; ++i) all.counters.push_back(answers(static_cast<GreyAnswer>(i)));
    all.counters.push_back(state_->worker(0).looks.value());
    for (const auto& counters :
         {std::span<const Counter>(stats_->zones[0].outcomes), std::span<const Counter>(stats_->rcodes),
          std::span<const Counter>(stats_->types), std::span<const Counter>(stats_->dropped)}) {
      for (const Counter& counter : counters) all.counters.push_back(counter.value());
    }
    return all;
  }
};

class Maker {
 public:
  Bytes Next(Bytes (*question)(const std::string&, uint16_t)) {
    static constexpr const char* kOptions[] = {"",     "",    "",     "",    "o-n.", "o-d0123456789abcdef.",
                                               "O-F.", "o-.", "o-x.", "x-n."};
    static constexpr uint16_t kTypes[] = {dns::kA, dns::kA,   dns::kA,   dns::kA,
                                          dns::kA, dns::kTxt, dns::kAny, dns::kAxfr};
    static constexpr const char* kTails[] = {kGreyZone, kGreyZone,           kGreyZone, kGreyZone,
                                             kGreyZone, ".grey.test.exampl", ".below"};
    std::string name = Hash() + "." + Hash() + "." + Pick(kOptions) + Client() + Pick(kTails);
    if (One(4)) Mix(name);
    Bytes bytes = question(name, Pick(kTypes));
    if (One(3)) AddOpt(bytes);
    if (One(12)) bytes.resize(bytes.size() - 1 - random_() % 30);
    if (One(12)) bytes[2 + random_() % 10] ^= static_cast<uint8_t>(1 << random_() % 8);
    if (One(20)) bytes[dns::kHeaderSize + random_() % 100] = static_cast<uint8_t>(random_());
    return bytes;
  }

 private:
  bool One(unsigned of) { return random_() % of == 0; }
  template <class T, size_t kCount>
  T Pick(const T (&values)[kCount]) {
    return values[random_() % kCount];
  }

  // Few, so that they come again.
  std::string Hash() {
    std::string hash = random_() % 2 == 0 ? kHr : kHs;
    hash[random_() % 4] = "0123456789abcdef"[random_() % 16];
    if (One(20)) hash[random_() % hash.size()] = 'g';
    if (One(20)) hash.pop_back();
    return hash;
  }
  std::string Client() {
    static constexpr const char* kListed[] = {"5.100.51.198", "8.113.0.203", "9.113.0.203", "0.0.0.0",
                                              "255.255.255.255"};
    if (One(8)) return Pick(kListed);
    if (One(12))
      return "8.b.d.0.1.0.0.2" + std::string(One(2) ? ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0" : "");
    const unsigned labels = One(12) ? 3 : 4;
    std::string client;
    for (unsigned i = 0; i < labels; ++i)
      client += (i == 0 ? "" : ".") + std::to_string(random_() % (One(12) ? 300 : 3));
    return client;
  }
  void Mix(std::string& name) {
    for (char& c : name) {
      if (One(2)) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  void AddOpt(Bytes& bytes) {
    const bool has_option = One(3);
    bytes[11] = 1;
    const auto flags = static_cast<uint8_t>(One(2) ? 0x80 : 0);
    bytes.insert(bytes.end(), {0, 0, 41, 4, static_cast<uint8_t>(random_()), 0, 0, flags, 0, 0,
                               static_cast<uint8_t>(has_option ? 6 : 0)});
    if (has_option) bytes.insert(bytes.end(), {0, 3, 0, static_cast<uint8_t>(One(6) ? 3 : 2), 1, 2});
  }

  std::mt19937_64 random_{20261128};
};

TEST_F(ServedGreyWays, SayCountAndRememberTheSame) {
  Maker maker;
  for (const bool observe : {false, true}) {
    for (int round = 0; round < 20; ++round) {
      std::vector<Bytes> questions;
      for (int i = 0; i < 300; ++i) {
        questions.push_back(maker.Next([](const std::string& name, uint16_t type) { return Question(name, type); }));
      }
      const Outcomes common = Ask(questions, kRoom, observe);
      const Outcomes any = Ask(questions, kNoRoomForTheCommonWay, observe);
      for (size_t i = 0; i < common.answers.size(); ++i) {
        ASSERT_EQ(common.answers[i], any.answers[i]) << "round " << round << ", question " << i % questions.size();
      }
      ASSERT_EQ(common.counters, any.counters);
      ASSERT_EQ(common.changes.size(), any.changes.size());
      for (size_t i = 0; i < common.changes.size(); ++i) ASSERT_TRUE(common.changes[i] == any.changes[i]) << i;
      ASSERT_GT(common.changes.size(), 100u);
    }
  }
}

// Who may ask is not known while its list is out.
TEST_F(ServedGreyWays, RefuseAllWhileTheListOfThoseWhoMayAskIsOut) {
  state_ = std::make_shared<Greylist>(Greylist::Setup{.max_triplets = 100, .seed = 7, .masks = {}, .workers = 1});
  state_->SetReady();
  Serve({{"not-loaded", nullptr, ""}},
        {{.name = kGreyZone + 1, .feeds = {}, .access = {0}, .grey = GreyZoneConfig{.state = state_, .rules = {}}}});
  EXPECT_EQ(Says(GreyName("4.2.0.192")), "SERVFAIL");
  EXPECT_EQ(answers(GreyAnswer::kDefer), 0u);
}

}  // namespace
}  // namespace rblitz
