// Runs the boot bundle's programs, each on a fiber of its own, and starts those again whose restart policy says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/program_config.hpp"
#include "base/result.hpp"
#include "base/try_vector.hpp"
#include "kernel/program/bundle.hpp"
#include "kernel/program/program_run.hpp"
#include "runtime/engine.hpp"
#include "runtime/guarded.hpp"
#include "wasi/program.hpp"
#include "wasi/supervision/shared_module.hpp"
#include "wasi/supervision/system_outcome.hpp"
#include "wasi/system/services.hpp"

namespace cairn::kernel {

class ProgramFiber;

enum class ProgramState : uint8_t { running, waiting, ended };

// What is known of a program at one moment.
struct ProgramStatus {
  uint32_t number = 0;
  std::string_view name;
  ProgramState state = ProgramState::running;
  uint32_t runs = 0;             // how often it was started
  int status = 0;                // how its last run ended; valid in the states waiting and ended
  uint64_t cpu_nanoseconds = 0;  // the CPU time of all its runs
  uint64_t weight = 1;
  Restart restart = Restart::never;
};

class Supervisor final : private wasi::ProgramServices {
 public:
  // `bundle` must outlive the object. Returns an Error if there is no memory, or the engine's options are wrong.
  static Result<std::unique_ptr<Supervisor>> create(const Bundle& bundle);
  // No program may run any more.
  ~Supervisor();

  // Starts all programs, and waits until the system has ended (wasi/supervision/system_outcome.hpp). Returns its exit
  // status. Programs may still run then.
  int run();

  // The functions from here on are for the shell (shell/shell.hpp), which calls them from one fiber and does not call
  // run().

  // Starts all programs of the bundle.
  void start_all();
  // Starts another program with the module, the files and the limits of a program of the bundle. `arguments` follow the
  // name. It is never started again. Returns its number. `streams` are destroyed when the program ends.
  Result<uint32_t> start_another(const BundledProgram& program, std::span<const std::string_view> arguments,
                                 ProgramStreams streams = {});
  [[nodiscard]] const Bundle& bundle() const { return bundle_; }
  // How many programs have been started and not been forgotten. The functions below take the index of one of them.
  // The programs' numbers (ProgramStatus::number) need not be consecutive.
  [[nodiscard]] size_t count() const { return fibers_.size(); }
  [[nodiscard]] ProgramStatus status(size_t index) const;
  // How much of what a limit bounds the program has in use; nothing if nobody counts that.
  [[nodiscard]] std::optional<uint64_t> use_of(size_t index, Limit limit) const;
  void kill(size_t index);
  // Asks the program to end: `stop_requested` says so to it, and a pipe that is its standard input ends. It is not
  // started again.
  void request_stop(size_t index);
  // Waits until the program has ended for good, until the deadline (nanoseconds since boot) at most. Returns whether it
  // has ended.
  bool wait(size_t index, uint64_t deadline);
  // Forgets a program that has ended.
  void forget(size_t index);

 private:
  friend class ProgramFiber;
  explicit Supervisor(const Bundle& bundle);
  // Returns a program of the bundle that is ready to start. If there is no memory for it, notes its end and returns
  // null.
  std::unique_ptr<ProgramFiber> make_program(uint32_t number);
  // Returns false if there is no memory, and then notes the program's end.
  bool start_program(ProgramFiber& fiber);
  // Tells the user why a program does not start, and notes its end.
  void note_refusal(uint32_t number, const Error& error);
  wasi::SharedModule* find_module(std::string_view name) override;
  void log(std::string_view program, std::string_view text) override;
  // Whether the program is the main program. A bundle for the shell has none.
  [[nodiscard]] bool is_main(uint32_t number) const { return bundle_.config.main == number; }
  // Called when a program has ended for good.
  void note_end(uint32_t number, int status);

  const Bundle& bundle_;
  std::unique_ptr<runtime::Engine> engine_;
  TryVector<std::unique_ptr<wasi::SharedModule>> modules_;
  TryVector<std::unique_ptr<ProgramFiber>> fibers_;
  runtime::Guarded<wasi::SystemOutcome, LockRank::system_outcome> outcome_;
  std::atomic<uint32_t> has_ended_ = 0;  // 1 once outcome_.has_ended(); run() waits for it
  uint32_t started_ = 0;                 // the number of the next program that is started
  wasi::PhaseTimes main_times_;          // of the main program's last run
};

// Makes a Supervisor and calls its run(). Returns the exit status with which the machine is to end. Messages for the
// user go to standard error. Programs may still run when the function returns.
int run_programs(const Bundle& bundle);

}  // namespace cairn::kernel
