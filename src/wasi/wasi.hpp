// WASI preview 1 for a linker: defines `wasi_snapshot_preview1` and its predecessor `wasi_unstable`.
#pragma once

#include "runtime/linker.hpp"
#include "wasi/context.hpp"

namespace cairn::wasi {

// The context must outlive the linker's store. Functions act on the memory that the calling instance exports as "memory".
Result<void> define_wasi(runtime::Linker& linker, Context& context);

// How a program ended.
struct ProgramResult {
  uint32_t exit_status = 0;
  std::optional<runtime::Trap> trap;  // exit_status says nothing when there is one
};

// Runs an instance's `_start`. Error (link): it exports no such function of type [] -> [].
Result<ProgramResult> run_command(runtime::Store& store, runtime::Instance instance, Context& context);
// Reads proc_exit out of a trap: what a start function or a call ended with.
ProgramResult end_of(runtime::Trap trap, const Context& context);

}  // namespace cairn::wasi
