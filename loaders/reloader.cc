#include "loaders/reloader.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "loaders/file_identity.h"

namespace rblitz {

namespace {

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

struct Slot {
  FeedStatus status;
  std::shared_ptr<const FeedData> data;  // that status.data tells of
  std::vector<FileIdentity> files;       // that the data came from
  bool settled = false;                  // they were old enough for their identity to prove that they are unchanged
};

bool IsSettled(const std::vector<FileIdentity>& files, int64_t read_at_ns) {
  return std::ranges::all_of(files, [read_at_ns](const FileIdentity& file) {
    return read_at_ns - file.changed_ns > StampGranularity(file.changed_ns);
  });
}

FeedFigures FiguresOf(const FeedData& data) {
  return {.entries = data.ip4->entries(),
          .addresses = data.ip4->addresses(),
          .bytes = data.ip4->bytes() + data.verdicts.bytes(),
          .data_time = data.data_time};
}

bool IsUnchanged(const Slot& slot) {
  const FeedStatus& status = slot.status;
  return slot.data != nullptr && status.error.empty() && slot.settled &&
         IdentitiesOf(status.config.paths) == slot.files;
}

// LoadFeed, with what the standard library throws (memory that runs out) as one more way to fail.
Result<std::shared_ptr<const FeedData>> TryLoad(Slot* slot, FeedFiles* files, const std::stop_token& stop) {
  const FeedConfig& config = slot->status.config;
  try {
    return LoadFeed(config, slot->data.get(), &slot->status.report, files, {.stop = stop});
  } catch (const std::exception& error) {
    return Fail("feed " + config.name + ": " + error.what());
  }
}

// The same for building and publishing zones: what was served before stays.
Status TryPublish(const Publisher& publish, const std::shared_ptr<const Snapshot>& snapshot) {
  try {
    return publish(snapshot);
  } catch (const std::exception& error) {
    return Fail(std::string("publishing: ") + error.what());
  }
}

FeedOutcome LoadSlot(Slot* slot, bool force, int64_t now, const std::stop_token& stop) {
  FeedStatus& status = slot->status;
  FeedOutcome outcome{.name = status.config.name};
  if (!force && IsUnchanged(*slot)) {
    outcome.state = FeedState::kUnchanged;
  } else {
    const int64_t read_at_ns = RealTimeNs();
    FeedFiles files;
    status.tried_at = now;
    if (Result<std::shared_ptr<const FeedData>> data = TryLoad(slot, &files, stop)) {
      slot->data = std::move(*data);
      status.data = FiguresOf(*slot->data);
      status.loaded_at = now;
      status.error.clear();
      slot->settled = IsSettled(files.identities, read_at_ns);
      slot->files = std::move(files.identities);
      outcome.state = FeedState::kLoaded;
    } else {
      status.error = data.error().message;
    }
  }
  outcome.report = status.report;
  outcome.error = status.error;
  outcome.data_time = status.data ? status.data->data_time : 0;
  return outcome;
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
  explicit Thread(ReloaderOptions options) : options_(std::move(options)), thread_([this] { Run(); }) {}

  ~Thread() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  // Runs `work` on the thread and returns what it returns.
  template <class Work>
  auto Ask(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto answer = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      jobs_.emplace_back([&task] { task(); });
    }
    wake_.notify_one();
    return answer.get();
  }

  Result<std::vector<FeedOutcome>> SetFeeds(std::vector<FeedConfig> feeds, Publisher publish);
  Result<std::vector<FeedOutcome>> Reload(std::span<const std::string> names, bool force);
  void Cancel() { cancel_.request_stop(); }
  std::vector<FeedStatus> Feeds() const;

 private:
  void Run();
  Status Load(std::vector<Slot>* slots, std::span<const std::string> names, bool force,
              std::vector<FeedOutcome>* outcomes) const;
  void WithdrawExpired();
  Status Serve(std::vector<Slot> slots, const Publisher& publish, bool even_if_same);
  Slot SlotFor(FeedConfig config) const;
  int64_t Now() const { return options_.now ? options_.now() : std::time(nullptr); }

  const ReloaderOptions options_;
  std::stop_source cancel_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;  // guarded by mutex_
  bool stopping_ = false;                   // guarded by mutex_
  std::vector<Slot> slots_;                 // written by the thread alone, under mutex_

  Publisher publish_;  // these belong to the thread
  std::shared_ptr<const Snapshot> served_;

  std::thread thread_;  // last: it uses all of the above
};

void Reloader::Thread::Run() {
  pthread_setname_np(pthread_self(), "rblitz-reload");
  if (options_.idle_priority) {
    const sched_param none{};
    pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
  }
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, options_.tick, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty() && stopping_) return;
    std::function<void()> job = [this] { WithdrawExpired(); };
    if (!jobs_.empty()) {
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    lock.unlock();
    job();
    lock.lock();
  }
}

Result<std::vector<FeedOutcome>> Reloader::Thread::SetFeeds(std::vector<FeedConfig> feeds, Publisher publish) {
  std::vector<Slot> slots;
  slots.reserve(feeds.size());
  for (FeedConfig& config : feeds) slots.push_back(SlotFor(std::move(config)));
  std::vector<FeedOutcome> outcomes;
  if (const Status loaded = Load(&slots, {}, false, &outcomes); !loaded) return tl::unexpected(loaded.error());
  if (const Status served = Serve(std::move(slots), publish, true); !served) return tl::unexpected(served.error());
  publish_ = std::move(publish);
  return outcomes;
}

Result<std::vector<FeedOutcome>> Reloader::Thread::Reload(std::span<const std::string> names, bool force) {
  std::vector<Slot> slots = slots_;
  for (const std::string& name : names) {
    if (std::ranges::none_of(slots, [&](const Slot& slot) { return slot.status.config.name == name; })) {
      return Fail("no feed is named '" + name + "'");
    }
  }
  std::vector<FeedOutcome> outcomes;
  if (const Status loaded = Load(&slots, names, force, &outcomes); !loaded) return tl::unexpected(loaded.error());
  if (const Status served = Serve(std::move(slots), publish_, false); !served) return tl::unexpected(served.error());
  return outcomes;
}

// Those named, or all when none is. Fails only when it is cancelled.
Status Reloader::Thread::Load(std::vector<Slot>* slots, std::span<const std::string> names, bool force,
                              std::vector<FeedOutcome>* outcomes) const {
  for (Slot& slot : *slots) {
    if (!names.empty() && std::ranges::find(names, slot.status.config.name) == names.end()) continue;
    outcomes->push_back(LoadSlot(&slot, force, Now(), cancel_.get_token()));
    if (cancel_.stop_requested()) return Fail("loading was stopped");
  }
  return {};
}

// A feed that was there before goes on with its data until it is loaded anew, even if its configuration is another one
// now.
Slot Reloader::Thread::SlotFor(FeedConfig config) const {
  Slot slot;
  for (const Slot& old : slots_) {
    if (old.status.config.name != config.name) continue;
    slot = old;
    if (old.status.config != config) slot.settled = false;
  }
  slot.status.config = std::move(config);
  return slot;
}

// Expiry is the one change that nobody asks for: what fails, or runs out of memory, is tried again at the next tick.
void Reloader::Thread::WithdrawExpired() {
  try {
    std::ignore = Serve(slots_, publish_, false);
  } catch (const std::exception&) {
    return;
  }
}

Status Reloader::Thread::Serve(std::vector<Slot> slots, const Publisher& publish, bool even_if_same) {
  std::shared_ptr<const Snapshot> snapshot = MakeSnapshot(&slots, Now());
  if (even_if_same || (served_ != nullptr && snapshot->feeds != served_->feeds)) {
    if (Status published = TryPublish(publish, snapshot); !published) return published;
    served_ = std::move(snapshot);
  }
  // The tables replaced are freed here, without the lock.
  {
    const std::lock_guard lock(mutex_);
    slots_.swap(slots);
  }
  return {};
}

std::vector<FeedStatus> Reloader::Thread::Feeds() const {
  const std::lock_guard lock(mutex_);
  std::vector<FeedStatus> feeds;
  for (const Slot& slot : slots_) feeds.push_back(slot.status);
  return feeds;
}

Reloader::Reloader(ReloaderOptions options) : thread_(std::make_unique<Thread>(std::move(options))) {}

Reloader::~Reloader() = default;

Result<std::vector<FeedOutcome>> Reloader::SetFeeds(std::vector<FeedConfig> feeds, Publisher publish) {
  return thread_->Ask([&] { return thread_->SetFeeds(std::move(feeds), std::move(publish)); });
}

Result<std::vector<FeedOutcome>> Reloader::Reload(std::span<const std::string> names, bool force) {
  return thread_->Ask([&] { return thread_->Reload(names, force); });
}

void Reloader::Cancel() { thread_->Cancel(); }

std::vector<FeedStatus> Reloader::Feeds() const { return thread_->Feeds(); }

}  // namespace rblitz
