// The load generator's frames, before what a server's port makes of them: each is a question to it, what it turns round
// is an answer to the same flow, and each finds the other by ARP and neighbour discovery.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <vector>

#include "cli/blast/frame_link.h"
#include "cli/blast/frames.h"
#include "dataplane/io/own_address.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/turn_reply.h"
#include "dataplane/net/turn_round.h"

namespace rblitz::blast {
namespace {

using FrameBytes = std::vector<uint8_t>;

constexpr net::Mac kOurMac = {2, 0, 0, 0, 0, 1};
constexpr net::Mac kServerMac = {2, 0, 0, 0, 0, 0x53};

struct Family {
  const char *own, *sources, *server;
};
constexpr Family kFamilies[] = {{"10.53.0.1", "10.9.0.0/24", "10.53.0.53"}, {"fd53::1", "fd09::/112", "fd53::53"}};

FrameConfig ConfigOf(const Family& family) {
  FrameConfig config = {.mac = kOurMac, .server_mac = kServerMac};
  config.own = *ParseSources(family.own);
  config.own.prefix_length = config.own.is_ip6 ? 64 : 24;
  config.sources = *ParseSources(family.sources);
  config.ports = 3;
  config.server = ParseSources(family.server)->first;
  return config;
}

net::OwnAddresses ServerOf(const Family& family) {
  net::OwnAddresses own = {.mac = kServerMac, .ip4 = {}, .ip6 = {}};
  const std::string length = std::string(family.server).find(':') == std::string::npos ? "/24" : "/64";
  io::Add(*io::ParseOwnAddress(family.server + length), own);
  return own;
}

// What the server's port answers: a question with its payload changed, a solicitation; nothing to anything else.
FrameBytes Answer(const FrameBytes& question, const net::OwnAddresses& own) {
  const net::Frame frame = net::ClassifyFrame(question, own);
  FrameBytes answer = question;
  answer.resize(1600);
  if (frame.kind == net::FrameKind::kDnsQuestion) {
    const size_t at = frame.upper_at + net::kUdpSize;
    const uint32_t before = net::Sum(answer.data() + at, frame.size);
    answer[at + 2] ^= 0x80;
    const size_t size = frame.size + size_t{4};
    std::fill_n(answer.begin() + static_cast<ptrdiff_t>(at + frame.size), 4, uint8_t{0xab});
    const uint32_t change = net::Change(before, net::Sum(answer.data() + at, size));
    answer.resize(net::TurnUdpAt(answer.data(), at, size, change));
  } else if (frame.kind == net::FrameKind::kArpRequest) {
    answer.resize(net::TurnArp(answer.data(), frame, own));
  } else if (frame.kind == net::FrameKind::kNeighborSolicitation) {
    answer.resize(net::TurnSolicitation(answer.data(), frame, own));
  } else {
    answer.clear();
  }
  return answer;
}

FrameBytes QuestionFrame(const Frames& frames, uint32_t flow, const std::vector<uint8_t>& message) {
  FrameBytes frame(Frames::kMostHeader + message.size());
  frame.resize(frames.WriteQuestion(flow, message, frame.data()));
  return frame;
}

TEST(BlastFrames, AreQuestionsToTheServerAndItsAnswersComeBackToTheirFlow) {
  std::mt19937_64 random(1);
  for (const Family& family : kFamilies) {
    const Frames frames(ConfigOf(family));
    const net::OwnAddresses server = ServerOf(family);
    for (int i = 0; i < 5000; ++i) {
      const auto flow = static_cast<uint32_t>(random() % frames.flows());
      std::vector<uint8_t> message(12 + random() % 270);
      for (uint8_t& byte : message) byte = static_cast<uint8_t>(random());
      const FrameBytes question = QuestionFrame(frames, flow, message);
      const net::Frame kind = net::ClassifyFrame(question, server);
      ASSERT_EQ(kind.kind, net::FrameKind::kDnsQuestion);
      ASSERT_EQ(kind.size, message.size());
      FrameBytes answer = Answer(question, server);
      if (random() % 2 == 0) answer.resize(answer.size() + random() % 20);  // padding
      const auto answered = frames.ReadAnswer(answer);
      ASSERT_TRUE(answered);
      EXPECT_EQ(answered->flow, flow);
      ASSERT_EQ(answered->message.size(), message.size() + 4);
      EXPECT_EQ(answered->message[2], message[2] ^ 0x80);
      EXPECT_TRUE(std::equal(message.begin() + 3, message.end(), answered->message.begin() + 3));
      EXPECT_FALSE(frames.ReadAnswer(question));
    }
  }
}

TEST(BlastFrames, NoDamagedOrCutAnswerIsTaken) {
  const Family& family = kFamilies[0];
  const Frames frames(ConfigOf(family));
  const FrameBytes answer = Answer(QuestionFrame(frames, 5, std::vector<uint8_t>(40, 7)), ServerOf(family));
  ASSERT_TRUE(frames.ReadAnswer(answer));
  for (size_t bit = 0; bit < answer.size() * 8; ++bit) {
    if (bit / 8 >= net::kMacSize && bit / 8 < 2 * net::kMacSize) continue;  // whoever sent it
    FrameBytes damaged = answer;
    damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(frames.ReadAnswer(damaged)) << bit;
  }
  for (size_t size = 0; size < answer.size(); ++size) {
    const FrameBytes cut(answer.begin(), answer.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_FALSE(frames.ReadAnswer(cut)) << size;
  }
}

TEST(BlastFrames, AChecksumLeftToHardwareIsTakenOnlyWhereThatHappens) {
  for (const Family& family : kFamilies) {
    FrameConfig config = ConfigOf(family);
    const Frames strict(config);
    config.may_be_partial = true;
    const Frames lenient(config);
    FrameBytes answer = Answer(QuestionFrame(strict, 5, std::vector<uint8_t>(40, 7)), ServerOf(family));
    const uint8_t* const ip = answer.data() + net::kEthernetSize;
    const size_t udp_at = config.sources.is_ip6 ? net::kUdp6At : net::kUdpAt;
    const size_t size = answer.size() - udp_at;
    const uint32_t pseudo = config.sources.is_ip6 ? net::PseudoSum6(ip, net::kProtocolUdp, size)
                                                  : net::Fold(uint64_t{net::Sum(ip + net::ip4::kSource, 8)} +
                                                              net::SwapBytes(uint16_t{net::kProtocolUdp}) +
                                                              net::SwapBytes(static_cast<uint16_t>(size)));
    net::StoreMemoryOrder(answer.data() + udp_at + net::udp::kChecksum, static_cast<uint16_t>(pseudo));
    EXPECT_FALSE(strict.ReadAnswer(answer));
    EXPECT_TRUE(lenient.ReadAnswer(answer));
    net::Store16(answer.data() + udp_at + net::udp::kChecksum, 0);  // none: not over IPv6
    EXPECT_EQ(strict.ReadAnswer(answer).has_value(), !config.sources.is_ip6);
  }
}

TEST(BlastFrames, EachFindsTheOther) {
  for (const Family& family : kFamilies) {
    const FrameConfig config = ConfigOf(family);
    const Frames frames(config);
    const net::OwnAddresses server = ServerOf(family);
    FrameBytes asked(Frames::kMostOther);
    asked.resize(frames.WriteSolicitation(config.server, asked.data()));
    const FrameBytes answer = Answer(asked, server);
    ASSERT_FALSE(answer.empty());
    EXPECT_EQ(frames.ReadAdvertisement(answer, config.server), kServerMac);
    EXPECT_FALSE(frames.ReadAdvertisement(answer, config.own.first));
    EXPECT_FALSE(frames.ReadAdvertisement(asked, config.server));
    for (size_t size = 0; size < answer.size(); ++size) {
      const FrameBytes cut(answer.begin(), answer.begin() + static_cast<ptrdiff_t>(size));
      static_cast<void>(frames.ReadAdvertisement(cut, config.server));  // reads nothing behind it
    }

    // The server asks for our own address, for sources, and for what is not ours.
    FrameConfig as_server = config;
    as_server.mac = kServerMac;
    as_server.own = *ParseSources(family.server);
    as_server.sources = as_server.own;
    const Frames other(as_server);
    const auto reply_to = [&](const net::Ip6& address) {
      FrameBytes solicitation(Frames::kMostOther);
      solicitation.resize(other.WriteSolicitation(address, solicitation.data()));
      FrameBytes reply(Frames::kMostOther);
      reply.resize(frames.WriteReply(solicitation, reply.data()));
      return reply;
    };
    for (const net::Ip6& address :
         {config.own.first, config.sources.at(0), config.sources.at(config.sources.count - 1)}) {
      EXPECT_EQ(other.ReadAdvertisement(reply_to(address), address), kOurMac);
    }
    EXPECT_TRUE(reply_to(config.sources.at(config.sources.count)).empty());
    EXPECT_TRUE(reply_to(config.server).empty());
  }
}

TEST(BlastFrames, OtherFramesGetNoReply) {
  std::mt19937_64 random(2);
  for (const Family& family : kFamilies) {
    const Frames frames(ConfigOf(family));
    uint8_t out[Frames::kMostOther];
    for (int i = 0; i < 20000; ++i) {
      FrameBytes frame(random() % 100);
      for (uint8_t& byte : frame) byte = static_cast<uint8_t>(random());
      if (frame.size() >= net::kEthernetSize) net::Store16(frame.data() + 12, i % 2 == 0 ? 0x0806 : 0x86dd);
      EXPECT_EQ(frames.WriteReply(frame, out), 0u);
      EXPECT_FALSE(frames.ReadAnswer(frame));
    }
  }
}

// A wire with a server at its other end, which at first asks who we are.
class FakeFrameIo final : public io::FrameIo {
 public:
  explicit FakeFrameIo(net::OwnAddresses server) : server_(std::move(server)) {}

  net::Mac mac() const noexcept override { return kOurMac; }
  bool may_be_partial() const noexcept override { return false; }
  size_t Receive(std::span<std::span<const uint8_t>, io::kBurst> frames) noexcept override {
    read_.clear();
    size_t n = 0;
    while (n < io::kBurst && !coming_.empty()) {
      read_.push_back(std::move(coming_.front()));
      coming_.pop_front();
      frames[n++] = read_.back();
    }
    return n;
  }
  size_t Allocate(std::span<uint8_t*> frames) noexcept override {
    buffers_.assign(std::min(frames.size(), most_), FrameBytes(kMostBytes));
    for (size_t i = 0; i < buffers_.size(); ++i) frames[i] = buffers_[i].data();
    return buffers_.size();
  }
  size_t Send(std::span<const uint16_t> sizes) noexcept override {
    for (size_t i = 0; i < sizes.size(); ++i) {
      buffers_[i].resize(sizes[i]);
      FrameBytes answer = Answer(buffers_[i], server_);
      if (!answer.empty()) coming_.push_back(std::move(answer));
    }
    return sizes.size();
  }

  size_t most_ = io::kBurst;
  std::deque<FrameBytes> coming_;

 private:
  net::OwnAddresses server_;
  std::deque<FrameBytes> read_;
  std::vector<FrameBytes> buffers_;
};

TEST(FrameLink, FindsTheServerAndAsksIt) {
  for (const Family& family : kFamilies) {
    FrameConfig config = ConfigOf(family);
    config.server_mac = {};
    FakeFrameIo io(ServerOf(family));
    io.coming_.push_back(FrameBytes(60));
    FrameLink link(config, io);
    const Status found = link.Resolve(config.server, 60'000'000'000);
    ASSERT_TRUE(found) << found.error().message;
    QuestionSet set;
    for (int i = 0; i < 100; ++i) set.Add(dns::NameFromText("q" + std::to_string(i)), 1);
    std::vector<Outgoing> questions(kBatch);
    for (uint32_t i = 0; i < kBatch; ++i) {
      const std::span<const uint8_t> message = set.message(i);
      questions[i].flow = i % static_cast<uint32_t>(link.flows());
      questions[i].size = static_cast<uint16_t>(message.size());
      std::copy(message.begin(), message.end(), questions[i].bytes.begin());
    }
    EXPECT_EQ(link.Send(questions), kBatch);
    std::array<Arrived, kBatch> arrived;
    ASSERT_EQ(link.Receive(arrived), kBatch);
    for (uint32_t i = 0; i < kBatch; ++i) {
      EXPECT_EQ(arrived[i].flow, questions[i].flow);
      EXPECT_EQ(arrived[i].message.size(), questions[i].size + 4u);
    }
    io.most_ = 5;  // buffers run out
    EXPECT_EQ(link.Send(questions), 5u);
    io.most_ = 0;
    EXPECT_EQ(link.Send(questions), 0u);
  }
}

TEST(FrameLink, GivesUpWhereNobodyIsTheServer) {
  FrameConfig config = ConfigOf(kFamilies[0]);
  FakeFrameIo io({.mac = kServerMac, .ip4 = {}, .ip6 = {}});
  FrameLink link(config, io);
  EXPECT_FALSE(link.Resolve(config.server, 1'000'000));
}

}  // namespace
}  // namespace rblitz::blast
