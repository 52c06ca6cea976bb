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

// Access lists, keys, a zone below and clients of all kinds: one question at a time, so that its client is known.
TEST_F(ServedGreyWays, SayTheSameToEachClient) {
  Maker maker;
  const char* const clients[] = {"192.0.2.1",     "192.0.2.200", "198.51.100.7", "10.1.2.3", "10.2.0.1",
                                 "10.3.0.1",      "10.3.3.3",    "10.4.0.1",     "10.9.9.9", "2001:db8::5",
                                 "2001:db8:4::1", "2001:db9::1", "203.0.113.9"};
  std::vector<std::pair<Bytes, const char*>> questions;
  const auto question = [](const std::string& name, uint16_t type) { return Question(name, type); };
  for (size_t i = 0; i < 1500; ++i) questions.emplace_back(maker.Next(question), clients[i % std::size(clients)]);
  for (const char* name :
       {"x.below.grey.test.example", "below.grey.test.example", "9.113.0.203.below.grey.test.example"}) {
    for (const char* client : clients) questions.emplace_back(Question(name, dns::kA), client);
  }
  const auto ask = [&](uint16_t capacity, bool has_access, bool has_below) {
    stats_ = std::make_unique<WorkerStats>();
    responder_ = std::make_unique<Responder>(stats_.get());
    SetTime(kNow);
    state_ = std::make_shared<Greylist>(
        Greylist::Setup{.max_triplets = 10000, .seed = 7, .masks = {}, .workers = 1, .keeps_journal = true});
    state_->SetReady();
    std::vector<ZoneConfig> zones = {{.name = "grey.test.example",
                                      .feeds = {0},
                                      .soa = test::ShortSoa(1),
                                      .grey = GreyZoneConfig{.state = state_, .rules = {}}}};
    if (has_access) zones[0].access = {1};
    if (!has_access) zones[0].allow = {{.address = {.high = 0, .low = kV4MappedLow | 0xc0000200}, .length = 121}};
    if (has_below) zones.push_back({.name = "below.grey.test.example", .feeds = {2}, .slot = 1});
    Serve({{"known-good", "cidr", "198.51.100.0/24\n"}, {"access", "acl", kAcl}, {"list", "cidr", "203.0.113.0/24\n"}},
          zones);
    std::vector<Bytes> answers;
    for (const auto& [bytes, address] : questions) {
      const OneClient client(address);
      clients_ = &client;
      answers.push_back(AskAll({bytes}, capacity).front());
      clients_ = nullptr;
    }
    return std::pair(std::move(answers), Changes());
  };
  for (const bool has_access : {false, true}) {
    for (const bool has_below : {false, true}) {
      const auto [common, changes] = ask(kRoom, has_access, has_below);
      const auto [any, any_changes] = ask(kNoRoomForTheCommonWay, has_access, has_below);
      for (size_t i = 0; i < common.size(); ++i) ASSERT_EQ(common[i], any[i]) << i << " from " << questions[i].second;
      ASSERT_EQ(changes.size(), any_changes.size());
      for (size_t i = 0; i < changes.size(); ++i) ASSERT_TRUE(changes[i] == any_changes[i]) << i;
      ASSERT_GT(changes.size(), 20u);
      ASSERT_LT(changes.size(), 1200u) << "not all clients may ask";
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
