// Ends guest code at a time limit, by signals of a timer to the thread. The signal repeats every millisecond, because
// it may interrupt the host's code, which cannot be ended. A system call that blocks ends as interrupted (EINTR).
#include "runtime/time_limit.hpp"

#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "base/assert.hpp"
#include "platform/machine_context.hpp"
#include "platform/platform.hpp"
#include "runtime/platform.hpp"

namespace cairn::runtime {

namespace {

constexpr int kSignal = SIGVTALRM;
constexpr long kPause = 1'000'000;  // nanoseconds between two signals

// These arrays are in the order of TimeEnd.
constexpr int kEnds = 3;
constexpr clockid_t kClocks[kEnds] = {CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC};

constinit thread_local volatile bool over[kEnds] = {};
constinit thread_local timer_t timers[kEnds] = {};
constinit thread_local bool has_timer[kEnds] = {};

void handle_end(int, siginfo_t* information, void* raw_context) {
  auto* context = static_cast<ucontext_t*>(raw_context);
  over[information->si_value.sival_int % kEnds] = true;
  const FaultResolution resolution = resolve_interrupt(platform::read_fault(*context));
  if (resolution.is_guest_trap) platform::continue_at(*context, resolution.pc, resolution.stack_pointer);
}

// Makes a timer whose signals go to this thread and say which end of time has come.
void make_timer(int end) {
  CAIRN_ASSERT(!has_timer[end]);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kSignal;
  event.sigev_value.sival_int = end;
  event._sigev_un._tid = gettid();
  CAIRN_ASSERT(timer_create(kClocks[end], &event, &timers[end]) == 0);
  has_timer[end] = true;
}

// Requests the first signal after this many nanoseconds, at least 1.
void start_timer(timer_t timer, uint64_t nanoseconds) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const itimerspec time{
      .it_interval = {0, kPause},
      .it_value = {static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)}};
  CAIRN_ASSERT(timer_settime(timer, 0, &time, nullptr) == 0);
}

}  // namespace

TimeLimit::TimeLimit(const TimeLimits& limits) : limits_(limits) {
  platform::Platform::prepare_thread();  // allocates the stack of the signal handler
  struct sigaction action{};
  action.sa_sigaction = &handle_end;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  CAIRN_ASSERT(sigaction(kSignal, &action, nullptr) == 0);
  for (volatile bool& is_over : over) is_over = false;
  const std::optional<uint64_t> lengths[] = {limits.wall, limits.cpu};
  for (int i = 0; i < 2; ++i) {
    if (!lengths[i]) continue;
    make_timer(i);
    start_timer(timers[i], *lengths[i]);
  }
  constexpr int kKill = static_cast<int>(TimeEnd::kill);
  make_timer(kKill);
  thread_.kill_timer = timers[kKill];
}

void TimeLimit::kill() { start_timer(thread_.kill_timer, 1); }

TimeLimit::~TimeLimit() {
  for (int i = 0; i < kEnds; ++i) {
    if (has_timer[i]) timer_delete(timers[i]);
    has_timer[i] = false;
    over[i] = false;
  }
}

std::optional<TimeEnd> TimeLimit::ended() {
  for (int i = 0; i < kEnds; ++i) {
    if (over[i]) return static_cast<TimeEnd>(i);
  }
  return std::nullopt;
}

}  // namespace cairn::runtime
