#include "loaders/reloader.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <exception>
#include <mutex>
#include <stop_token>
#include <utility>

#include "loaders/copy_writer.h"
#include "loaders/feed_slot.h"
#include "loaders/work_thread.h"

namespace rblitz {

namespace {

// Without it publishing does with less.
std::shared_ptr<const void> TryPrepare(const Publisher& publisher, const Snapshot& snapshot) {
  if (!publisher.prepare) return nullptr;
  try {
    return publisher.prepare(snapshot);
  } catch (const std::exception&) {
    return nullptr;
  }
}

// Building and publishing zones, with what the standard library throws (memory that runs out) as one more way to fail:
// what was served before stays.
Status TryPublish(const Publisher& publisher, const std::shared_ptr<const Snapshot>& snapshot) {
  try {
    return publisher.publish(snapshot);
  } catch (const std::exception& error) {
    return Fail(std::string("publishing: ") + error.what());
  }
}

Slot* FindSlot(std::vector<Slot>* slots, const std::string& feed) {
  const auto found = std::ranges::find(*slots, feed, [](const Slot& slot) { return slot.status.config.name; });
  return found == slots->end() ? nullptr : &*found;
}

// What may be served of these at `now`.
std::shared_ptr<const Snapshot> MakeSnapshot(std::vector<Slot>* slots, int64_t now) {
  auto snapshot = std::make_shared<Snapshot>();
  for (Slot& slot : *slots) {
    slot.status.expired = slot.data != nullptr && slot.data->expires != 0 && slot.data->expires <= now;
    snapshot->feeds.push_back(slot.status.expired ? nullptr : slot.data);
  }
  return snapshot;
}

}  // namespace

class Reloader::Thread {
 public:
  explicit Thread(ReloaderOptions options)
      : options_(std::move(options)),
        copies_(options_.copies == nullptr ? nullptr : std::make_unique<CopyWriter>(options_.copies)),
        loading_({.name = "rblitz-load",
                  .idle_priority = options_.idle_priority,
                  .spare_time = !options_.idle_priority,
                  .idle_work = {}}),
        thread_({.name = "rblitz-reload", .idle_work = [this] { WithdrawExpired(); }, .tick = options_.tick}) {}

  // Runs `work` on the thread and returns what it returns.
  template <class Work>
  auto Ask(Work work) {
    return thread_.Ask(std::move(work));
  }

  Result<std::vector<FeedOutcome>> SetFeeds(std::vector<FeedConfig> feeds, Publisher publish);
  Result<std::vector<FeedOutcome>> Reload(std::span<const std::string> names, LoadReason reason);
  Result<FeedOutcome> Diff(const std::string& name);
  Result<FeedOutcome> RollBack(const std::string& name);
  void FlushCopies() {
    if (copies_ != nullptr) copies_->Flush();
  }
  void Cancel() { cancel_.request_stop(); }
  std::vector<FeedStatus> Feeds() const;
  LoadProgress Progress() const;

 private:
  Status Load(std::vector<Slot>* slots, std::span<const std::string> names, LoadReason reason,
              std::vector<FeedOutcome>* outcomes);
  LoadContext Context();
  void BeginReading(const std::string& feed);
  void KeepCopies(std::vector<Slot>* slots);
  void WithdrawExpired();
  enum class Prepares : uint8_t { kBefore, kNot };
  Status Serve(std::vector<Slot> slots, const Publisher& publish, bool even_if_same, Prepares when = Prepares::kBefore);
  Slot SlotFor(FeedConfig config) const;
  int64_t Now() const { return options_.now ? options_.now() : std::time(nullptr); }

  const ReloaderOptions options_;
  std::stop_source cancel_;

  mutable std::mutex mutex_;
  std::vector<Slot> slots_;               // written by the thread alone, under mutex_
  std::string reading_;                   // the feed; guarded by mutex_
  std::atomic<uint64_t> lines_read_ = 0;  // of it

  Publisher publish_;  // these belong to the thread
  std::shared_ptr<const Snapshot> served_;
  std::shared_ptr<const void> prepared_;  // for that
  std::unique_ptr<CopyWriter> copies_;

  // What takes time is done here, and left to the cores that workers leave. Publishing is not: it holds a lock that
  // overrides wait for, and whoever has next to no time of a core would hold it long.
  WorkThread loading_;
  WorkThread thread_;  // last: it uses all of the above
};

LoadContext Reloader::Thread::Context() {
  const bool first = served_ == nullptr;
  return {.now = Now(),
          .copies = options_.copies,
          .settle_ns = first ? std::chrono::nanoseconds(options_.settle).count() : 0,
          .watch = {.stop = cancel_.get_token(), .lines_read = &lines_read_}};
}

void Reloader::Thread::BeginReading(const std::string& feed) {
  const std::lock_guard lock(mutex_);
  reading_ = feed;
  lines_read_ = 0;
}

Result<std::vector<FeedOutcome>> Reloader::Thread::SetFeeds(std::vector<FeedConfig> feeds, Publisher publish) {
  std::vector<Slot> slots;
  slots.reserve(feeds.size());
  for (FeedConfig& config : feeds) slots.push_back(SlotFor(std::move(config)));
  std::vector<FeedOutcome> outcomes;
  if (const Status loaded = Load(&slots, {}, LoadReason::kAsked, &outcomes); !loaded) {
    return tl::unexpected(loaded.error());
  }
  if (const Status served = Serve(std::move(slots), publish, true); !served) return tl::unexpected(served.error());
  publish_ = std::move(publish);
  return outcomes;
}

Result<std::vector<FeedOutcome>> Reloader::Thread::Reload(std::span<const std::string> names, LoadReason reason) {
  std::vector<Slot> slots = slots_;
  for (const std::string& name : names) {
    if (FindSlot(&slots, name) == nullptr) return Fail("no feed is named '" + name + "'");
  }
  std::vector<FeedOutcome> outcomes;
  if (const Status loaded = Load(&slots, names, reason, &outcomes); !loaded) return tl::unexpected(loaded.error());
  if (const Status served = Serve(std::move(slots), publish_, false); !served) return tl::unexpected(served.error());
  return outcomes;
}

// Those named, or all when none is. Fails only when it is cancelled.
Status Reloader::Thread::Load(std::vector<Slot>* slots, std::span<const std::string> names, LoadReason reason,
                              std::vector<FeedOutcome>* outcomes) {
  const CopyWriter::Pause pause(copies_.get());
  for (Slot& slot : *slots) {
    const std::string& name = slot.status.config.name;
    if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
    BeginReading(name);
    outcomes->push_back(loading_.Ask([&] { return LoadSlot(&slot, reason, Context()); }));
    BeginReading("");
    if (cancel_.stop_requested()) return Fail("loading was stopped");
  }
  return {};
}

Result<FeedOutcome> Reloader::Thread::Diff(const std::string& name) {
  const Slot* slot = FindSlot(&slots_, name);
  if (slot == nullptr) return Fail("no feed is named '" + name + "'");
  const CopyWriter::Pause pause(copies_.get());
  BeginReading(name);
  FeedOutcome outcome = loading_.Ask([&] { return TryFiles(*slot, Context()); });
  BeginReading("");
  return outcome;
}

Result<FeedOutcome> Reloader::Thread::RollBack(const std::string& name) {
  std::vector<Slot> slots = slots_;
  Slot* slot = FindSlot(&slots, name);
  if (slot == nullptr) return Fail("no feed is named '" + name + "'");
  FlushCopies();
  FeedOutcome outcome = loading_.Ask([&] { return RollBackSlot(slot, Context()); });
  if (outcome.state != FeedState::kLoaded) return outcome;
  if (const Status served = Serve(std::move(slots), publish_, false); !served) return tl::unexpected(served.error());
  if (const Status swapped = options_.copies->Swap(name); !swapped) return tl::unexpected(swapped.error());
  return outcome;
}

// What is served now is what a later start must be able to serve.
void Reloader::Thread::KeepCopies(std::vector<Slot>* slots) {
  for (Slot& slot : *slots) {
    const std::shared_ptr<FeedFiles> files = std::exchange(slot.to_be_kept, nullptr);
    if (files == nullptr || copies_ == nullptr) continue;
    const FeedStatus& status = slot.status;
    CopyInfo info{.format = status.config.format,
                  .entries = status.data->entries,
                  .paths = files->paths,
                  .identities = files->identities};
    copies_->Keep(status.config.name, std::move(info), files);
  }
}

// A feed that was there before goes on with its data until it is loaded anew, even if its configuration is another one
// now.
Slot Reloader::Thread::SlotFor(FeedConfig config) const {
  Slot slot;
  for (const Slot& old : slots_) {
    if (old.status.config.name != config.name) continue;
    slot = old;
    if (old.status.config != config) slot.settled = false;
    slot.comparable =
        slot.comparable && old.status.config.paths == config.paths && old.status.config.format == config.format;
  }
  slot.status.config = std::move(config);
  return slot;
}

// Expiry is the one change that nobody asks for: what fails, or runs out of memory, is tried again at the next tick. It
// waits for nothing: what is left is prepared afterwards.
void Reloader::Thread::WithdrawExpired() {
  try {
    const std::shared_ptr<const Snapshot> before = served_;
    std::ignore = Serve(slots_, publish_, false, Prepares::kNot);
    if (publish_.prepare && served_ != before) std::ignore = Serve(slots_, publish_, true);
  } catch (const std::exception&) {
    return;
  }
}

Status Reloader::Thread::Serve(std::vector<Slot> slots, const Publisher& publish, bool even_if_same, Prepares when) {
  std::shared_ptr<const Snapshot> snapshot = MakeSnapshot(&slots, Now());
  std::shared_ptr<const Snapshot> replaced;
  std::shared_ptr<const void> prepared;
  if (even_if_same || (served_ != nullptr && snapshot->feeds != served_->feeds)) {
    if (when == Prepares::kBefore) prepared = loading_.Ask([&] { return TryPrepare(publish, *snapshot); });
    if (cancel_.stop_requested()) return Fail("loading was stopped");
    if (Status published = TryPublish(publish, snapshot); !published) return published;
    replaced = std::exchange(served_, std::move(snapshot));
    prepared_.swap(prepared);
  }
  KeepCopies(&slots);
  {
    const std::lock_guard lock(mutex_);
    slots_.swap(slots);
  }
  // Large tables take time to be freed.
  loading_.Ask([&] {
    replaced.reset();
    prepared.reset();
    slots.clear();
  });
  return {};
}

std::vector<FeedStatus> Reloader::Thread::Feeds() const {
  const std::lock_guard lock(mutex_);
  std::vector<FeedStatus> feeds;
  for (const Slot& slot : slots_) {
    feeds.push_back(slot.status);
    feeds.back().files = slot.files;
    if (copies_ == nullptr) continue;
    feeds.back().copy_pending = copies_->pending(slot.status.config.name);
    feeds.back().copy_error = copies_->error(slot.status.config.name);
  }
  return feeds;
}

LoadProgress Reloader::Thread::Progress() const {
  const std::lock_guard lock(mutex_);
  return {.feed = reading_, .lines = lines_read_};
}

Reloader::Reloader(ReloaderOptions options) : thread_(std::make_unique<Thread>(std::move(options))) {}

Reloader::~Reloader() = default;

Result<std::vector<FeedOutcome>> Reloader::SetFeeds(std::vector<FeedConfig> feeds, Publisher publish) {
  return thread_->Ask([&] { return thread_->SetFeeds(std::move(feeds), std::move(publish)); });
}

Result<std::vector<FeedOutcome>> Reloader::Reload(std::span<const std::string> names, bool force) {
  return thread_->Ask([&] { return thread_->Reload(names, force ? LoadReason::kForced : LoadReason::kAsked); });
}

Result<std::vector<FeedOutcome>> Reloader::Check(std::span<const std::string> names) {
  return thread_->Ask([&] { return thread_->Reload(names, LoadReason::kCheck); });
}

Result<FeedOutcome> Reloader::Diff(const std::string& name) {
  return thread_->Ask([&] { return thread_->Diff(name); });
}

Result<FeedOutcome> Reloader::RollBack(const std::string& name) {
  return thread_->Ask([&] { return thread_->RollBack(name); });
}

void Reloader::FlushCopies() { thread_->FlushCopies(); }

void Reloader::Cancel() { thread_->Cancel(); }

std::vector<FeedStatus> Reloader::Feeds() const { return thread_->Feeds(); }

LoadProgress Reloader::Progress() const { return thread_->Progress(); }

}  // namespace rblitz
