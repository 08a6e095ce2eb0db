// Lets other threads kill a program, whatever it does at that moment.
#pragma once

#include <atomic>

#include "runtime/guarded.hpp"
#include "runtime/time_limit.hpp"

namespace cairn::wasi {

class KillSwitch {
 public:
  // Ends the program: its guest code and its waits, including those that begin later. Any thread may call it, at any
  // time.
  void kill() {
    killed_.store(true, std::memory_order_release);
    limit_.with([](runtime::TimeLimit* limit) {
      if (limit != nullptr) limit->kill();
    });
  }
  [[nodiscard]] bool is_killed() const { return killed_.load(std::memory_order_acquire); }

  // The functions from here on are called by the program's own thread.

  // From begin() to end(), kill() also kills `limit`, the time limit of the calling thread.
  void begin(runtime::TimeLimit& limit) {
    limit_.with([&](runtime::TimeLimit*& current) {
      current = &limit;
      if (is_killed()) limit.kill();
    });
  }
  void end() {
    limit_.with([](runtime::TimeLimit*& current) { current = nullptr; });
  }

 private:
  std::atomic<bool> killed_ = false;
  runtime::Guarded<runtime::TimeLimit*, LockRank::kill_switch> limit_{nullptr};
};

}  // namespace cairn::wasi
