// Runs the boot bundle's programs, each on a fiber of its own, and starts those again whose restart policy says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "kernel/program/bundle.hpp"
#include "runtime/engine.hpp"
#include "runtime/guarded.hpp"
#include "wasi/program.hpp"
#include "wasi/supervision/shared_module.hpp"
#include "wasi/supervision/system_outcome.hpp"

namespace cairn::kernel {

class ProgramFiber;

class Supervisor {
 public:
  // `bundle` must outlive the object. Returns an Error if there is no memory, or the engine's options are wrong.
  static Result<std::unique_ptr<Supervisor>> create(const Bundle& bundle);
  // Must not be called while a program may still run.
  ~Supervisor();

  // Starts all programs, and waits until the system has ended (wasi/supervision/system_outcome.hpp). Returns its exit
  // status. Programs may still run then.
  int run();

 private:
  friend class ProgramFiber;
  explicit Supervisor(const Bundle& bundle);
  void start_program(uint32_t number);
  [[nodiscard]] bool is_main(uint32_t number) const { return bundle_.config.main == number; }
  // Called when a program has ended for good.
  void note_end(uint32_t number, int status);

  const Bundle& bundle_;
  std::unique_ptr<runtime::Engine> engine_;
  TryVector<std::unique_ptr<wasi::SharedModule>> modules_;
  TryVector<std::unique_ptr<ProgramFiber>> fibers_;
  runtime::Guarded<wasi::SystemOutcome, LockRank::system_outcome> outcome_;
  std::atomic<uint32_t> has_ended_ = 0;  // 1 once outcome_.has_ended(); run() waits for it
  wasi::PhaseTimes main_times_;          // of the main program's last run
};

// Makes a Supervisor and calls its run(). Returns the exit status with which the machine is to end. Messages for the
// user go to standard error. Programs may still run when the function returns.
int run_programs(const Bundle& bundle);

}  // namespace cairn::kernel
