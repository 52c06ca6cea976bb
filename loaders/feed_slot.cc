#include "loaders/feed_slot.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <new>
#include <utility>

namespace rblitz {

namespace {

using FeedDataPtr = std::shared_ptr<const FeedData>;

// How far apart two changes of a file must be to be sure to have different times. Linux stamps files with the time of
// the last clock tick, 10 ms at most; a time of whole seconds comes from a file system that knows no finer ones.
int64_t StampGranularity(int64_t changed_ns) noexcept {
  return changed_ns % kNanosecondsPerSecond == 0 ? 2 * kNanosecondsPerSecond : kNanosecondsPerSecond / 10;
}

int64_t RealTimeNs() noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * kNanosecondsPerSecond + now.tv_nsec;
}

bool IsSettled(const std::vector<FileIdentity>& files, int64_t read_at_ns) {
  return std::ranges::all_of(files, [read_at_ns](const FileIdentity& file) {
    return read_at_ns - file.changed_ns > StampGranularity(file.changed_ns);
  });
}

void AddFigures(const FeedData& data, FeedFigures* figures) {
  figures->addresses += data.ip4->addresses();
  figures->bytes += data.verdicts.bytes();
  if (data.heat != nullptr) {
    figures->entries += data.heat->active();
    figures->bytes += data.heat->bytes();
  }
  if (data.heat6 != nullptr) {
    figures->entries += data.heat6->count();
    figures->bytes += data.heat6->bytes();
  }
  const auto add = [figures](const auto& table) {
    if (table == nullptr) return;
    figures->entries += table->entries();
    figures->bytes += table->bytes();
  };
  add(data.ip4);
  add(data.ip6);
  add(data.acl);
  add(data.keys);
  add(data.names);
  add(data.hashes);
  if (data.generic != nullptr) figures->entries += data.generic->entries();
  for (const FeedPart& part : data.parts) AddFigures(*part.data, figures);
}

FeedFigures FiguresOf(const FeedData& data) {
  FeedFigures figures{.data_time = data.data_time};
  AddFigures(data, &figures);
  return figures;
}

bool IsUnchanged(const Slot& slot) {
  const FeedStatus& status = slot.status;
  return slot.data != nullptr && status.error.empty() && slot.settled &&
         IdentitiesOf(status.config.paths) == slot.files;
}

bool IsRefusedAlready(const Slot& slot) {
  return !slot.refused.empty() && slot.status.report.refused && IdentitiesOf(slot.status.config.paths) == slot.refused;
}

// What the standard library throws (memory that runs out) is one more way to fail.
template <class Load>
Result<FeedDataPtr> Caught(const FeedConfig& config, Load load) {
  try {
    return load();
  } catch (const std::bad_alloc&) {
    return Fail("feed " + config.name + ": not enough memory");
  } catch (const std::exception& error) {
    return Fail("feed " + config.name + ": " + error.what());
  }
}

// What a load must not fall far short of. Before the first load that is what the last good copy has.
uint64_t EntriesBefore(const Slot& slot, const LoadContext& context) {
  if (!slot.comparable) return 0;
  if (slot.data != nullptr) return slot.status.data->entries;
  if (context.copies == nullptr) return 0;
  const FeedConfig& config = slot.status.config;
  const Result<CopyInfo> copy = context.copies->Info(config.name, FeedCopies::Age::kCurrent);
  return copy && copy->format == config.format ? copy->entries : 0;
}

// The feed's files as data, if the guards let them pass.
Result<FeedDataPtr> LoadFiles(const Slot& slot, const FeedGuards& guards, const LoadContext& context,
                              LoadReport* report, FeedFiles* files) {
  const FeedConfig& config = slot.status.config;
  return Caught(config, [&]() -> Result<FeedDataPtr> {
    Result<FeedDataPtr> data = LoadFeed(config, slot.data.get(), report, files, context.watch);
    if (!data) return data;
    const FeedFigures figures = FiguresOf(**data);
    const Status passed = CheckGuards(
        guards, *report,
        {.entries_before = EntriesBefore(slot, context), .bytes = figures.bytes, .data_time = figures.data_time},
        context.now);
    if (passed) return data;
    report->refused = true;
    return tl::unexpected(passed.error());
  });
}

// A copy was let pass once; what is too old by now expires.
Result<FeedDataPtr> LoadCopy(const Slot& slot, FeedCopies::Age age, const LoadContext& context, LoadReport* report,
                             CopyInfo* info) {
  const FeedConfig& config = slot.status.config;
  return Caught(config, [&]() -> Result<FeedDataPtr> {
    Result<FeedCopy> copy = context.copies->Read(config.name, age);
    if (!copy) return tl::unexpected(copy.error());
    if (copy->info.format != config.format) {
      return Fail("the copy is in the format " + copy->info.format + ", not " + config.format);
    }
    *info = copy->info;
    return LoadSources(config, std::move(copy->sources), slot.data.get(), report, context.watch);
  });
}

void Take(Slot* slot, FeedDataPtr data, DataOrigin origin, int64_t now) {
  slot->data = std::move(data);
  slot->status.data = FiguresOf(*slot->data);
  slot->status.origin = origin;
  slot->status.loaded_at = now;
}

// For a feed without data. Its error stays: that is why there is a copy.
void TakeCopy(Slot* slot, DataOrigin origin, const LoadContext& context) {
  using Age = FeedCopies::Age;
  for (const Age age : {Age::kCurrent, Age::kPrevious}) {
    if (!context.copies->Has(slot->status.config.name, age)) continue;
    LoadReport report;
    CopyInfo info;
    if (Result<FeedDataPtr> data = LoadCopy(*slot, age, context, &report, &info)) {
      Take(slot, *std::move(data), origin, context.now);
      return;
    }
  }
}

FeedOutcome OutcomeOf(const Slot& slot, FeedState state) {
  return {.name = slot.status.config.name,
          .state = state,
          .report = slot.status.report,
          .error = slot.status.error,
          .data_time = slot.status.data ? slot.status.data->data_time : 0};
}

// Those that an operator may overrule who has looked at the list.
FeedGuards WithoutDoubts(FeedGuards guards) {
  guards.max_shrink.reset();
  guards.max_bad.reset();
  return guards;
}

FeedOutcome LoadFromFiles(Slot* slot, const FeedGuards& guards, const LoadContext& context) {
  FeedStatus& status = slot->status;
  const int64_t read_at_ns = RealTimeNs();
  auto files = std::make_shared<FeedFiles>();
  status.tried_at = context.now;
  Result<FeedDataPtr> data = LoadFiles(*slot, guards, context, &status.report, files.get());
  slot->refused.clear();
  if (data) {
    Take(slot, *std::move(data), DataOrigin::kFiles, context.now);
    ++status.loads;
    status.error.clear();
    slot->settled = IsSettled(files->identities, read_at_ns);
    slot->files = files->identities;
    slot->comparable = true;
    slot->to_be_kept = std::move(files);
    return OutcomeOf(*slot, FeedState::kLoaded);
  }
  status.error = data.error().message;
  const bool refused = status.report.refused;
  ++(refused ? status.refused_loads : status.failed_loads);
  if (refused && IsSettled(files->identities, read_at_ns)) slot->refused = files->identities;
  return OutcomeOf(*slot, refused ? FeedState::kRefused : FeedState::kFailed);
}

// The files are those that the operator went back from, before the process ended.
bool WereRolledBack(const Slot& slot, const std::vector<FileIdentity>& files, const FeedCopies& copies) {
  const std::string& feed = slot.status.config.name;
  const Result<CopyInfo> current = copies.Info(feed, FeedCopies::Age::kCurrent);
  const Result<CopyInfo> previous = copies.Info(feed, FeedCopies::Age::kPrevious);
  return current && previous && !IsCopyOf(*current, files) && IsCopyOf(*previous, files);
}

bool MayBeHalfWritten(const std::vector<FileIdentity>& files, int64_t settle_ns) {
  const int64_t now_ns = RealTimeNs();
  return std::ranges::any_of(files, [&](const FileIdentity& file) {
    return file.modified_ns <= now_ns && now_ns - file.modified_ns < settle_ns;
  });
}

// At the start: whether the last good copy is to be had rather than the files.
bool PrefersCopy(Slot* slot, const LoadContext& context) {
  if (slot->data != nullptr || !context.copies->Has(slot->status.config.name, FeedCopies::Age::kCurrent)) return false;
  const std::optional<std::vector<FileIdentity>> files = IdentitiesOf(slot->status.config.paths);
  if (!files) return false;
  slot->status.tried_at = context.now;
  if (WereRolledBack(*slot, *files, *context.copies)) {
    TakeCopy(slot, DataOrigin::kRolledBack, context);
    slot->files = *files;
    slot->settled = true;
  } else if (MayBeHalfWritten(*files, context.settle_ns)) {
    slot->status.error = "has just been written: the last good copy is served until it is known to be complete";
    TakeCopy(slot, DataOrigin::kCopy, context);
  }
  return slot->data != nullptr;
}

}  // namespace

FeedOutcome LoadSlot(Slot* slot, LoadReason reason, const LoadContext& context) {
  if (context.copies != nullptr && PrefersCopy(slot, context)) {
    const bool rolled_back = slot->status.origin == DataOrigin::kRolledBack;
    return OutcomeOf(*slot, rolled_back ? FeedState::kUnchanged : FeedState::kFailed);
  }
  if (reason != LoadReason::kForced && IsUnchanged(*slot)) return OutcomeOf(*slot, FeedState::kUnchanged);
  if (reason == LoadReason::kCheck && IsRefusedAlready(*slot)) return OutcomeOf(*slot, FeedState::kRefused);
  const FeedGuards& guards = slot->status.config.guards;
  FeedOutcome outcome = LoadFromFiles(slot, reason == LoadReason::kForced ? WithoutDoubts(guards) : guards, context);
  if (slot->data == nullptr && context.copies != nullptr && !context.watch.stop.stop_requested()) {
    TakeCopy(slot, DataOrigin::kCopy, context);
    outcome.data_time = slot->status.data ? slot->status.data->data_time : 0;
  }
  return outcome;
}

FeedOutcome TryFiles(const Slot& slot, const LoadContext& context) {
  FeedOutcome outcome{.name = slot.status.config.name};
  FeedFiles files;
  const Result<FeedDataPtr> data = LoadFiles(slot, slot.status.config.guards, context, &outcome.report, &files);
  outcome.state = data ? FeedState::kLoaded : outcome.report.refused ? FeedState::kRefused : FeedState::kFailed;
  if (data) outcome.data_time = (*data)->data_time;
  if (!data) outcome.error = data.error().message;
  return outcome;
}

FeedOutcome RollBackSlot(Slot* slot, const LoadContext& context) {
  FeedOutcome outcome{.name = slot->status.config.name};
  if (context.copies == nullptr || !context.copies->Has(outcome.name, FeedCopies::Age::kPrevious)) {
    outcome.error = "there is no copy before the one that is served";
    return outcome;
  }
  CopyInfo info;
  Result<FeedDataPtr> data = LoadCopy(*slot, FeedCopies::Age::kPrevious, context, &outcome.report, &info);
  if (!data) {
    outcome.error = data.error().message;
    return outcome;
  }
  Take(slot, *std::move(data), DataOrigin::kRolledBack, context.now);
  // Until the files are others than now, they are not loaded again.
  if (const auto files = IdentitiesOf(slot->status.config.paths)) {
    slot->files = *files;
    slot->settled = true;
    slot->status.error.clear();
    // Back where the files are: no longer a step back.
    if (IsCopyOf(info, *files)) slot->status.origin = DataOrigin::kFiles;
  }
  slot->status.report = outcome.report;
  outcome.state = FeedState::kLoaded;
  outcome.data_time = slot->status.data->data_time;
  return outcome;
}

}  // namespace rblitz
