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

namespace cairn::cli {

using StreamLine = runtime::Guarded<wasi::MarkedLine, LockRank::marked_output>;

// What a program is run with.
struct ProcessJob {
  runtime::Engine& engine;
  wasi::SharedModule& module;
  const host::ProgramDescription& program;
  uint64_t file_bytes;               // the capacity of the program's files in memory
  std::array<StreamLine, 2>* lines;  // the lines of standard output and error; null: lines are not marked
};

// Runs the program once, from its module to the messages about its end.
wasi::ProgramEnd run_once(const ProcessJob& job, wasi::PhaseTimes& times);

}  // namespace cairn::cli
