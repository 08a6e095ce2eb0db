// Parks threads on futexes, finds the limits of their stacks, and reads the time.
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <limits>

#include "base/assert.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::platform {

namespace {

long futex(std::atomic<uint32_t>& word, int operation, uint32_t value, const timespec* timeout) {
  return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, timeout, nullptr, FUTEX_BITSET_MATCH_ANY);
}

// Returns the monotonic time `nanoseconds` from now; nothing if it cannot be represented.
std::optional<timespec> deadline_in(uint64_t nanoseconds) {
  constexpr uint64_t kSecond = 1'000'000'000;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t fraction = static_cast<uint64_t>(now.tv_nsec) + nanoseconds % kSecond;
  const uint64_t seconds = nanoseconds / kSecond + fraction / kSecond;
  timespec result = now;
  if (__builtin_add_overflow(now.tv_sec, seconds, &result.tv_sec)) return std::nullopt;
  result.tv_nsec = static_cast<long>(fraction % kSecond);
  return result;
}

}  // namespace

runtime::ParkResult Platform::park(std::atomic<uint32_t>& word, std::optional<uint64_t> nanoseconds) {
  // The signal of a time limit interrupts a wait. A wait without a deadline is started again every hour.
  constexpr uint64_t kHour = 3'600'000'000'000;
  const std::optional<timespec> deadline = nanoseconds ? deadline_in(*nanoseconds) : std::nullopt;
  while (word.load(std::memory_order_acquire) == 0) {
    const timespec end = deadline ? *deadline : *deadline_in(kHour);
    const bool woken = futex(word, FUTEX_WAIT_BITSET, 0, &end) == 0;
    if (!woken && ((errno == ETIMEDOUT && deadline) || runtime::TimeLimit::is_over()))
      return runtime::ParkResult::timed_out;
  }
  return runtime::ParkResult::unparked;
}

void Platform::block(std::atomic<uint32_t>& word) {
  while (word.load(std::memory_order_acquire) == 0) futex(word, FUTEX_WAIT_BITSET, 0, nullptr);
}

bool Platform::go_on() { return !runtime::TimeLimit::is_over(); }

uint64_t Platform::nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

void Platform::unpark(std::atomic<uint32_t>& word) { futex(word, FUTEX_WAKE_BITSET, INT_MAX, nullptr); }

const std::byte* Platform::host_stack_limit() {
  static constinit thread_local const std::byte* limit = nullptr;
  if (limit != nullptr) return limit;
  pthread_attr_t attributes;
  CAIRN_ASSERT(pthread_getattr_np(pthread_self(), &attributes) == 0);
  void* start = nullptr;
  size_t size = 0;
  CAIRN_ASSERT(pthread_attr_getstack(&attributes, &start, &size) == 0);
  pthread_attr_destroy(&attributes);
  return limit = static_cast<const std::byte*>(start);
}

}  // namespace cairn::platform
