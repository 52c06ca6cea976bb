#include "cli/grey_keeper.h"

#include <pthread.h>

#include <algorithm>
#include <ctime>
#include <span>
#include <utility>

#include "cli/grey_loader.h"
#include "cli/log.h"

namespace rblitz {

namespace {

// A snapshot is worth its writing when the journal has become longer than it, and is no trifle.
constexpr uint64_t kShortJournal = uint64_t{16} << 20;
constexpr auto kSnapshotPause = std::chrono::seconds(10);  // between two tries, and twice as long after each that fails
constexpr auto kLongestPause = std::chrono::minutes(10);
constexpr auto kRetryPause = std::chrono::seconds(10);  // to read what could not be read
constexpr size_t kRowsBetweenLooks = 4096;              // at the clock, while a snapshot is written

// Beside the one that reads. Where workers occupy every CPU they get what the scheduler gives.
constexpr size_t kLoadingThreads = 2;

uint32_t Now() { return static_cast<uint32_t>(std::time(nullptr)); }

}  // namespace

GreyKeeper::GreyKeeper(std::string zone, std::shared_ptr<Greylist> greylist, std::unique_ptr<GreyStore> store,
                       const TripletRules& rules, uint32_t interval_ms)
    : zone_(std::move(zone)),
      greylist_(std::move(greylist)),
      store_(std::move(store)),
      rules_(rules),
      interval_ms_(interval_ms) {}

GreyKeeper::~GreyKeeper() { Stop(); }

void GreyKeeper::Start() {
  if (store_ == nullptr) {
    greylist_->table().Back();
    return greylist_->SetReady();
  }
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "greylist");
}

void GreyKeeper::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void GreyKeeper::Submit(std::vector<TripletRow> rows, Done done) {
  if (store_ == nullptr) return done({});
  {
    const std::lock_guard lock(mutex_);
    submitted_.insert(submitted_.end(), rows.begin(), rows.end());
    waiting_.push_back(std::move(done));
  }
  wake_.notify_one();
}

GreyFigures GreyKeeper::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void GreyKeeper::Run() {
  greylist_->table().Back();  // a worker that zeroed pages while it answers would keep its whole burst waiting
  while (!Load()) {
    if (Wait(kRetryPause)) return;  // nothing was recorded
  }
  greylist_->SetReady();
  for (bool stopping = false; !stopping;) {
    stopping = Wait(interval());
    Flush();
    if (!stopping) MaySnapshot();
  }
  // A disk that took nothing just now may take it in a new file, or all at once.
  if (!rows_.empty()) Flush();
  if (!has_all_ || !rows_.empty()) Snapshot();  // no worker changes the table any more: it has rows_, too
  const GreyFigures last = figures();
  if (!last.error.empty()) LogLine("greylist_lost").Add("zone", zone_).Add("error", last.error);
}

// Or until somebody waits for what he has changed. True: it is to stop.
bool GreyKeeper::Wait(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, pause, [this] { return stopping_ || !waiting_.empty(); });
  return stopping_;
}

// False: some of it could not be read. What was read is in the table; until all is, nothing is deferred.
bool GreyKeeper::Load() {
  const Clock::time_point began = Clock::now();
  const uint32_t now = Now();
  uint64_t rows = 0;
  bool has_future = false;
  const Result<GreyLoad> loaded = [&] {
    GreyLoader loader(&greylist_->table(), rules_, now, kLoadingThreads);
    return store_->Load([&](std::span<const TripletRow> some) {
      loader.Take(some);
      has_future |= std::ranges::any_of(some, [&](const TripletRow& row) { return Clamped(row, now) != row; });
      rows += some.size();
    });
  }();
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  if (!loaded) {
    const std::string error = loaded.error().message;
    const std::lock_guard lock(mutex_);
    if (figures_.error != error) LogLine("greylist_unreadable").Add("zone", zone_).Add("error", error);
    figures_.error = error;
    return false;
  }
  for (const std::string& note : loaded->notes) LogLine("greylist_damaged").Add("zone", zone_).Add("note", note);
  LogLine("greylist_loaded").Add("zone", zone_).Add("rows", rows).AddSeconds("seconds", seconds);
  // A snapshot at once: the next start shall neither find the same damage nor rows of the future.
  has_all_ = !has_future && loaded->notes.empty();
  snapshot_rows_ = loaded->snapshot_rows;
  const std::lock_guard lock(mutex_);
  figures_.error.clear();
  figures_.notes = loaded->notes;
  figures_.cut_bytes = loaded->cut_bytes;
  figures_.loaded_rows = rows;
  figures_.load_seconds = seconds;
  figures_.journal_bytes = store_->journal_bytes();
  return true;
}

// What workers and commands have changed since the last time, as much as may wait. True: there is more.
bool GreyKeeper::Collect() {
  {
    const std::lock_guard lock(mutex_);
    rows_.insert(rows_.end(), submitted_.begin(), submitted_.end());
    submitted_.clear();
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(dones_));
    waiting_.clear();
  }
  for (size_t i = 0; i < greylist_->workers(); ++i) {
    TripletRing& changes = *greylist_->worker(i).changes;
    for (const TripletRow* row = changes.Front(); row != nullptr; row = changes.Front()) {
      if (rows_.size() >= kMostWaiting) return true;
      rows_.push_back(*row);
      changes.Pop();
    }
  }
  return false;
}

// So that workers go on recording in memory: a snapshot will have what the journal lacks.
void GreyKeeper::GiveUpChanges() {
  has_all_ = false;
  for (size_t i = 0; i < greylist_->workers(); ++i) {
    TripletRing& changes = *greylist_->worker(i).changes;
    while (changes.Front() != nullptr) changes.Pop();
  }
}

void GreyKeeper::Flush() {
  for (bool more = true; more;) {
    more = Collect();
    if (rows_.empty() && dones_.empty()) return;
    const Status written = rows_.empty() ? Status() : store_->Append(rows_);
    if (store_->has_lost_files()) has_all_ = false;
    if (written) {
      const std::lock_guard lock(mutex_);
      figures_.written_rows += rows_.size();
      rows_.clear();
    } else if (more) {
      GiveUpChanges();
      more = false;
    }
    SetError(written);
    for (const Done& done : std::exchange(dones_, {})) done(written);
  }
}

void GreyKeeper::SetError(const Status& status) {
  std::string before;
  const bool is_whole = status && has_all_;
  {
    const std::lock_guard lock(mutex_);
    before = figures_.error;
    figures_.journal_bytes = store_->journal_bytes();
    figures_.waiting_rows = rows_.size();
    figures_.failed_writes += status ? 0 : 1;
    if (!status) figures_.error = status.error().message;
    if (is_whole) figures_.error.clear();
  }
  if (!status && before.empty()) {
    LogLine("greylist_not_written").Add("zone", zone_).Add("error", status.error().message);
  }
  if (is_whole && !before.empty()) LogLine("greylist_written_again").Add("zone", zone_);
}

void GreyKeeper::MaySnapshot() {
  const uint64_t enough = std::max(kShortJournal, snapshot_rows_ * kGreyRowBytes);
  const bool is_due = store_->journal_bytes() > enough || (!has_all_ && rows_.empty());
  if (is_due && Clock::now() >= next_snapshot_) Snapshot();
}

// Workers go on meanwhile, and so does the journal, as often as ever.
void GreyKeeper::Snapshot() {
  const Clock::time_point began = Clock::now();
  const bool had_all = std::exchange(has_all_, true);
  uint64_t rows = 0;
  Clock::time_point flushed = began;
  const auto may_flush = [&] {
    const Clock::time_point now = Clock::now();
    if (now - flushed < interval()) return;
    flushed = now;
    Flush();
  };
  const auto walk = [&](const std::function<void(const TripletRow&)>& take) {
    greylist_->table().Walk([&](const TripletRow& row) {
      take(row);
      if (++rows % kRowsBetweenLooks == 0) may_flush();
    });
  };
  const Status written = store_->Snapshot(walk, may_flush);
  has_all_ = has_all_ && (written || had_all);
  snapshot_pause_ = written ? kSnapshotPause : std::min<Clock::duration>(2 * snapshot_pause_, kLongestPause);
  next_snapshot_ = Clock::now() + snapshot_pause_;
  SetError(written);
  if (!written) return;
  snapshot_rows_ = rows;
  {
    const std::lock_guard lock(mutex_);
    ++figures_.snapshots;
    figures_.snapshot_at = std::time(nullptr);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  LogLine("greylist_snapshot").Add("zone", zone_).Add("rows", rows).AddSeconds("seconds", seconds);
}

}  // namespace rblitz
