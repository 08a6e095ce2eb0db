// Threads for guests: the function thread-spawn of wasi-threads.
//
// A module that starts threads imports its memory, which is shared, and exports wasi_thread_start. Each thread has an
// instance of the module in a store of its own; they share the memory. thread-spawn makes store and instance on the
// thread that calls it, so that lack of memory is its result and not a failure of the new thread. If the module has a
// start function, this function runs on the calling thread, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>

#include "base/ref.hpp"
#include "base/result.hpp"
#include "wasi/context.hpp"
#include "wasi/threads/program_store.hpp"

namespace cairn::wasi {

// The size in bytes of the stack on which a thread's guest code runs, unless Limit::guest_stack is less; the main
// thread has a larger one. (C programs also have a stack in the guest's memory, for variables whose address is taken.
// This is not its size.)
inline constexpr size_t kThreadStackBytes = size_t{1} << 20;

// The bytes of the stack of the main thread's guest code.
size_t guest_stack_bytes(Context& context);

class GuestThreads {
 public:
  // `context` must outlive the object.
  GuestThreads(Ref<runtime::Module> module, Context& context, bool traps_unknown_imports)
      : module_(std::move(module)), context_(context), traps_unknown_imports_(traps_unknown_imports) {}

  // Defines the module's shared memories and thread-spawn for the main thread. Fails (link) if the module imports
  // thread-spawn and lacks what its threads need.
  Result<void> define(ProgramStore& main);

  // Starts a thread. Returns its number, or a negative error number if there is no memory or the program has as many
  // threads as it may. Fails if the start function of the new instance traps, which ends the program.
  std::expected<int32_t, runtime::Trap> spawn(uint32_t argument);

 private:
  Result<std::unique_ptr<ProgramStore>> make_store();

  Ref<runtime::Module> module_;
  Context& context_;
  bool traps_unknown_imports_;
  SharedImports memories_;
};

}  // namespace cairn::wasi
