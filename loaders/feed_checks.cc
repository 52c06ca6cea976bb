#include "loaders/feed_checks.h"

#include <algorithm>
#include <utility>

namespace rblitz {

namespace {

// Whether all files were written so long ago that they are complete, by their own times.
bool AreQuiet(const std::vector<FileIdentity>& files, std::chrono::nanoseconds settle) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::ranges::all_of(
      files, [&](const FileIdentity& file) { return now - std::chrono::nanoseconds(file.modified_ns) >= settle; });
}

}  // namespace

void FeedChecks::Plan(const std::vector<Feed>& feeds, Clock::time_point now) {
  planned_.clear();
  for (const Feed& feed : feeds) {
    if (feed.every.count() == 0) continue;
    Planned& planned = planned_.emplace_back();
    planned.feed = feed;
    planned.regular = now + feed.every;
    planned.look = now + settle_;
  }
  WatchAll();
}

void FeedChecks::WatchAll() {
  std::vector<std::string> paths;
  owners_.clear();
  for (size_t i = 0; i < planned_.size(); ++i) {
    for (const std::string& path : planned_[i].feed.paths) {
      paths.push_back(path);
      owners_.push_back(i);
    }
    planned_[i].open.clear();
  }
  watcher_.Watch(paths);
}

FeedChecks::Clock::time_point FeedChecks::next() const {
  Clock::time_point next = Clock::time_point::max();
  for (const Planned& planned : planned_) next = std::min({next, planned.regular, planned.look.value_or(next)});
  return next;
}

std::vector<std::string> FeedChecks::Due(Clock::time_point now) {
  TakeChanges(now);
  std::vector<std::string> due;
  bool regular = false;
  for (Planned& planned : planned_) {
    regular = regular || planned.regular <= now;
    if (IsDue(&planned, now)) due.push_back(planned.feed.name);
  }
  // A folder that was missing may be there by now.
  if (regular && !watcher_.complete()) WatchAll();
  return due;
}

void FeedChecks::TakeChanges(Clock::time_point now) {
  if (watcher_.fd() < 0) return;
  for (const FileChange& change : watcher_.Read()) Take(change, now);
}

void FeedChecks::Take(const FileChange& change, Clock::time_point now) {
  Planned& planned = planned_[owners_[change.path]];
  using enum FileChange::Kind;
  if (change.kind == kWritten) planned.open.insert(change.file);
  if (change.kind == kPlaced || change.kind == kClosed) planned.open.erase(change.file);
  if (change.kind == kUnknown) planned.open.clear();
  if (change.kind == kPlaced && planned.placed) return;  // in time for the same load
  // A file that was placed does not wait, unless another one must.
  planned.placed = change.kind == kPlaced && !planned.look;
  planned.look = now + (planned.placed ? kPlacedDelay : settle_);
}

bool FeedChecks::IsDue(Planned* planned, Clock::time_point now) {
  if (planned->regular <= now) {
    planned->regular = now + planned->feed.every;
    if (!planned->look) planned->look = now;
  }
  if (!planned->look || *planned->look > now) return false;
  planned->look.reset();
  const bool placed = std::exchange(planned->placed, false);
  // Closing it is a change of its own.
  if (!planned->open.empty()) return false;
  auto files = IdentitiesOf(planned->feed.paths);
  const bool complete = placed || files == planned->seen || (files && AreQuiet(*files, settle_));
  if (!complete) planned->look = now + settle_;
  planned->seen = std::move(files);
  return complete;
}

}  // namespace rblitz
