#include "cli/blast/report.h"

#include <cstdarg>
#include <cstdio>
#include <utility>

#include "cli/blast/answer.h"

namespace rblitz::blast {

namespace {

constexpr std::pair<const char*, double> kPercentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}};

double Microseconds(uint64_t ns) { return static_cast<double>(ns) / 1e3; }

__attribute__((format(printf, 1, 2))) std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

Json LatencyJson(const Histogram& latency) {
  Json json;
  for (const auto& [name, share] : kPercentiles) json[name] = Microseconds(latency.Percentile(share));
  json["max"] = Microseconds(latency.max());
  return json;
}

std::string RcodesText(const Counts& counts) {
  std::string text;
  for (size_t rcode = 0; rcode < counts.rcodes.size(); ++rcode) {
    if (counts.rcodes[rcode] != 0)
      text += " " + RcodeText(static_cast<uint8_t>(rcode)) + " " + std::to_string(counts.rcodes[rcode]);
  }
  return text.empty() ? " none" : text;
}

}  // namespace

Json CountsJson(const Counts& counts) {
  Json json = {{"sent", counts.sent},
               {"answered", counts.answered},
               {"lost", counts.lost},
               {"late", counts.late},
               {"unsent", counts.unsent},
               {"wrong", counts.wrong},
               {"stray", counts.stray},
               {"refused", counts.refused},
               {"seconds", counts.seconds()},
               {"sent_per_second", counts.PerSecond(counts.sent)},
               {"answers_per_second", counts.PerSecond(counts.answered)}};
  json["rcodes"] = Json::object();
  for (size_t rcode = 0; rcode < counts.rcodes.size(); ++rcode) {
    if (counts.rcodes[rcode] != 0) json["rcodes"][RcodeText(static_cast<uint8_t>(rcode))] = counts.rcodes[rcode];
  }
  json["latency_us"] = LatencyJson(counts.latency);
  json["mistakes"] = counts.mistakes;
  return json;
}

std::string CountsText(const Counts& counts) {
  std::string text = Format("sent %lu answered %lu lost %lu (late %lu) wrong %lu\n", counts.sent, counts.answered,
                            counts.lost, counts.late, counts.wrong);
  text += Format("%.0f answers/s for %.2f s;", counts.PerSecond(counts.answered), counts.seconds());
  text += " rcodes" + RcodesText(counts) + "\n";
  text += Format("latency us p50 %.1f p90 %.1f p99 %.1f p99.9 %.1f max %.1f\n",
                 Microseconds(counts.latency.Percentile(0.5)), Microseconds(counts.latency.Percentile(0.9)),
                 Microseconds(counts.latency.Percentile(0.99)), Microseconds(counts.latency.Percentile(0.999)),
                 Microseconds(counts.latency.max()));
  if (counts.unsent != 0) text += Format("unsent %lu: the load was lower than was asked for\n", counts.unsent);
  if (counts.stray != 0) text += Format("stray %lu: answers to nothing that was asked\n", counts.stray);
  if (counts.refused != 0) text += Format("refused %lu: the network says that nobody is there\n", counts.refused);
  for (const std::string& mistake : counts.mistakes) text += "wrong: " + mistake + "\n";
  return text;
}

Json RampJson(const Ramp& ramp) {
  Json json = {{"highest_rate", ramp.found}, {"max_loss", ramp.most_loss}, {"steps", Json::array()}};
  for (const Step& step : ramp.steps) {
    Json attempt = {{"rate", step.rate}, {"holds", step.holds}, {"loss", step.counts.loss()}};
    attempt.update(CountsJson(step.counts));
    json["steps"].push_back(std::move(attempt));
  }
  return json;
}

std::string StepText(const Step& step) {
  return Format("%.0f/s %s: loss %.3f %% (lost %lu unsent %lu), p50 %.1f p99.9 %.1f us, wrong %lu\n", step.rate,
                step.holds ? "holds" : "does not hold", 100 * step.counts.loss(), step.counts.lost, step.counts.unsent,
                Microseconds(step.counts.latency.Percentile(0.5)), Microseconds(step.counts.latency.Percentile(0.999)),
                step.counts.wrong);
}

std::string RampText(const Ramp& ramp) {
  if (ramp.found == 0) return Format("no rate holds at %.3f %% loss, not even the least one\n", 100 * ramp.most_loss);
  return Format("highest rate %.0f/s at %.3f %% loss\n", ramp.found, 100 * ramp.most_loss);
}

}  // namespace rblitz::blast
