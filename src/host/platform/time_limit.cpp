// The limit works by a timer's signal to the thread. The signal repeats every millisecond, since it may interrupt the
// host's code.
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
constexpr long kPause = 1'000'000;  // nanoseconds between two attempts

constinit thread_local volatile bool over = false;
constinit thread_local timer_t timer = nullptr;

void handle_end(int, siginfo_t*, void* raw_context) {
  auto* context = static_cast<ucontext_t*>(raw_context);
  over = true;
  const FaultResolution resolution = resolve_interrupt(platform::read_fault(*context));
  if (resolution.is_guest_trap) platform::continue_at(*context, resolution.pc, resolution.stack_pointer);
}

}  // namespace

TimeLimit::TimeLimit(uint64_t nanoseconds) {
  platform::Platform::prepare_thread();  // for the stack that signals are handled on
  struct sigaction action{};
  action.sa_sigaction = &handle_end;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  CAIRN_ASSERT(sigaction(kSignal, &action, nullptr) == 0);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kSignal;
  event._sigev_un._tid = gettid();
  CAIRN_ASSERT(timer == nullptr && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  over = false;
  constexpr uint64_t kSecond = 1'000'000'000;
  const itimerspec time{
      .it_interval = {0, kPause},
      .it_value = {static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)}};
  CAIRN_ASSERT(timer_settime(timer, 0, &time, nullptr) == 0);
}

TimeLimit::~TimeLimit() {
  timer_delete(timer);
  timer = nullptr;
  over = false;
}

bool TimeLimit::is_over() { return over; }

}  // namespace cairn::runtime
