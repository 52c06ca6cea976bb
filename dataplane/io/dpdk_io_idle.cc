#include "dataplane/io/dpdk_io_idle.h"

#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace rblitz::io {

namespace {

bool Listen(int epoll, const DpdkQueue& queue) noexcept {
  return rte_eth_dev_rx_intr_ctl_q(queue.port, queue.queue, epoll, RTE_INTR_EVENT_ADD, nullptr) == 0;
}
void Leave(int epoll, const DpdkQueue& queue) noexcept {
  rte_eth_dev_rx_intr_ctl_q(queue.port, queue.queue, epoll, RTE_INTR_EVENT_DEL, nullptr);
}

}  // namespace

bool HasInterrupts(uint16_t port) noexcept {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return false;
  const bool listens = Listen(epoll, {port, 0});
  if (listens) Leave(epoll, {port, 0});
  close(epoll);
  return listens;
}

DpdkIdle::DpdkIdle(IdleMode mode, const std::vector<DpdkQueue>& queues, uint32_t longest)
    : mode_(mode), longest_(longest), queues_(queues) {
  if (mode_ != IdleMode::kInterrupt) return;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  // To DPDK -1 would be another epoll, of the thread that asks.
  const auto first_deaf = epoll_ < 0 ? queues_.begin()
                                     : std::find_if_not(queues_.begin(), queues_.end(),
                                                        [this](const DpdkQueue& q) { return Listen(epoll_, q); });
  if (first_deaf == queues_.end()) return;
  std::for_each(queues_.begin(), first_deaf, [this](const DpdkQueue& q) { Leave(epoll_, q); });
  mode_ = IdleMode::kAdaptive;
}

DpdkIdle::~DpdkIdle() {
  if (mode_ == IdleMode::kInterrupt) {
    for (const DpdkQueue& q : queues_) Leave(epoll_, q);
  }
  if (epoll_ >= 0) close(epoll_);
}

void DpdkIdle::Sleep() noexcept {
  if (spins_ == kSpins) nap_ = kFirstNap;
  spins_ = kSpins + 1;
  if (mode_ == IdleMode::kInterrupt && nap_ > kLongestNap) return WaitForInterrupt();
  Nap();
}

// One reception behind each nap: the next frame makes it poll again.
void DpdkIdle::Nap() noexcept {
  if (!is_exact_) {
    prctl(PR_SET_TIMERSLACK, 1);
    is_exact_ = true;
  }
  const uint32_t nap = std::min({nap_, kLongestNap, longest_});
  const timespec time = {.tv_sec = 0, .tv_nsec = static_cast<long>(nap) * 1000};
  nanosleep(&time, nullptr);
  if (nap_ <= kLongestNap) nap_ *= 2;
}

// Interrupts that cannot be switched are always on. Who was woken polls and naps at first: net_tap tells its workers of
// a frame by a signal, which may reach another thread and come later than what woke this one.
void DpdkIdle::WaitForInterrupt() noexcept {
  for (const DpdkQueue& q : queues_) rte_eth_dev_rx_intr_enable(q.port, q.queue);
  rte_epoll_event event;
  const int woken = rte_epoll_wait(epoll_, &event, 1, static_cast<int>(std::min(kLongestWait, longest_) / 1000));
  for (const DpdkQueue& q : queues_) rte_eth_dev_rx_intr_disable(q.port, q.queue);
  if (woken > 0) spins_ = 0;
}

}  // namespace rblitz::io
