// Read-copy-update: registration of packet workers and the pointers they read. liburcu's QSBR flavour: a reader pays
// nothing per read, and tells once a burst that it holds no pointer any more. The only file that includes urcu.
//
// Thread-safety: RcuReader belongs to one thread. Published<T>::Read needs a registered, online thread; Publish any
// thread that is not an online reader, one at a time. Lifetime: what Read returned is valid until the thread's next
// Quiescent(), Offline() or destruction. Source: Desnoyers et al., "User-Level Implementations of Read-Copy Update",
// IEEE TPDS 23(2), 2012.
#pragma once

#include <urcu-qsbr.h>

#include <memory>
#include <utility>

// liburcu 0.13 orders a reader's last access before the end of the grace period by fences and futexes that
// ThreadSanitizer does not see. These calls state that one order to it; they are not there in any other build
// (tables/rcu_tsan.h).
#include "tables/rcu_tsan.h"

namespace rblitz {

class RcuReader {
 public:
  RcuReader() { urcu_qsbr_register_thread(); }
  ~RcuReader() {
    rcu_tsan::ReaderDone();
    urcu_qsbr_unregister_thread();
  }
  RcuReader(const RcuReader&) = delete;
  RcuReader& operator=(const RcuReader&) = delete;

  // No pointer from Read() is held any more.
  void Quiescent() noexcept {
    rcu_tsan::ReaderDone();
    urcu_qsbr_quiescent_state();
  }
  // Around every blocking wait: a grace period does not wait for this thread.
  void Offline() noexcept {
    rcu_tsan::ReaderDone();
    urcu_qsbr_thread_offline();
  }
  void Online() noexcept { urcu_qsbr_thread_online(); }
};

template <class T>
class Published {
 public:
  Published() = default;
  ~Published() { delete current_; }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  // Null before the first Publish.
  [[nodiscard]] const T* Read() const noexcept {
    const T* value = rcu_dereference(current_);
    rcu_tsan::Acquire(value);
    return value;
  }

  // Readers see `next` from now on. Returns after a grace period, with the old value destroyed on this thread.
  void Publish(std::unique_ptr<const T> next) {
    rcu_tsan::Release(next.get());
    const T* old = rcu_xchg_pointer(&current_, const_cast<T*>(next.release()));
    urcu_qsbr_synchronize_rcu();
    rcu_tsan::GracePeriodDone();
    delete old;
  }

 private:
  T* current_ = nullptr;  // never written through: liburcu's macros take no pointer to const
};

}  // namespace rblitz
