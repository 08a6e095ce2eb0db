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
#include "runtime/linker.hpp"
#include "runtime/module.hpp"
#include "runtime/store.hpp"
#include "runtime/value.hpp"
#include "wasi/context.hpp"
#include "wasi/unknown_imports.hpp"

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
};

class Program {
 public:
  // Decodes and compiles a module, and adds to `times` how long that took.
  static Result<Ref<runtime::Module>> compile(runtime::Engine& engine, std::vector<std::byte> bytes, System& system,
                                              PhaseTimes& times);
  // Prepares the linking of a module with WASI. `context` and the module's engine must outlive the program. An Error
  // means that the module cannot be run, or (ErrorKind::usage) that the arguments do not fit the requested function.
  static Result<std::unique_ptr<Program>> create(Ref<runtime::Module> module, Context& context,
                                                 const ProgramOptions& options, PhaseTimes& times);
  // Calls compile() and create().
  static Result<std::unique_ptr<Program>> load(runtime::Engine& engine, std::vector<std::byte> bytes, Context& context,
                                               const ProgramOptions& options, PhaseTimes& times);

  // Instantiates the module and runs `_start`. If a function was requested, runs `_initialize` if there is one, and
  // then that function with the program's arguments. May be called once. An Error means that the module could not be
  // instantiated; then none of its code has run.
  Result<ProgramResult> run(PhaseTimes& times);

 private:
  // A function to be called and its arguments.
  struct Call {
    std::string_view name;  // name of an export; the bytes belong to the module
    std::vector<runtime::Val> arguments;
  };
  Program(Context& context, Ref<runtime::Module> module) : context_(context), module_(std::move(module)) {}
  static Result<std::vector<Call>> plan_calls(const wasm::Module& module, const ProgramOptions& options,
                                              const Context& context);

  Context& context_;
  Ref<runtime::Module> module_;
  std::vector<Call> calls_;  // the calls that run() makes, in this order
  UnknownImports unknown_imports_;
  std::unique_ptr<runtime::Store> store_;
  std::optional<runtime::Linker> linker_;
};

}  // namespace cairn::wasi
