// What ThreadSanitizer must be told about tables/rcu.h; empty functions in every other build.
#pragma once

#if defined(__SANITIZE_THREAD__)
#define RBLITZ_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RBLITZ_TSAN 1
#endif
#endif

#ifdef RBLITZ_TSAN
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace rblitz::rcu_tsan {

#ifdef RBLITZ_TSAN
inline char grace_period = 0;
inline void ReaderDone() noexcept { __tsan_release(&grace_period); }
inline void GracePeriodDone() noexcept { __tsan_acquire(&grace_period); }
inline void Release(const void* value) noexcept { __tsan_release(const_cast<void*>(value)); }
inline void Acquire(const void* value) noexcept { __tsan_acquire(const_cast<void*>(value)); }
#else
inline void ReaderDone() noexcept {}
inline void GracePeriodDone() noexcept {}
inline void Release(const void*) noexcept {}
inline void Acquire(const void*) noexcept {}
#endif

}  // namespace rblitz::rcu_tsan
