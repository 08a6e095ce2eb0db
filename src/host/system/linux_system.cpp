#include "host/system/linux_system.hpp"

#include <sched.h>
#include <sys/random.h>
#include <time.h>

#include <cerrno>

#include "base/assert.hpp"
#include "base/nothrow_memory.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::host {

namespace {

constexpr uint64_t kSecond = 1'000'000'000;

clockid_t linux_clock(wasi::ClockId clock) {
  switch (clock) {
    case wasi::ClockId::realtime: return CLOCK_REALTIME;
    case wasi::ClockId::monotonic: return CLOCK_MONOTONIC;
    case wasi::ClockId::process_cputime:
    case wasi::ClockId::thread_cputime: return CLOCK_THREAD_CPUTIME_ID;
  }
  return CLOCK_MONOTONIC;
}

uint64_t nanoseconds(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_nsec);
}

uint64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return nanoseconds(time);
}

}  // namespace

LinuxSystem::LinuxSystem() : maker_(pthread_self()), cpu_time_before_(read_clock(CLOCK_THREAD_CPUTIME_ID)) {}

uint64_t LinuxSystem::now(wasi::ClockId clock) {
  const clockid_t number = linux_clock(clock);
  const bool is_of_maker = number == CLOCK_THREAD_CPUTIME_ID && pthread_equal(pthread_self(), maker_) != 0;
  return read_clock(number) - (is_of_maker ? cpu_time_before_ : 0);
}

uint64_t LinuxSystem::resolution(wasi::ClockId clock) {
  timespec time{};
  clock_getres(linux_clock(clock), &time);
  return nanoseconds(time);
}

wasi::Errno LinuxSystem::fill_random(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return wasi::Errno::io;  // the system lacks getrandom() or forbids it
    }
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return wasi::Errno::success;
}

void LinuxSystem::sleep_until(uint64_t monotonic_nanoseconds) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(monotonic_nanoseconds / kSecond);
  time.tv_nsec = static_cast<long>(monotonic_nanoseconds % kSecond);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR && !runtime::TimeLimit::is_over()) {
  }
}

void LinuxSystem::yield() { sched_yield(); }

namespace {

class LinuxThread final : public wasi::Thread {
 public:
  // Returns false if the system has no room for the thread.
  bool start(wasi::ThreadBody& body) {
    // For C++ code only: guest code has stacks of its own.
    constexpr size_t kStackBytes = size_t{1} << 20;
    const auto run = [](void* raw) -> void* {
      static_cast<wasi::ThreadBody*>(raw)->run();
      return nullptr;
    };
    pthread_attr_t attributes;
    CAIRN_ASSERT(pthread_attr_init(&attributes) == 0);
    CAIRN_ASSERT(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
    const int error = pthread_create(&thread_, &attributes, run, &body);
    pthread_attr_destroy(&attributes);
    return error == 0;
  }
  void join() override { CAIRN_ASSERT(pthread_join(thread_, nullptr) == 0); }

 private:
  pthread_t thread_{};
};

}  // namespace

std::unique_ptr<wasi::Thread> LinuxSystem::start_thread(wasi::ThreadBody& body) {
  auto thread = try_make_unique<LinuxThread>();
  if (!thread || !thread->start(body)) return nullptr;
  return thread;
}

wasi::CpuClock LinuxSystem::cpu_clock() {
  clockid_t clock{};
  CAIRN_ASSERT(pthread_getcpuclockid(pthread_self(), &clock) == 0);
  return static_cast<wasi::CpuClock>(clock);
}

uint64_t LinuxSystem::cpu_time(wasi::CpuClock clock) { return read_clock(static_cast<clockid_t>(clock)); }

}  // namespace cairn::host
