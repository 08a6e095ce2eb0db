// The functions of `cairn:system` on a context and the guest's memory. docs/manual/system-interface.md says what each
// of them does.
#pragma once

#include "base/result.hpp"
#include "runtime/linker.hpp"
#include "runtime/module.hpp"
#include "wasi/functions.hpp"

namespace cairn::wasi::system {

// Handles of children come from spawn(). Times are in nanoseconds; kForever is a wait without end.
inline constexpr uint64_t kForever = ~uint64_t{0};
inline constexpr uint32_t kSelf = ~uint32_t{0};  // counters(): the calling program

Errno counters(Call& call, uint32_t child, Pointer counters);
Errno kill(Call& call, uint32_t child);
Errno log(Call& call, Pointer text, uint32_t length);
Errno pipe(Call& call, Pointer reader, Pointer writer);
Errno request_stop(Call& call, uint32_t child);
Errno spawn(Call& call, Pointer request, Pointer child);
Errno stop(Call& call, uint32_t child, uint64_t grace, Pointer end);
Errno stop_requested(Call& call, uint64_t timeout);
Errno wait(Call& call, uint32_t child, uint64_t timeout, Pointer end);

// Defines `cairn:system`: all functions if the context has children, otherwise only stop_requested().
Result<void> define(runtime::Linker& linker, Context& context);
// Fails (link) if the module imports a function that needs the capability, and the context does not have it.
Result<void> check_imports(const wasm::Module& module, Context& context);

}  // namespace cairn::wasi::system
