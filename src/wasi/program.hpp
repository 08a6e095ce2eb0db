// Running one WASI command from its bytes to its exit status: the same steps hosted and in the kernels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/engine.hpp"
#include "runtime/heap/statistics.hpp"
#include "runtime/trap.hpp"
#include "wasi/context.hpp"

namespace cairn::wasi {

// Nanoseconds of the monotonic clock that each step took.
struct PhaseTimes {
  uint64_t decode = 0;
  uint64_t compile = 0;
  uint64_t instantiate = 0;
  uint64_t run = 0;
  uint64_t code_bytes = 0;  // size of the compiled code
  std::optional<runtime::HeapStatistics> heap;  // of managed objects, if there are any
};

// What to do beside what every program gets.
struct ProgramOptions {
  std::string invoke;                 // the function to call; empty: `_start`
  bool trap_unknown_imports = false;  // functions that nobody defines trap when they are called, instead of being an Error
};

// How a program ended.
struct ProgramResult {
  uint32_t exit_status = 0;
  std::string output;  // the results of the function that was asked for, for standard output
  std::optional<runtime::Trap> trap;  // exit_status says nothing when there is one
};

// Decodes, compiles, links with WASI, instantiates, and runs `_start`; or the function that was asked for, with the program's
// arguments as its own, after `_initialize` if there is one. An Error means that the module cannot be run, or (usage) that the
// arguments do not fit the function; no code of the module has run then.
Result<ProgramResult> run_program(const runtime::EngineConfig& config, std::vector<std::byte> module, Context& context,
                                  const ProgramOptions& options, PhaseTimes& times);

}  // namespace cairn::wasi
