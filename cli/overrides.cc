#include "cli/overrides.h"

#include <algorithm>
#include <exception>
#include <tuple>
#include <utility>

#include "cli/config_values.h"
#include "cli/log.h"

namespace rblitz {

namespace {

bool IsOver(const Override& override, int64_t now) { return override.until != 0 && override.until <= now; }

std::string ZoneText(const Override& override) { return override.zone.empty() ? "*" : override.zone; }

}  // namespace

Overrides::Overrides(Result<OverrideStore> store, ZonePublisher* publisher)
    : store_(std::move(store)), publisher_(publisher) {}

Status Overrides::Start(int64_t now) {
  if (!store_) {
    LogLine("overrides_unusable").Add("error", store_.error().message);
    return {};
  }
  for (const std::string& problem : store_->problems()) LogLine("overrides_broken").Add("error", problem);
  std::vector<Override> served = store_->all();
  std::erase_if(served, [now](const Override& override) { return IsOver(override, now); });
  return Serve(std::move(served));
}

Result<Json> Overrides::Answer(const ControlRequest& request, const std::string& user, int64_t now,
                               const std::function<bool(const std::string&)>& is_zone) {
  const std::string& action = request.action;
  std::optional<OverrideSubject> subject;
  if (action != "show" || !request.what.empty()) {
    Result<OverrideSubject> parsed = ParseOverrideSubject(request.what);
    if (!parsed) return Fail("list " + action + ": " + parsed.error().message);
    subject = *std::move(parsed);
  }
  if (action == "show") return Show(request, subject);
  if (!store_) return Fail("list " + action + ": overrides cannot be kept: " + store_.error().message);
  if (action == "forget") return Forget(request, *subject);
  if (action != "add" && action != "remove") return Fail("list: there is no action '" + action + "'");
  if (!request.zone.empty() && !is_zone(request.zone)) {
    return Fail("list " + action + ": zone '" + request.zone + "' is not served here");
  }
  return Set(request, *std::move(subject), user, now);
}

Result<Json> Overrides::Set(const ControlRequest& request, OverrideSubject subject, const std::string& user,
                            int64_t now) {
  Json given = {{"kind", request.action}, {"what", subject.text}, {"why", request.why}, {"by", user},
                {"since", now},           {"zone", request.zone}};
  if (!request.a.empty()) given["a"] = request.a;
  Result<Override> override = OverrideFromJson(given);
  if (!override) return Fail("list " + request.action + ": " + override.error().message);
  if (override->kind == OverrideKind::kRemove && IsTestPoint(override->subject)) {
    return Fail("list remove: '" + override->subject.text +
                "' is a test point (RFC 5782 section 5), which no override takes away");
  }
  if (!request.lasting.empty()) {
    const Result<uint32_t> seconds = ParseSeconds(request.lasting);
    if (!seconds) return Fail("list " + request.action + ": --for: " + seconds.error().message);
    if (*seconds == 0) return Fail("list " + request.action + ": --for 0 is no time: list forget ends an override");
    override->until = now + *seconds;
  }
  std::vector<Override> next = overrides_;
  const auto erased = std::erase_if(next, [&](const Override& other) { return SamePlace(other, *override); });
  next.push_back(*override);
  if (Status changed = Change(next); !changed) return Fail("list " + request.action + ": " + changed.error().message);
  LogLine("override")
      .Add("kind", request.action)
      .Add("what", override->subject.text)
      .Add("zone", ZoneText(*override))
      .Add("by", user)
      .Add("until", static_cast<uint64_t>(override->until))
      .Add("why", override->why);
  Json answer = {{"override", OverrideJson(*override)}, {"replaced", erased > 0}};
  answer["zones"] = publisher_->ZonesOf(*override);
  return answer;
}

Result<Json> Overrides::Forget(const ControlRequest& request, const OverrideSubject& subject) {
  std::vector<Override> next = overrides_;
  const auto is_it = [&](const Override& other) {
    return other.subject.text == subject.text && other.zone == request.zone;
  };
  const auto found = std::ranges::find_if(next, is_it);
  if (found == next.end()) {
    const std::string where = request.zone.empty() ? "every zone" : "zone " + request.zone;
    return Fail("list forget: there is no override of '" + subject.text + "' for " + where);
  }
  const Override forgotten = *found;
  next.erase(found);
  if (Status changed = Change(next); !changed) return Fail("list forget: " + changed.error().message);
  LogLine("override_forgotten").Add("what", subject.text).Add("zone", ZoneText(forgotten));
  return Json{{"forgotten", OverrideJson(forgotten)}};
}

Json Overrides::Show(const ControlRequest& request, const std::optional<OverrideSubject>& subject) const {
  Json answer = Summary();
  answer["overrides"] = Json::array();
  for (const Override& override : overrides_) {
    if (subject && override.subject.text != subject->text) continue;
    if (!request.zone.empty() && !override.zone.empty() && override.zone != request.zone) continue;
    answer["overrides"].push_back(OverrideJson(override));
  }
  return answer;
}

Json Overrides::Summary() const {
  if (!store_) return {{"count", 0}, {"problems", Json::array({store_.error().message})}};
  return {{"count", overrides_.size()}, {"problems", store_->problems()}};
}

Status Overrides::Change(const std::vector<Override>& next) {
  if (Status kept = store_->Replace(next); !kept) return kept;
  if (!store_->unsynced().empty()) LogLine("overrides_unsynced").Add("error", store_->unsynced());
  if (Status served = Serve(next); !served) {
    // What is kept must not say other than what is served. If even this fails, the next start serves what is kept.
    std::ignore = store_->Replace(overrides_);
    return served;
  }
  return {};
}

// With what the standard library throws (memory that runs out) as one more way to fail.
Status Overrides::Serve(std::vector<Override> next) {
  try {
    if (Status served = publisher_->SetOverrides(next); !served) return served;
  } catch (const std::exception& error) {
    return Fail(error.what());
  }
  overrides_ = std::move(next);
  return {};
}

void Overrides::Expire(int64_t now) {
  std::vector<Override> next = overrides_;
  std::erase_if(next, [now](const Override& override) { return IsOver(override, now); });
  if (next.size() == overrides_.size()) return;
  const std::vector<Override> before = overrides_;
  Status done = Serve(std::move(next));
  if (done) {
    for (const Override& override : before) {
      if (IsOver(override, now))
        LogLine("override_over").Add("what", override.subject.text).Add("zone", ZoneText(override));
    }
    // A state that cannot be written holds up nothing: the next start leaves out what is over.
    done = store_->Replace(overrides_);
  }
  const std::string error = done ? "" : done.error().message;
  if (!done && error != expiry_error_) LogLine("override_error").Add("error", error);
  expiry_error_ = error;
}

}  // namespace rblitz
