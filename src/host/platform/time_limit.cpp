// Ends guest code at a time limit, by signals of a timer to the thread. The signal repeats every millisecond, because
// it may interrupt the host's code, which cannot be ended. A system call that blocks ends as interrupted (EINTR).
#include "runtime/time_limit.hpp"

#include <sys/syscall.h>
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

// These arrays are in the order of TimeEnd, without its last value memory_limit, which only kernels have.
constexpr int kEnds = 3;
constexpr int kKill = static_cast<int>(TimeEnd::kill);
constexpr clockid_t kClocks[kEnds] = {CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC};

constinit thread_local volatile bool over[kEnds] = {};
// The timers of the two limits.
constinit thread_local timer_t timers[kKill] = {};
constinit thread_local bool has_timer[kKill] = {};

void handle_end(int, siginfo_t* information, void* raw_context) {
  auto* context = static_cast<ucontext_t*>(raw_context);
  // A signal that is not a timer's comes from kill().
  over[information->si_code == SI_TIMER ? information->si_value.sival_int % kEnds : kKill] = true;
  const FaultResolution resolution = resolve_interrupt(platform::read_fault(*context));
  if (resolution.is_guest_trap) platform::continue_at(*context, resolution.pc, resolution.stack_pointer);
}

// Makes a timer whose signals go to the thread and carry `end`, a TimeEnd as a number. Returns false if the process has
// too many timers.
bool make_timer(pid_t thread, int end, timer_t& timer) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kSignal;
  event.sigev_value.sival_int = end;
  event._sigev_un._tid = thread;
  return timer_create(kClocks[end], &event, &timer) == 0;
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
  thread_.id = gettid();
  for (int i = 0; i < kKill; ++i) {
    if (!lengths[i]) continue;
    CAIRN_ASSERT(!has_timer[i] && make_timer(thread_.id, i, timers[i]));
    has_timer[i] = true;
    start_timer(timers[i], *lengths[i]);
  }
}

void TimeLimit::kill() {
  // This one signal ends most threads. It does not end a thread that has just checked the time in the host's code and
  // is about to enter guest code. The timer's repeated signals end such a thread; if no timer can be made, it runs on.
  syscall(SYS_tgkill, getpid(), thread_.id, kSignal);
  timer_t timer;
  if (thread_.kill_timer || !make_timer(thread_.id, kKill, timer)) return;
  thread_.kill_timer = timer;
  start_timer(timer, kPause);
}

TimeLimit::~TimeLimit() {
  if (thread_.kill_timer) timer_delete(*thread_.kill_timer);
  for (int i = 0; i < kKill; ++i) {
    if (has_timer[i]) timer_delete(timers[i]);
    has_timer[i] = false;
  }
  for (volatile bool& is_over : over) is_over = false;
}

std::optional<TimeEnd> TimeLimit::ended() {
  for (int i = 0; i < kEnds; ++i) {
    if (over[i]) return static_cast<TimeEnd>(i);
  }
  return std::nullopt;
}

}  // namespace cairn::runtime
