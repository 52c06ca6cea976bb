// The hot path never allocates: a worker's loop over frames in memory (MemoryIo's replay, Responder) with every kind of
// question, while every allocation and release of the process is counted. The allocator is replaced below new and
// delete, so that what C libraries allocate counts too.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/client_rules.h"
#include "dataplane/gate.h"
#include "dataplane/greylist.h"
#include "dataplane/io/memory_io.h"
#include "dataplane/responder.h"
#include "tests/allocator_calls.h"
#include "tests/burst_calls.h"
#include "tests/dns_message.h"
#include "tests/echo.h"
#include "tests/frames_ip6.h"
#include "tests/serving.h"

// glibc's own entry points. The program's malloc and its like take the place of glibc's everywhere (libstdc++'s new
// calls them), and count before they pass on.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* old);

void* malloc(size_t size) {
  rblitz::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  rblitz::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  rblitz::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  rblitz::test::allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, size_t alignment, size_t size) {
  *out = memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
void free(void* old) {
  rblitz::test::releases.fetch_add(1, std::memory_order_relaxed);
  __libc_free(old);
}
}

namespace rblitz {
namespace {

using test::Calls;
using test::CallsIn;
using test::CallsInBursts;

// Not to be seen through: what the compiler can prove useless it leaves out.
template <class T>
void Keep(T* value) {
  asm volatile("" : : "r"(value) : "memory");
}

TEST(ZeroAllocation, EveryWayToAllocateIsCounted) {
  struct alignas(64) Line {
    char bytes[64];
  };
  EXPECT_EQ(CallsIn([] {}), (Calls{0, 0}));
  EXPECT_EQ(CallsIn([] { Keep(std::make_unique<int>(1).get()); }), (Calls{1, 1}));
  EXPECT_EQ(CallsIn([] { Keep(std::make_unique<Line[]>(3).get()); }), (Calls{1, 1}));
  EXPECT_EQ(CallsIn([] { Keep(std::vector<char>(100).data()); }), (Calls{1, 1}));
  EXPECT_EQ(CallsIn([] { Keep(std::string(100, 'x').data()); }), (Calls{1, 1}));
  for (const auto allocate : {+[] { return std::malloc(3); }, +[] { return std::calloc(3, 3); },
                              +[] { return std::realloc(nullptr, 3); }, +[] { return std::aligned_alloc(64, 64); }}) {
    EXPECT_EQ(CallsIn([&] {
                void* const memory = allocate();
                Keep(memory);
                std::free(memory);
              }),
              (Calls{1, 1}));
  }
}

// Questions of every kind that the responder tells apart, well-formed and not.
std::vector<Bytes> Questions() {
  std::vector<Bytes> questions;
  const char* const kNames[] = {
      "5.2.0.192.bl.example.com",      // listed by two feeds, the same A
      "1.2.0.192.bl.example.com",      // listed by two feeds, two A, TXT with the address
      "1.2.0.192.one.bl.example.com",  // the most specific zone
      "77.100.51.198.bl.example.com",  // listed by a network
      "9.9.9.9.bl.example.com",        // not listed
      "3.2.1.10.Bogons.example.COM",   // another zone, by a network
      "2.0.0.127.bogons.example.com",  // test points
      "1.0.0.127.bogons.example.com",
      "192.bl.example.com",          // an empty non-terminal
      "7.bl.example.com",            // none
      "x.5.2.0.192.bl.example.com",  // below an address
      "mail.bl.example.com",
      "bl.example.com",  // apexes
      "bogons.example.com",
      "1.2.0.192.out.example.com",  // no feed loaded
      "example.net",                // not served
      ".",
  };
  for (const char* name : kNames) {
    for (const uint16_t type :
         std::initializer_list<uint16_t>{dns::kA, dns::kTxt, dns::kAny, dns::kSoa, dns::kNs, 28}) {
      questions.push_back(Question(name, type));
      questions.push_back(Question(name, type, Opt{.size = 900, .dnssec_ok = true}));
      questions.push_back(Question(name, type, Opt{.options = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}}));
    }
  }
  for (const char* name : {"version.bind", "id.server", "authors.bind"}) {
    questions.push_back(Question(name, dns::kTxt, {}, dns::kCh));
  }
  questions.push_back(Question("bl.example.com", dns::kAxfr));
  questions.push_back(Question("bl.example.com", dns::kA, {}, 4));
  questions.push_back(Question("bl.example.com", dns::kA, Opt{.version = 1}));
  questions.push_back(Question("bl.example.com", dns::kA, {}, dns::kIn, 4 << 11));
  questions.push_back(Question("bl.example.com", dns::kA, {}, dns::kIn, dns::kQr));
  questions.emplace_back(Bytes(11));
  Bytes damaged = Question("5.2.0.192.bl.example.com", dns::kA, Opt{});
  for (; damaged.size() > dns::kHeaderSize; damaged.pop_back()) questions.push_back(damaged);
  return questions;
}

// All of them as frames, and frames that are no questions.
void PushFrames(io::MemoryIo& memory) {
  for (const Bytes& question : Questions()) {
    memory.Push(test::UdpFrame({}, {}, question));
    memory.Push(test::UdpFrame({}, {.has_checksum = false}, question));
    memory.Push(test::Udp6Frame({}, {}, question));
    memory.Push(test::Tagged(test::Udp6Frame({}, {}, question), 7));
  }
  memory.Push(test::NdFrame(test::ToGroupOf(test::kOwnIp6), {}));
  memory.Push(test::Echo6Frame({}, test::FrameBytes(100, 7)));
  memory.Push(test::ArpFrame({}));
  memory.Push(test::IcmpFrame({}, {}, Bytes(100, 7)));
  memory.Push(test::UdpFrame({}, {.destination_port = 54}, {1}));
  memory.Push(test::UdpFrame({.checksum_error = 1}, {}, {1}));
  memory.Push(test::FrameBytes(5, 0xff));
  memory.Push(test::FrameBytes(io::MemoryIo::kMaxFrame + 1, 0xff));
}

TEST(ZeroAllocation, NothingIsAllocatedWhileBurstsOfEveryKindAreAnswered) {
  const auto serving = test::FourZones();
  ASSERT_TRUE(serving) << serving.error().message;
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(test::OwnWithIp6(), stats.get());
  PushFrames(memory);
  Responder responder(stats.get());
  const Calls calls = CallsInBursts(memory, 200, [&](io::Burst& burst) { responder.Answer(burst, **serving); });
  EXPECT_EQ(calls, (Calls{0, 0}));

  // The bursts were what they should be.
  for (const dns::Rcode rcode :
       {dns::kNoError, dns::kFormErr, dns::kServFail, dns::kNxDomain, dns::kNotImp, dns::kRefused, dns::kBadVers}) {
    EXPECT_GT(stats->rcodes[rcode].value(), 0u) << rcode;
  }
  for (const DropReason reason : {DropReason::kShortDns, DropReason::kIsResponse, DropReason::kRunt,
                                  DropReason::kOversize, DropReason::kOtherPort, DropReason::kIpChecksum}) {
    EXPECT_GT(stats->dropped[static_cast<size_t>(reason)].value(), 0u) << DropReasonName(reason);
  }
  EXPECT_GT(stats->arp_replies.value(), 0u);
  EXPECT_GT(stats->nd_replies.value(), 0u);
  EXPECT_GT(stats->icmp_replies.value(), 0u);
  EXPECT_TRUE(test::AddsUp(*stats));
}

// A feed that says what clients get: those of 10.n.0.0/16 the n-th action.
std::shared_ptr<const FeedData> AccessList() {
  const std::shared_ptr<FeedData> feed = test::MakeFeed("acl", {});
  const TextId text = feed->verdicts.InternText(std::vector<std::string_view>{"no more for ", ""});
  const ValueId value = feed->verdicts.Intern({.a_be = __builtin_bswap32(test::Ip(127, 0, 0, 9)), .text = text});
  AclBuilder builder;
  for (const AclAction action : {AclAction::kIgnore, AclAction::kRefuse, AclAction::kEmpty, AclAction::kAnswer}) {
    const uint32_t first = test::Ip(10, static_cast<uint32_t>(action), 0, 0);
    builder.Add(first, first | 0xffff, {.action = action, .value = action == AclAction::kAnswer ? value : kNotListed});
  }
  BuildReport report;
  feed->acl = std::make_shared<const Acl>(builder.Build(nullptr, &report));
  return feed;
}

TEST(ZeroAllocation, NothingIsAllocatedForZonesWithRules) {
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("data", {{test::Ip(192, 0, 2, 0), test::Ip(192, 0, 2, 255), 2, {"Listed ", ""}}}),
                    test::MakeFeed("own", {{test::Ip(192, 0, 2, 5), test::Ip(192, 0, 2, 5), 2}}), AccessList()};
  const ZoneConfig zone{
      .name = "bl.example.com",
      .feeds = {0},
      .except = {1},
      .access = {2},
      .allow = {{.address = {.high = 0, .low = kV4MappedLow | test::Ip(10, 0, 0, 0)}, .length = 96 + 8}}};
  const auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  ASSERT_TRUE(serving) << serving.error().message;
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(test::Own(), stats.get());
  for (uint32_t net = 0; net <= static_cast<uint32_t>(AclAction::kAnswer); ++net) {
    for (const char* name : {"5.2.0.192.bl.example.com", "6.2.0.192.bl.example.com", "www.bl.example.com"}) {
      for (const uint16_t type : {dns::kA, dns::kTxt, dns::kAny}) {
        memory.Push(test::UdpFrame({.source = test::Ip(10, net, 0, 1)}, {}, Question(name, type, Opt{})));
      }
    }
  }
  Responder responder(stats.get());
  const Calls calls = CallsInBursts(memory, 100, [&](io::Burst& burst) { responder.Answer(burst, **serving); });
  EXPECT_EQ(calls, (Calls{0, 0}));
  for (const dns::Rcode rcode : {dns::kNoError, dns::kNxDomain, dns::kRefused}) {
    EXPECT_GT(stats->rcodes[rcode].value(), 0u) << rcode;
  }
  EXPECT_GT(stats->dropped[static_cast<size_t>(DropReason::kAcl)].value(), 0u);
  EXPECT_TRUE(test::AddsUp(*stats));
}

TEST(ZeroAllocation, NothingIsAllocatedForClientsWithCookiesAndLimits) {
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("data", {{test::Ip(192, 0, 2, 0), test::Ip(192, 0, 2, 31), 2, {"Listed ", ""}}})};
  const ZoneConfig zone{.name = "bl.example.com", .feeds = {0}};
  const auto serving =
      BuildServing(std::move(snapshot), {&zone, 1}, {},
                   std::make_shared<const ClientRules>(ClientRules{.cookies = CookieRules{.secrets = {dns::SipKey{}}},
                                                                   .limit = LimitRules{.responses_per_second = 1}}));
  ASSERT_TRUE(serving) << serving.error().message;
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(test::OwnWithIp6(), stats.get());
  uint32_t net = 0;
  for (const Bytes& option : {Bytes{}, Bytes{0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}, Bytes{0, 10, 0, 3, 1, 2, 3}}) {
    const Bytes question = Question("5.2.0.192.bl.example.com", dns::kA, Opt{.options = option});
    for (const uint32_t end = net + 50; net < end; ++net) {
      memory.Push(test::UdpFrame({.source = test::Ip(10, net, 0, 1)}, {}, question));
      memory.Push(test::Udp6Frame({.source = test::Ip6(0x2001, net)}, {}, question));
    }
  }
  Responder responder(stats.get());
  Gate gate(&responder, stats.get());
  const Calls calls =
      CallsInBursts(memory, 200, [&](io::Burst& burst) { gate.Answer(burst, **serving, Gate::ReadClocks()); });
  EXPECT_EQ(calls, (Calls{0, 0}));
  for (const dns::Rcode rcode : {dns::kNoError, dns::kFormErr}) EXPECT_GT(stats->rcodes[rcode].value(), 0u) << rcode;
  EXPECT_GT(stats->dropped[static_cast<size_t>(DropReason::kRateLimited)].value(), 0u);
  EXPECT_TRUE(test::AddsUp(*stats));
}

// Bursts of questions that differ in their addresses alone, half of them listed, take a way of their own.
TEST(ZeroAllocation, NothingIsAllocatedForBurstsOfQuestionsThatAreAlike) {
  Snapshot snapshot;
  snapshot.feeds = {test::MakeFeed("data", {{test::Ip(192, 0, 2, 0), test::Ip(192, 0, 2, 31), 2, {"Listed ", ""}}})};
  const ZoneConfig zone{.name = "bl.example.com", .feeds = {0}};
  const auto serving = BuildServing(std::move(snapshot), {&zone, 1}, {});
  ASSERT_TRUE(serving) << serving.error().message;
  for (const std::optional<Opt>& opt : {std::optional<Opt>(), std::optional<Opt>(Opt{})}) {
    const auto stats = std::make_unique<WorkerStats>();
    io::MemoryIo memory(test::Own(), stats.get());
    for (size_t i = 0; i < io::kBurst; ++i) {
      const Bytes question = Question(std::to_string(i) + ".2.0.192.bl.example.com", dns::kA, opt);
      memory.Push(test::UdpFrame({}, {}, question));
    }
    memory.Replay();
    Responder responder(stats.get());
    io::Burst burst;
    EXPECT_EQ(CallsIn([&] {
                for (int count = 0; count < 100; ++count) {
                  memory.Receive(burst);
                  ASSERT_EQ(burst.count, io::kBurst);
                  responder.Answer(burst, **serving);
                  memory.Send(burst);
                }
              }),
              (Calls{0, 0}));
    EXPECT_EQ(stats->rcodes[dns::kNoError].value(), 100 * 32u);
    EXPECT_EQ(stats->rcodes[dns::kNxDomain].value(), 100 * 32u);
    EXPECT_TRUE(test::AddsUp(*stats));
  }
}

// Most triplets are new each time: rows are made, pushed out and handed over.
TEST(ZeroAllocation, NorAreQuestionsOfGreylists) {
  const auto state = std::make_shared<Greylist>(
      Greylist::Setup{.max_triplets = 2000, .seed = 1, .masks = {}, .workers = 1, .keeps_journal = true});
  state->SetReady();
  ZoneConfig zone{.name = "grey.test", .feeds = {}};
  zone.grey = GreyZoneConfig{.state = state, .rules = {.delay_seconds = 1}};
  const std::vector<ZoneConfig> zones = {zone};
  const auto serving = BuildServing({}, zones, {});
  ASSERT_TRUE(serving) << serving.error().message;
  const auto stats = std::make_unique<WorkerStats>();
  io::MemoryIo memory(test::Own(), stats.get());
  for (unsigned i = 0; i < 4096; ++i) {
    char name[128];
    std::snprintf(name, sizeof name, "%032x.%032x.%s%u.%u.0.10.grey.test", i, i * 7,
                  i % 5 == 0 ? "o-fd0123456789abcdef." : "", i % 250, i / 250 % 250);
    memory.Push(test::UdpFrame({}, {}, Question(name, i % 9 == 0 ? dns::kTxt : dns::kA)));
  }
  Responder responder(stats.get());
  uint32_t now = 1780000000;
  const Calls calls = CallsInBursts(memory, 400, [&](io::Burst& burst) {
    responder.set_time(++now);
    responder.Answer(burst, **serving);
    TripletRing& changes = *state->worker(0).changes;
    while (changes.Front() != nullptr) changes.Pop();
  });
  EXPECT_EQ(calls, (Calls{0, 0}));
  for (const GreyAnswer answer : {GreyAnswer::kDefer, GreyAnswer::kMatured, GreyAnswer::kKnown}) {
    EXPECT_GT(state->worker(0).answers[static_cast<size_t>(answer)].value(), 0u) << GreyAnswerName(answer);
  }
  EXPECT_GT(state->worker(0).looks.value(), 0u);
}

}  // namespace
}  // namespace rblitz
