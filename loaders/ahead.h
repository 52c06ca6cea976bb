// Makes one item after another on a thread of its own, the next while this one is used: a pipeline's stage.
//
// Thread-safety: all but the making is for one thread. Lifetime: the destructor waits for the item that is being made.
// Errors: what making throws is thrown where the item would be taken. Cost: two items, which are used again and again.
// Who waits spins for kSpin, offering its CPU to others, before it sleeps: a CPU that runs nothing but SCHED_IDLE
// threads counts as idle to Linux, which wakes another one there, beside the one that wakes it, though other CPUs have
// nothing to do.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
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

  // Who had to wait since the item before was begun: the maker for room, the taker for what was not made yet, or
  // neither.
  enum class Waited : uint8_t { kNeither, kMaker, kTaker };

  // Calls make(item, waited) from now on, on the thread, until it returns false: that item is the last. REQUIRES:
  // called once.
  void Start(std::function<bool(Item&, Waited)> make) {
    const std::lock_guard lock(mutex_);
    make_ = std::move(make);
    turned_.notify_all();
  }

  // The next one, once it is made. Valid until the next call. REQUIRES: it was started, the last was not taken yet, and
  // nothing was thrown.
  Item& Next() {
    if (taken_ > 0) Turn(slots_[(taken_ - 1) % slots_.size()], false);
    Slot& slot = slots_[taken_++ % slots_.size()];
    const auto is_full = [&] { return slot.is_full.load(); };
    if (!is_full()) {
      taker_waited_ = true;
      Wait(is_full);
    }
    if (slot.thrown != nullptr) std::rethrow_exception(slot.thrown);
    return slot.item;
  }

 private:
  struct Slot {
    Item item;
    std::exception_ptr thrown;         // instead
    std::atomic<bool> is_full{false};  // whose it is, and all of the above; changed under mutex_
  };
  static constexpr std::chrono::microseconds kSpin{100};

  template <class Done>
  void Wait(const Done& done) {
    const auto end = std::chrono::steady_clock::now() + kSpin;
    while (std::chrono::steady_clock::now() < end) {
      if (done()) return;
      std::this_thread::yield();
    }
    std::unique_lock lock(mutex_);
    turned_.wait(lock, done);
  }
  void Turn(Slot& slot, bool is_full) {
    const std::lock_guard lock(mutex_);
    slot.is_full = is_full;
    turned_.notify_all();
  }

  void Run() {
    {
      std::unique_lock lock(mutex_);
      turned_.wait(lock, [&] { return stops_ || make_; });
    }
    bool more = true;
    for (size_t made = 0; more; ++made) {
      Slot& slot = slots_[made % slots_.size()];
      Waited waited = taker_waited_.exchange(false) ? Waited::kTaker : Waited::kNeither;
      if (slot.is_full) {
        waited = Waited::kMaker;
        Wait([&] { return stops_ || !slot.is_full; });
      }
      if (stops_) return;
      try {
        more = make_(slot.item, waited);
      } catch (...) {
        slot.thrown = std::current_exception();
        more = false;
      }
      Turn(slot, true);
    }
  }

  std::array<Slot, 2> slots_;
  std::mutex mutex_;
  std::condition_variable turned_;
  std::function<bool(Item&, Waited)> make_;  // guarded by mutex_ until it is set
  std::atomic<bool> stops_{false};           // changed under mutex_
  std::atomic<bool> taker_waited_{false};

  size_t taken_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace rblitz
