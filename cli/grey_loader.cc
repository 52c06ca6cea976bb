#include "cli/grey_loader.h"

#include <utility>

namespace rblitz {

GreyLoader::GreyLoader(TripletTable* table, const TripletRules& rules, uint32_t now, size_t threads)
    : table_(table), rules_(rules), now_(now) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

GreyLoader::~GreyLoader() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void GreyLoader::Take(std::span<const TripletRow> rows) {
  std::vector<TripletRow> block(rows.begin(), rows.end());
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting; });
  waiting_.push_back(std::move(block));
  lock.unlock();
  changed_.notify_all();
}

void GreyLoader::Run() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
    if (waiting_.empty()) return;
    const std::vector<TripletRow> block = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    changed_.notify_all();
    table_->Load(block, rules_, now_);
  }
}

}  // namespace rblitz
