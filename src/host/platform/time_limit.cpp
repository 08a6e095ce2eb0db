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

constexpr int kLimits = 2;
constexpr clockid_t kClocks[kLimits] = {CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID};  // in the order of LimitedTime

constinit thread_local volatile bool over[kLimits] = {};
constinit thread_local timer_t timers[kLimits] = {};
constinit thread_local bool has_timer[kLimits] = {};

void handle_end(int, siginfo_t* information, void* raw_context) {
  auto* context = static_cast<ucontext_t*>(raw_context);
  over[information->si_value.sival_int % kLimits] = true;
  const FaultResolution resolution = resolve_interrupt(platform::read_fault(*context));
  if (resolution.is_guest_trap) platform::continue_at(*context, resolution.pc, resolution.stack_pointer);
}

}  // namespace

TimeLimit::TimeLimit(const TimeLimits& limits) : limits_(limits) {
  if (!limits.wall && !limits.cpu) return;
  platform::Platform::prepare_thread();  // allocates the stack of the signal handler
  struct sigaction action{};
  action.sa_sigaction = &handle_end;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  CAIRN_ASSERT(sigaction(kSignal, &action, nullptr) == 0);
  const std::optional<uint64_t> lengths[kLimits] = {limits.wall, limits.cpu};
  for (int i = 0; i < kLimits; ++i) {
    CAIRN_ASSERT(!has_timer[i]);
    over[i] = false;
    if (!lengths[i]) continue;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = kSignal;
    event.sigev_value.sival_int = i;
    event._sigev_un._tid = gettid();
    CAIRN_ASSERT(timer_create(kClocks[i], &event, &timers[i]) == 0);
    has_timer[i] = true;
    constexpr uint64_t kSecond = 1'000'000'000;
    const itimerspec time{
        .it_interval = {0, kPause},
        .it_value = {static_cast<time_t>(*lengths[i] / kSecond), static_cast<long>(*lengths[i] % kSecond)}};
    CAIRN_ASSERT(timer_settime(timers[i], 0, &time, nullptr) == 0);
  }
}

TimeLimit::~TimeLimit() {
  for (int i = 0; i < kLimits; ++i) {
    if (has_timer[i]) timer_delete(timers[i]);
    has_timer[i] = false;
    over[i] = false;
  }
}

std::optional<LimitedTime> TimeLimit::ended() {
  for (int i = 0; i < kLimits; ++i) {
    if (over[i]) return static_cast<LimitedTime>(i);
  }
  return std::nullopt;
}

}  // namespace cairn::runtime
