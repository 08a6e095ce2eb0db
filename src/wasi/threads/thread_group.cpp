#include "wasi/threads/thread_group.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/format.hpp"
#include "base/nothrow_memory.hpp"
#include "base/operation.hpp"

namespace cairn::wasi {

using runtime::TimeLimit;
using runtime::Trap;

// A thread that was started. It is destroyed by the thread that joins it.
class ThreadGroup::Member final : public ThreadBody {
 public:
  Member(ThreadGroup& group, uint32_t number, std::unique_ptr<Job> job)
      : number_(number), job_(std::move(job)), group_(group) {}

  void run() override { group_.run(*this); }
  [[nodiscard]] uint32_t number() const { return number_; }

  // These members are used with the group's lock held.
  Member* next = nullptr;
  std::unique_ptr<Thread> thread;
  TimeLimit* limit = nullptr;     // set while the thread does its job
  std::optional<CpuClock> clock;  // set while the thread runs
  bool counts = true;             // whether it is one of the program's own threads

 private:
  friend class ThreadGroup;
  uint32_t number_;
  std::unique_ptr<Job> job_;
  ThreadGroup& group_;
};

// Ends the program when its threads have used as much CPU time together as they may. The next check comes at the
// earliest time at which this can be the case, but after kLongestPause at the latest.
class ThreadGroup::CpuWatch final : public Job {
 public:
  static constexpr uint64_t kShortestPause = 1'000'000, kLongestPause = 10'000'000;  // nanoseconds

  explicit CpuWatch(ThreadGroup& group) : group_(group) {}
  std::expected<void, Trap> run(uint32_t) override {
    System& system = group_.system_;
    while (!TimeLimit::is_over()) {
      const auto [used, threads] = group_.state_.with(
          [&](const State& state) { return std::pair(group_.cpu_time(state), group_.fibers_.used()); });
      if (used >= group_.cpu_limit_) {
        group_.end({.exit_status = {}, .trap = {}, .thread = 0, .is_over_cpu_limit = true});
        break;
      }
      const uint64_t pause = std::clamp((group_.cpu_limit_ - used) / threads, kShortestPause, kLongestPause);
      system.sleep_until(system.now(ClockId::monotonic) + pause);
    }
    return {};
  }

 private:
  ThreadGroup& group_;
};

ThreadGroup::~ThreadGroup() {
  state_.with([](const State& state) { CAIRN_ASSERT(state.first == nullptr && state.main_limit == nullptr); });
}

void ThreadGroup::State::unlink(Member& member) {
  Member** at = &first;
  while (*at != &member) at = &(*at)->next;
  *at = member.next;
}

bool ThreadGroup::State::has_number(uint32_t number) const {
  for (const Member* member = first; member != nullptr; member = member->next) {
    if (member->counts && member->number() == number) return true;
  }
  return false;
}

// --- beginning and ending

void ThreadGroup::begin(TimeLimit& limit) {
  const bool has_main = fibers_.try_take(1);
  CAIRN_ASSERT(has_main);
  cpu_limit_ = limit.limits().cpu.value_or(~uint64_t{0});
  const CpuClock clock = system_.cpu_clock();
  const uint64_t used = system_.now(ClockId::thread_cputime);
  const uint64_t start = system_.cpu_time(clock) - used;
  state_.with([&](State& state) {
    CAIRN_ASSERT(state.main_limit == nullptr);
    state.main_limit = &limit;
    state.main_clock = clock;
    state.main_cpu_start = start;
  });
}

ThreadsEnd ThreadGroup::finish(std::expected<void, Trap> result) {
  state_.with([&](State& state) { state.main_limit = nullptr; });
  ThreadsEnd end_of_main;
  if (!result) end_of_main.trap = std::move(result.error());
  end(std::move(end_of_main));
  for (;;) {
    const std::unique_ptr<Member> member = state_.with([](State& state) {
      Member* const first = state.first;
      if (first != nullptr) state.first = first->next;
      return std::unique_ptr<Member>(first);
    });
    if (!member) break;
    member->thread->join();
  }
  fibers_.give_back(1);
  return state_.with([](State& state) { return std::move(state.end); });
}

void ThreadGroup::end(ThreadsEnd end) {
  state_.with([&](State& state) {
    if (!state.is_ending) state.end = std::move(end);
    state.is_ending = true;
    kill_all(state);
  });
}

void ThreadGroup::kill_all(State& state) {
  if (state.main_limit != nullptr) state.main_limit->kill();
  for (Member* member = state.first; member != nullptr; member = member->next) {
    if (member->limit != nullptr) member->limit->kill();
  }
}

void ThreadGroup::exit(uint32_t status) {
  end({.exit_status = status, .trap = {}, .thread = 0, .is_over_cpu_limit = false});
}

void ThreadGroup::trap(uint32_t number, Trap trap) {
  // Without memory for the message, the trap keeps its own.
  auto message = run_operation([&] { return trap.what() + " (in thread " + decimal(number) + ")"; });
  if (message) trap.message = *std::move(message);
  end({.exit_status = {}, .trap = std::move(trap), .thread = number, .is_over_cpu_limit = false});
}

std::optional<uint32_t> ThreadGroup::exit_status() {
  return state_.with([](const State& state) { return state.end.exit_status; });
}

// --- threads

ThreadGroup::Reservation::Reservation(Reservation&& other) noexcept
    : group_(std::exchange(other.group_, nullptr)), number_(other.number_) {}

std::optional<ThreadGroup::Reservation> ThreadGroup::reserve() {
  return state_.with([&](State& state) -> std::optional<Reservation> {
    if (state.is_ending || state.main_limit == nullptr || !fibers_.try_take(1)) return std::nullopt;
    do {
      state.last_number = state.last_number % (kNumbers - 1) + 1;
    } while (state.has_number(state.last_number));
    return Reservation(*this, state.last_number);
  });
}

bool ThreadGroup::start(Reservation reservation, std::unique_ptr<Job> job) {
  auto member = try_make_unique<Member>(*this, reservation.number(), std::move(job));
  if (!member) return false;
  const bool started = state_.with([&](State& state) {
    if (state.is_ending) return false;
    if (cpu_limit_ != ~uint64_t{0} && !state.has_cpu_watch) {
      std::unique_ptr<Job> watch = try_make_unique<CpuWatch>(*this);
      auto watcher = watch ? try_make_unique<Member>(*this, 0, std::move(watch)) : nullptr;
      if (!watcher) return false;
      watcher->counts = false;
      if (!add(state, std::move(watcher))) return false;
      state.has_cpu_watch = true;
    }
    return add(state, std::move(member));
  });
  if (started) reservation.group_ = nullptr;  // run() gives the thread back
  return started;
}

// Starts a thread. The lock is held meanwhile, and the new thread takes the lock before it does anything else, so
// member->thread is set by then.
bool ThreadGroup::add(State& state, std::unique_ptr<Member> member) {
  member->thread = system_.start_thread(*member);
  if (!member->thread) return false;
  member->next = state.first;
  state.first = member.release();
  return true;
}

void ThreadGroup::run(Member& member) {
  {
    TimeLimit limit(member.job_->time_limits());
    const bool begins = state_.with([&](State& state) {
      member.clock = system_.cpu_clock();
      if (state.is_ending) return false;
      member.limit = &limit;
      return true;
    });
    std::expected<void, Trap> result;
    if (begins) member.job_->begin(limit);
    if (begins) result = member.job_->run(member.number_);
    if (!result) trap(member.number_, std::move(result.error()));
    state_.with([&](State&) { member.limit = nullptr; });
  }
  const Ref<Notice> notice = member.job_->notice();
  member.job_.reset();
  // Joins the thread that has ended before this one, and leaves this one to be joined by the next. While the program is
  // ending, finish() joins all threads.
  const std::unique_ptr<Member> other = state_.with([&](State& state) {
    state.cpu_time_of_ended += system_.cpu_time(*member.clock);
    member.clock.reset();
    if (member.counts) fibers_.give_back(1);
    if (state.is_ending) return std::unique_ptr<Member>();
    Member* const ended = std::exchange(state.ended, &member);
    if (ended != nullptr) state.unlink(*ended);
    return std::unique_ptr<Member>(ended);
  });
  if (notice) notice->thread_ended();
  if (other) other->thread->join();
}

uint64_t ThreadGroup::cpu_time(const State& state) {
  if (state.main_limit == nullptr) return system_.now(ClockId::process_cputime);
  uint64_t time = state.cpu_time_of_ended + system_.cpu_time(state.main_clock) - state.main_cpu_start;
  for (const Member* member = state.first; member != nullptr; member = member->next) {
    if (member->clock) time += system_.cpu_time(*member->clock);
  }
  return time;
}

uint64_t ThreadGroup::cpu_time() {
  return state_.with([&](const State& state) { return cpu_time(state); });
}

}  // namespace cairn::wasi
