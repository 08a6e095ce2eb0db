// The memory account of a program (memory/account.hpp), for as long as the program is known to the system.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/memory/account.hpp"
#include "kernel/memory/memory.hpp"

namespace cairn::kernel {

class ProgramAccount {
 public:
  ProgramAccount() = default;
  // The account must be empty: fibers that it has paid for are gone.
  ~ProgramAccount();
  ProgramAccount(const ProgramAccount&) = delete;
  ProgramAccount& operator=(const ProgramAccount&) = delete;

  // Enters the account among those of the machine. Returns false if there are too many accounts.
  [[nodiscard]] bool open(std::string_view name, uint64_t limit_bytes);
  // Promises the program this much memory, as kernel::promise_minimum() does. forget_minimum() ends the promise.
  [[nodiscard]] bool promise_minimum(uint64_t bytes) { return kernel::promise_minimum(account_, bytes); }
  void forget_minimum() { (void)kernel::promise_minimum(account_, 0); }
  [[nodiscard]] MemoryAccount& get() { return account_; }

  // Called before a run of the program and after it, when all that the run has made is destroyed. If the account does
  // not hold exactly what it held before the run, end_run() logs that, and in the testing image panics.
  void begin_run();
  void end_run();

  // Whether the limit has refused or ended something since begin_run().
  [[nodiscard]] bool has_reached_limit() const;

 private:
  MemoryAccount account_;
  bool is_open_ = false;
  // The values before the run.
  uint64_t frames_ = 0;
  uint64_t object_bytes_ = 0;
  uint64_t refusals_ = 0;
};

}  // namespace cairn::kernel
