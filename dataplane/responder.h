// The life of a burst: parse all questions, find their zones, look all addresses up, write all answers over the
// questions.
//
// Thread-safety: one Responder a worker. Lifetime: `serving` must stay valid during Answer.
// Errors: none; a message that gets no answer has its size set to 0 and its reason counted.
// Cost: no allocation, no lock, no system call, no clock: who has greylists says what time it is. docs/performance.md
// has nanoseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/dns/query.h"
#include "dataplane/io/packet_io.h"
#include "dataplane/stats.h"
#include "dataplane/zone.h"

namespace rblitz {

class AnswerWriter;
enum class GreyAnswer : uint8_t;
struct Asked;
struct Flags;
struct GreyDecision;
struct HeatAsked;
struct Ip4Cursor;
struct NameQuestion;
struct ReadyAnswer;
struct ZoneTable;

class Responder {
 public:
  // `worker`: its index among the workers that greylists know.
  explicit Responder(WorkerStats* stats, size_t worker = 0);
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  // Seconds since 1970. REQUIRES: called before each Answer with serving.has_greylists.
  void set_time(uint32_t now) noexcept { now_ = now; }

  // Turns every question of the burst into its answer, in place.
  void Answer(io::Burst& burst, const Serving& serving) noexcept;

 private:
  struct Scratch;

  void AnswerEach(io::Burst& burst, const Serving& serving) noexcept;
  void Sample(const io::Burst& burst) noexcept;

  // The stages (responder.cc).
  struct CommonQuestion;
  template <class Find>
  [[nodiscard]] static CommonQuestion ReadCommon(const io::Message& message, size_t labels, Find&& find) noexcept;
  [[nodiscard]] static CommonQuestion ReadCommon(const io::Message& message, size_t labels,
                                                 const ZoneSet& zones) noexcept;
  // `which`: bit i is message i.
  void Parse(io::Burst& burst, const Serving& serving, uint64_t which) noexcept;
  void SortByZone() noexcept;
  void LookUp() noexcept;
  void Join(const ZoneTable& table, const uint32_t* values, size_t begin, size_t count) noexcept;
  void Except(const uint32_t* values, size_t begin, size_t count) noexcept;
  void WriteGroup(io::Burst& burst, size_t group) noexcept;
  void WriteHeatGroup(io::Burst& burst, size_t group) noexcept;
  template <class WriteListed>
  void WriteKinds(io::Burst& burst, const Zone::Rep& zone, WriteListed&& write_listed) noexcept;
  void CountReady(const Zone::Rep& zone, uint64_t listed, uint64_t unlisted) noexcept;
  uint64_t CountAboveIp6(const Zone::Rep& zone) noexcept;
  void Compose(io::Burst& burst, size_t i, const Zone::Rep& zone) noexcept;

  // Where a burst has many zones, answers those that need nothing but one table and a ready answer, and takes them off
  // the others (responder_mixed.cc).
  void AnswerMixed(io::Burst& burst) noexcept;
  [[nodiscard]] size_t PutMixedFirst() noexcept;
  template <bool kEdns>
  void WriteMixed(io::Burst& burst) noexcept;

  // The same for a burst of questions that differ in their addresses alone (responder_alike.cc); false: they differ in
  // more, and nothing has been done.
  [[nodiscard]] bool AnswerAlike(io::Burst& burst, const Serving& serving) noexcept;
  [[nodiscard]] bool AnswerAlikeHeat(io::Burst& burst, const Zone::Rep& zone, bool has_opt) noexcept;
  [[nodiscard]] bool AnswerAlikeTables(io::Burst& burst, const Zone::Rep& zone, bool has_opt) noexcept;
  template <bool kEdns>
  void FindAndWriteAlike(io::Burst& burst, const Zone::Rep& zone, const Ip4Cursor& cursor) noexcept;
  template <bool kEdns>
  void WriteAlike(io::Burst& burst, const Zone::Rep& zone, uint64_t which, Flags flags) noexcept;
  template <bool kEdns>
  void WriteAlikeTables(io::Burst& burst, const Zone::Rep& zone, uint64_t once, uint64_t misses) noexcept;
  template <bool kEdns>
  void WriteAlikeHeat(io::Burst& burst, const Zone::Rep& zone) noexcept;
  template <bool kEdns>
  void WriteMisses(io::Burst& burst, const Zone::Rep& zone, uint64_t misses, Flags flags) noexcept;
  template <bool kEdns, class WriteHit>
  void WriteSorted(io::Burst& burst, const Zone::Rep& zone, uint64_t which, uint64_t hits, Flags flags,
                   WriteHit&& write_hit) noexcept;

  // Everything that is not common (responder_any.cc): answered at once, but for addresses, which join the others, and
  // names, which are looked up together.
  void ParseAny(io::Burst& burst, size_t index, const Serving& serving) noexcept;
  void AnswerUnreadable(io::Message& message, const dns::Query& query) noexcept;
  void AnswerChaos(io::Message& message, const dns::Query& query, const Identity& identity) noexcept;
  void AnswerInZone(io::Burst& burst, size_t index, const dns::Query& query, const Serving& serving,
                    const Zone::Rep& zone, size_t below) noexcept;
  // The same for a question whose label number `key` is a key that its zone knows.
  void AnswerKeyed(io::Message& message, size_t index, const dns::Query& query, const ZoneSet& zones,
                   size_t key) noexcept;
  // And for one that asks the zone for its first `below` labels.
  void AnswerBelow(size_t index, const Zone::Rep& zone, size_t below, size_t apex_at) noexcept;
  void AnswerNames(io::Burst& burst) noexcept;
  void AnswerName(io::Message& message, const NameQuestion& question, size_t match) noexcept;
  // Questions of greylists, which are decided together (responder_grey.cc). ReadGrey takes those that mail servers ask
  // all day, and tells which those are; AskGrey takes any.
  [[nodiscard]] uint64_t ReadGrey(const io::Burst& burst, const Serving& serving) noexcept;
  void AskGrey(io::Message& message, size_t index, const dns::Query& query, const Zone::Rep& zone, size_t below,
               size_t apex_at) noexcept;
  void AnswerGrey(io::Burst& burst) noexcept;
  void AnswerGreyQuery(io::Message& message, const dns::Query& query, const GreyDecision& decision,
                       GreyAnswer answer) noexcept;
  // Those of zones of heat that are not for IPv4 addresses, and answers that are composed (responder_heat.cc).
  void AskHeat(io::Message& message, size_t index, const dns::Query& query, const Zone::Rep& zone, size_t below,
               size_t apex_at) noexcept;
  void AnswerHeat(io::Burst& burst) noexcept;
  template <class Address>
  void AnswerHeatQuery(io::Message& message, const dns::Query& query, const Zone::Rep& zone, size_t apex_at,
                       const Address& address, HeatHit hit) noexcept;
  void AnswerApex(AnswerWriter& writer, const dns::Query& query, const Zone::Rep& zone) noexcept;
  void AnswerAddress(io::Message& message, const dns::Query& query, const Zone::Rep& zone, size_t apex_at,
                     uint32_t address) noexcept;
  void AnswerExisting(AnswerWriter& writer, const dns::Query& query, const Zone::Rep& zone) noexcept;
  void Drop(io::Message& message, DropReason reason) noexcept;
  void Finish(AnswerWriter& writer, dns::Rcode rcode, bool authoritative) noexcept;
  void Count(const Zone::Rep& zone, Outcome outcome) noexcept;

  WorkerStats* stats_;
  const size_t worker_;
  uint32_t now_ = 0;
  uint32_t sample_ = 0;  // where in a burst its sample is, in 2^32nds of it
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace rblitz
