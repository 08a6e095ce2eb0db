// The threads of a program: its main thread, and those that it starts. They end together: when one of them traps or
// exits, or the main thread is done, all others are ended, wherever they are.
//
// Each thread has a TimeLimit, by which others end it (TimeLimit::kill). A thread that has ended is joined by the next
// one that ends, or by the main thread at the end of the program. So of threads that have ended, at most one still
// takes memory.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>

#include "base/allowance.hpp"
#include "base/ref.hpp"
#include "runtime/calls/trap.hpp"
#include "runtime/guarded.hpp"
#include "runtime/time_limit.hpp"
#include "wasi/interface/file.hpp"

namespace cairn::wasi {

// What ended a program. If no member says what, the main thread has returned.
struct ThreadsEnd {
  std::optional<uint32_t> exit_status;  // a thread called proc_exit
  std::optional<runtime::Trap> trap;    // a thread trapped
  uint32_t thread = 0;             // the thread that trapped; the trap's message names it unless it is the main one
  bool is_over_cpu_limit = false;  // all threads together have used the CPU time that the main thread's limit allows
};

class ThreadGroup {
 public:
  // The numbers of threads are below this, as wasi-threads demands. The main thread is number 0.
  static constexpr uint32_t kNumbers = uint32_t{1} << 29;

  // Is told that a thread has ended and that others may start in its place.
  class Notice : public RefCounted {
   public:
    virtual ~Notice() = default;
    virtual void thread_ended() = 0;
  };

  // What a thread does. The object is destroyed on the thread, before the thread ends.
  class Job {
   public:
    virtual ~Job() = default;
    // The limits on the time of the thread.
    [[nodiscard]] virtual runtime::TimeLimits time_limits() const { return {}; }
    // Returns what is told that the thread has ended, after the object was destroyed; null if nobody is.
    virtual Ref<Notice> notice() { return {}; }
    // Called on the thread before run(), with its time limit.
    virtual void begin(runtime::TimeLimit& /*limit*/) {}
    virtual std::expected<void, runtime::Trap> run(uint32_t number) = 0;
  };

  // `fibers` limits how many threads the program has at a time, those that are being made and the main thread included.
  ThreadGroup(System& system, Allowance& fibers) : system_(system), fibers_(fibers) {}
  // No thread but the main one may exist any more.
  ~ThreadGroup();
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;

  // --- for the main thread
  // Makes the calling thread the main thread. `limit` is its time limit, which must exist until finish(). If it limits
  // CPU time, this limit holds for all threads together.
  void begin(runtime::TimeLimit& limit);
  // Ends the other threads, waits until they have ended, and returns what ended the program. `result` is that of the
  // main thread. Called once after begin().
  ThreadsEnd finish(std::expected<void, runtime::Trap> result);

  // --- for all threads
  // A number that is kept for a thread until the object is destroyed.
  class Reservation {
   public:
    Reservation(ThreadGroup& group, uint32_t number) : group_(&group), number_(number) {}
    ~Reservation() {
      if (group_ != nullptr) group_->fibers_.give_back(1);
    }
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&&) = delete;
    [[nodiscard]] uint32_t number() const { return number_; }

   private:
    friend class ThreadGroup;
    ThreadGroup* group_;
    uint32_t number_;
  };
  // Reserves the number of a new thread; nothing if there are as many threads as there may be, or the program ends.
  std::optional<Reservation> reserve();
  // Starts a thread with this number. Returns false if there is no memory for it, or the program ends.
  bool start(Reservation reservation, std::unique_ptr<Job> job);
  // Ends the program, unless something else has ended it before. The calling thread is ended as well, a little later.
  void exit(uint32_t status);
  void trap(uint32_t number, runtime::Trap trap);

  // The status with which proc_exit was called, if a call of proc_exit has ended the program.
  std::optional<uint32_t> exit_status();
  // The CPU time of all threads, in nanoseconds.
  uint64_t cpu_time();

 private:
  class Member;
  class CpuWatch;
  struct State {
    Member* first = nullptr;  // the threads that were started and have not been joined
    Member* ended = nullptr;  // one of them that has ended, and that the next one to end joins
    uint32_t last_number = 0;
    bool is_ending = false;
    bool has_cpu_watch = false;
    ThreadsEnd end;
    uint64_t cpu_time_of_ended = 0;
    runtime::TimeLimit* main_limit = nullptr;  // set from begin() to finish()
    CpuClock main_clock{};
    uint64_t main_cpu_start = 0;  // the time of main_clock at which the program's CPU time was 0

    void unlink(Member& member);
    bool has_number(uint32_t number) const;
  };

  bool add(State& state, std::unique_ptr<Member> member);
  void run(Member& member);
  // Notes what has ended the program, unless something else has ended it before, and ends all threads.
  void end(ThreadsEnd end);
  static void kill_all(State& state);
  uint64_t cpu_time(const State& state);

  System& system_;
  Allowance& fibers_;
  uint64_t cpu_limit_ = ~uint64_t{0};  // for all threads together
  runtime::Guarded<State, LockRank::program_threads> state_;
};

}  // namespace cairn::wasi
