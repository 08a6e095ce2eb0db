// One run of a program on a thread of this process.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "host/cli/systems.hpp"
#include "host/system/linux_system.hpp"
#include "runtime/engine.hpp"
#include "runtime/guarded.hpp"
#include "wasi/context.hpp"
#include "wasi/memory_files/memory_file_system.hpp"
#include "wasi/program.hpp"
#include "wasi/supervision/marked_lines.hpp"
#include "wasi/supervision/program_end.hpp"
#include "wasi/supervision/shared_module.hpp"
#include "wasi/system/services.hpp"

namespace cairn::cli {

// The last line of a standard stream to which several programs write.
using StreamLine = runtime::Guarded<wasi::MarkedLine, LockRank::marked_output>;

// A program, and the objects that it shares with the other programs of its system.
struct ProcessJob {
  runtime::Engine& engine;
  wasi::SharedModule& module;
  const host::ProgramDescription& program;
  uint64_t file_bytes;                        // the capacity of the program's files in memory, if no limit is less
  std::array<StreamLine, 2>* lines;           // the lines of standard output and error; null: lines are not marked
  wasi::ProgramServices* services = nullptr;  // null: the program cannot start others
};

// Runs the program once, on the calling thread. Compiles its module if no earlier run did, and prints the message about
// the program's end. Adds the durations of the steps to `times`.
wasi::ProgramEnd run_once(const ProcessJob& job, wasi::PhaseTimes& times);

}  // namespace cairn::cli
