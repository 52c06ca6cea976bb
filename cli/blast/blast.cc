#include "cli/blast/blast.h"

#include <functional>
#include <memory>
#include <ostream>

#include "cli/blast/dpdk_runner.h"
#include "cli/blast/reference.h"
#include "cli/blast/report.h"
#include "cli/blast/socket_runner.h"

namespace rblitz::blast {

namespace {

using Runner = std::function<Result<Counts>(const Load&)>;

Result<QuestionSet> MakeQuestions(const Settings& settings) {
  QuestionSet set(settings.edns);
  if (!settings.questions.empty()) {
    if (Status read = ReadQuestions(settings.questions, set); !read) return tl::unexpected(read.error());
    return set;
  }
  Listed listed;
  if (!settings.list.empty()) {
    Result<Listed> read = ReadListed(settings.list);
    if (!read) return tl::unexpected(read.error());
    listed = *std::move(read);
  }
  MixMaker(settings.mixes, std::move(listed), settings.listed_share, settings.load.seed).Fill(settings.number, set);
  return set;
}

Result<std::optional<Oracle>> MakeOracle(const Settings& settings, const QuestionSet& set) {
  if (settings.expected.empty() && !settings.reference) return std::optional<Oracle>();
  auto oracle = settings.reference ? AskReference(*settings.reference, set, settings.load.timeout)
                                   : ReadOracle(settings.expected, set);
  if (!oracle) return tl::unexpected(oracle.error());
  return std::optional<Oracle>(*std::move(oracle));
}

Result<bool> RunOnce(const Settings& settings, const Runner& run, std::ostream& out) {
  const Result<Counts> counts = run(settings.load);
  if (!counts) return tl::unexpected(counts.error());
  out << (settings.json ? DumpJson(CountsJson(*counts), 2) + "\n" : CountsText(*counts));
  return counts->wrong == 0 && counts->answered > 0;
}

Result<bool> RunRamp(const Settings& settings, const Runner& run, const std::atomic<bool>& stop, std::ostream& out) {
  RateSearch search(settings.rates);
  Ramp ramp = {.found = 0, .most_loss = settings.most_loss, .steps = {}};
  uint64_t wrong = 0;
  Load load = settings.load;
  load.duration = settings.step;
  while (search.next() && !stop.load(std::memory_order_relaxed)) {
    const double rate = *search.next();
    load.millirate = static_cast<uint64_t>(rate * 1000);
    Result<Counts> counts = run(load);
    if (!counts) return tl::unexpected(counts.error());
    const bool holds = counts->answered > 0 && counts->loss() <= settings.most_loss;
    wrong += counts->wrong;
    load.first += counts->sent;
    ++load.seed;
    ramp.steps.push_back({.rate = rate, .holds = holds, .counts = *std::move(counts)});
    if (!settings.json) out << StepText(ramp.steps.back()) << std::flush;
    search.Report(holds);
  }
  ramp.found = search.found();
  out << (settings.json ? DumpJson(RampJson(ramp), 2) + "\n" : RampText(ramp));
  return wrong == 0 && ramp.found > 0;
}

}  // namespace

Result<bool> RunBlast(const Settings& settings, const std::atomic<bool>& stop, std::ostream& out) {
  const Result<QuestionSet> set = MakeQuestions(settings);
  if (!set) return tl::unexpected(set.error());
  const auto oracle = MakeOracle(settings, *set);
  if (!oracle) return tl::unexpected(oracle.error());
  const Oracle* const judge = *oracle ? &**oracle : nullptr;
  std::unique_ptr<DpdkRunner> dpdk;
  if (settings.dpdk) {
    auto opened = DpdkRunner::Open(settings);
    if (!opened) return tl::unexpected(opened.error());
    dpdk = *std::move(opened);
  }
  const Runner run = [&](const Load& load) {
    return dpdk ? dpdk->Run(load, *set, judge, stop) : RunOnSockets(settings, load, *set, judge, stop);
  };
  return settings.ramp ? RunRamp(settings, run, stop, out) : RunOnce(settings, run, out);
}

}  // namespace rblitz::blast
