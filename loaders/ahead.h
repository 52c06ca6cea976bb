// Makes one item after another on a thread of its own, the next while this one is used: a pipeline's stage.
//
// Thread-safety: all but the making is for one thread. Lifetime: the destructor waits for the item that is being made.
// Errors: what making throws is thrown where the item would be taken. Cost: two items, which are used again and again,
// and a change of threads at most for each.
#pragma once

#include <pthread.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace rblitz {

template <class Item>
class Ahead {
 public:
  // `name` has at most 15 characters. Throws std::system_error where no thread can be had.
  explicit Ahead(const char* name)
      : thread_([this, name] {
          pthread_setname_np(pthread_self(), name);
          Run();
        }) {}
  ~Ahead() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
      turned_.notify_all();
    }
    thread_.join();
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  // Calls make(item) from now on, on the thread, until it returns false: that item is the last. REQUIRES: called once.
  void Start(std::function<bool(Item&)> make) {
    const std::lock_guard lock(mutex_);
    make_ = std::move(make);
    turned_.notify_all();
  }

  // The next one, once it is made. Valid until the next call. REQUIRES: it was started, the last was not taken yet, and
  // nothing was thrown.
  Item& Next() {
    std::unique_lock lock(mutex_);
    if (taken_ > 0) {
      slots_[(taken_ - 1) % slots_.size()].is_full = false;
      turned_.notify_all();
    }
    Slot& slot = slots_[taken_++ % slots_.size()];
    turned_.wait(lock, [&] { return slot.is_full; });
    if (slot.thrown != nullptr) std::rethrow_exception(slot.thrown);
    return slot.item;
  }

 private:
  struct Slot {
    Item item;
    std::exception_ptr thrown;  // instead
    bool is_full = false;       // guarded by mutex_: whose it is, and all of the above
  };

  void Run() {
    bool more = true;
    for (size_t made = 0; more; ++made) {
      Slot& slot = slots_[made % slots_.size()];
      std::unique_lock lock(mutex_);
      turned_.wait(lock, [&] { return stops_ || (make_ && !slot.is_full); });
      if (stops_) return;
      lock.unlock();
      try {
        more = make_(slot.item);
      } catch (...) {
        slot.thrown = std::current_exception();
        more = false;
      }
      lock.lock();
      slot.is_full = true;
      turned_.notify_all();
    }
  }

  std::array<Slot, 2> slots_;
  std::mutex mutex_;
  std::condition_variable turned_;
  std::function<bool(Item&)> make_;  // guarded by mutex_ until it is set
  bool stops_ = false;               // guarded by mutex_

  size_t taken_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace rblitz
