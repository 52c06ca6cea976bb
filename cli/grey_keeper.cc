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
constexpr auto kSnapshotPause = std::chrono::seconds(10);  // between two tries
constexpr size_t kRowsBetweenLooks = 4096;                 // at the clock, while a snapshot is written

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
  if (store_ == nullptr) return greylist_->SetReady();
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
  const std::lock_guard lock(mutex_);
  submitted_.insert(submitted_.end(), rows.begin(), rows.end());
  waiting_.push_back(std::move(done));
}

GreyFigures GreyKeeper::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void GreyKeeper::Run() {
  Load();
  for (bool stopping = false; !stopping;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, interval(), [this] { return stopping_; });
      stopping = stopping_;
    }
    Flush();
    if (!stopping) MaySnapshot();
  }
  // A disk that takes nothing now may take it all at once.
  if (!has_all_ && rows_.empty()) Snapshot();
}

void GreyKeeper::Load() {
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
  {
    const std::lock_guard lock(mutex_);
    figures_.loaded_rows = rows;
    figures_.load_seconds = seconds;
    figures_.journal_bytes = store_->journal_bytes();
    if (loaded) {
      figures_.notes = loaded->notes;
      figures_.cut_bytes = loaded->cut_bytes;
      snapshot_rows_ = loaded->snapshot_rows;
    }
  }
  // Files that could not be read may hold what nothing else has: they are kept as they are.
  may_snapshot_ = loaded.has_value();
  // Clamped once: the next start must not find them in the future again.
  if (has_future) has_all_ = false;
  if (!loaded) LogLine("greylist_unreadable").Add("zone", zone_).Add("error", loaded.error().message);
  if (!loaded) SetError(tl::unexpected(loaded.error()));
  if (loaded) {
    for (const std::string& note : loaded->notes) LogLine("greylist_damaged").Add("zone", zone_).Add("note", note);
  }
  LogLine("greylist_loaded").Add("zone", zone_).Add("rows", rows).AddSeconds("seconds", seconds);
  greylist_->SetReady();
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
    for (const Done& done : std::exchange(dones_, {})) done(written);
    if (written) {
      const std::lock_guard lock(mutex_);
      figures_.written_rows += rows_.size();
      rows_.clear();
    } else if (more) {
      GiveUpChanges();
      more = false;
    }
    SetError(written);
  }
}

void GreyKeeper::SetError(const Status& status) {
  std::string before;
  const bool is_whole = status && has_all_ && may_snapshot_;
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
  if (!is_due || !may_snapshot_ || Clock::now() - snapshot_tried_ < kSnapshotPause) return;
  Snapshot();
}

// Workers go on meanwhile, and so does the journal, as often as ever.
void GreyKeeper::Snapshot() {
  const Clock::time_point began = snapshot_tried_ = Clock::now();
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
