// A WASI command from its bytes to its exit status: the same steps hosted and in the kernels.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

// Nanoseconds of the monotonic clock that each step took.
struct PhaseTimes {
  uint64_t decode = 0;
  uint64_t compile = 0;      // and put into memory as code
  uint64_t instantiate = 0;  // and link
  uint64_t run = 0;
  uint64_t code_bytes = 0;                      // size of the compiled code
  std::optional<runtime::HeapStatistics> heap;  // of managed objects, if there are any
};

// What to do beside what every program gets.
struct ProgramOptions {
  std::string invoke;  // the function to call; empty: `_start`
  bool trap_unknown_imports =
      false;  // functions that nobody defines trap when they are called, instead of being an Error
};

// How a program ended.
struct ProgramResult {
  uint32_t exit_status = 0;
  std::string output;                 // the results of the function that was asked for, for standard output
  std::optional<runtime::Trap> trap;  // exit_status says nothing when there is one
};

class Program {
 public:
  // Decodes, compiles and links with WASI. `context` and `engine` outlive the program. An Error means that the module
  // cannot be run, or (usage) that the arguments do not fit the function that was asked for.
  static Result<std::unique_ptr<Program>> load(runtime::Engine& engine, std::vector<std::byte> bytes, Context& context,
                                               const ProgramOptions& options, PhaseTimes& times);

  // Instantiates and runs `_start`; or the function that was asked for, with the program's arguments as its own, after
  // `_initialize` if there is one. Once only. An Error means that it could not be instantiated; none of its code has
  // run then.
  Result<ProgramResult> run(PhaseTimes& times);

 private:
  // What is called, and with what.
  struct Call {
    std::string_view name;  // the module's
    std::vector<runtime::Val> arguments;
  };
  explicit Program(Context& context) : context_(context) {}
  static Result<std::vector<Call>> plan_calls(const wasm::Module& module, const ProgramOptions& options,
                                              const Context& context);

  Context& context_;
  Ref<runtime::Module> module_;
  std::vector<Call> calls_;  // in order
  UnknownImports unknown_imports_;
  std::unique_ptr<runtime::Store> store_;
  std::optional<runtime::Linker> linker_;
};

}  // namespace cairn::wasi
