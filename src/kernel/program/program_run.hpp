// One run of a program of the boot bundle.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "kernel/program/bundle.hpp"
#include "kernel/program/system.hpp"
#include "wasi/context.hpp"
#include "wasi/interface/file.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/program.hpp"
#include "wasi/supervision/limited_run.hpp"
#include "wasi/supervision/shared_module.hpp"
#include "wasi/system/services.hpp"

namespace cairn::kernel {

// Files that a program has as standard streams instead of the console. Null stands for the console.
struct ProgramStreams {
  std::unique_ptr<wasi::File> input, output;
};

// The objects that a program has for itself while it runs. Programs share the engine and modules.
struct RunningProgram {
  explicit RunningProgram(Allowances& allowances) : context(system, allowances) {}

  KernelSystem system;
  ProgramStreams streams;  // until they are in the context
  std::unique_ptr<wasi::MemoryFileSystem> files;
  wasi::Context context;
  std::unique_ptr<wasi::Program> program;
};

// The engine, module and configuration with which a program is run.
struct ProgramJob {
  runtime::Engine& engine;
  wasi::SharedModule& module;
  const BundledProgram& program;
  const BootConfig& boot;
  wasi::ProgramServices* services = nullptr;         // null: the program cannot start others
  const std::atomic<uint32_t>* stop_flag = nullptr;  // not 0 when the program was asked to stop; null: nobody can ask

  // The name at the beginning of each line of output; empty if lines are not marked.
  [[nodiscard]] std::string_view mark() const { return boot.marks_output ? program.config.name : std::string_view(); }
};

// Runs a program on this fiber: makes a file system, gives it its descriptors, and calls it. `running` was just made;
// the caller destroys it.
wasi::LimitedRun run_once(const ProgramJob& job, RunningProgram& running, wasi::PhaseTimes& times,
                          wasi::KillSwitch& kill_switch);

// Tells the user how the program ended: writes an error, a trap, or the limit or kill that has ended it to standard
// error. Writes the results of the function that ProgramConfig::invoke names, if there are any, to standard output.
// `mark` is ProgramJob::mark().
void report_end(const wasi::LimitedRun& run, std::string_view mark);

}  // namespace cairn::kernel
