// Runs a WASI command from its bytes to its exit status, in the same steps in a process and in the kernels.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ref.hpp"
#include "base/result.hpp"
#include "runtime/calls/trap.hpp"
#include "runtime/engine.hpp"
#include "runtime/heap/statistics.hpp"
#include "runtime/module.hpp"
#include "runtime/time_limit.hpp"
#include "runtime/value.hpp"
#include "wasi/context.hpp"
#include "wasi/threads/guest_threads.hpp"
#include "wasi/threads/program_store.hpp"

namespace cairn::wasi {

// The duration of each step in nanoseconds of the monotonic clock, and the sizes of what the steps made.
struct PhaseTimes {
  uint64_t decode = 0;
  uint64_t compile = 0;      // compiling and loading the code
  uint64_t instantiate = 0;  // linking and instantiating
  uint64_t run = 0;
  uint64_t code_bytes = 0;                      // size of the compiled code
  std::optional<runtime::HeapStatistics> heap;  // statistics of the heap of managed objects, if the store has one
};

// Options for running a program.
struct ProgramOptions {
  std::string invoke;                 // the function to call; empty: `_start`
  bool trap_unknown_imports = false;  // imported functions that are not defined trap when called; otherwise an Error
};

// How a program ended.
struct ProgramResult {
  uint32_t exit_status = 0;
  std::string output;                 // the printed results of the last called function, for standard output
  std::optional<runtime::Trap> trap;  // exit_status is not valid when there is one
  uint32_t thread = 0;                // the thread that trapped; 0: the main thread
  bool is_over_cpu_limit = false;     // whether the trap came because all threads together had used up their CPU time
};

class Program {
 public:
  // Decodes and compiles a module, and adds to `times` how long that took. Limits of `allowances` on types and on
  // compiling may end that with an Error of kind limit.
  static Result<Ref<runtime::Module>> compile(runtime::Engine& engine, std::vector<std::byte> bytes, System& system,
                                              Allowances& allowances, PhaseTimes& times);
  // Whether a program with these allowances may have a module with so many types.
  static Result<void> check_types(const wasm::Module& module, Allowances& allowances);
  // Prepares the linking of a module with WASI. The program's limits are those of `context`. `context` and the module's
  // engine must outlive the program. An Error means that the module cannot be run, or (ErrorKind::usage) that the
  // arguments do not fit the requested function.
  static Result<std::unique_ptr<Program>> create(Ref<runtime::Module> module, Context& context,
                                                 const ProgramOptions& options, PhaseTimes& times);
  // Calls compile() and create().
  static Result<std::unique_ptr<Program>> load(runtime::Engine& engine, std::vector<std::byte> bytes, Context& context,
                                               const ProgramOptions& options, PhaseTimes& times);

  // Instantiates the module and runs `_start`. If a function was requested, runs `_initialize` if there is one, and
  // then that function with the program's arguments. The calling thread becomes the program's main thread. `limit` is
  // its time limit; if it limits CPU time, that holds for all threads of the program together. When the function
  // returns, the program's other threads have ended. May be called once. An Error means that the module could not be
  // instantiated; then none of its code has run.
  Result<ProgramResult> run(runtime::TimeLimit& limit, PhaseTimes& times);

 private:
  // A function to be called and its arguments.
  struct Call {
    std::string_view name;  // name of an export; the bytes belong to the module
    std::vector<runtime::Val> arguments;
  };
  Program(Context& context, Ref<runtime::Module> module, const ProgramOptions& options)
      : context_(context), module_(std::move(module)), threads_(module_, context, options.trap_unknown_imports) {}
  // Returns the calls that run() makes. Fails if the module does not export one of the functions, if a function has the
  // wrong type, or if the arguments do not fit it.
  static Result<std::vector<Call>> plan_calls(const wasm::Module& module, const ProgramOptions& options,
                                              const Context& context);
  // Does the main thread's part of run().
  Result<ProgramResult> run_main(PhaseTimes& times);

  Context& context_;
  Ref<runtime::Module> module_;
  std::vector<Call> calls_;  // the calls that run() makes, in this order
  GuestThreads threads_;
  std::unique_ptr<ProgramStore> main_;
};

}  // namespace cairn::wasi
