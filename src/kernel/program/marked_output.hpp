// Output of several programs to one port of the console: each line begins with the name of its program, in brackets. A
// fiber holds the lock of the port's PortLine while it writes.
#pragma once

#include <string_view>

#include "base/sync/locked.hpp"
#include "base/sync/mutex.hpp"
#include "kernel/devices/console.hpp"
#include "kernel/fibers/scheduler.hpp"
#include "wasi/interface/types.hpp"
#include "wasi/supervision/marked_lines.hpp"

namespace cairn::kernel {

using PortLine = Locked<wasi::MarkedLine, Mutex<FiberParker>, LockRank::marked_output>;

// The line that was begun last on a port, which is standard output or standard error.
PortLine& line_of(Port port);

// Converts the result of a function of the console to WASI's types.
wasi::WasiResult<size_t> in_wasi(std::expected<size_t, StreamFailure> result);

// Writes a message of the kernel's about a program. Each line begins with `mark`, unless that is empty.
void write_message(Port port, std::string_view mark, std::string_view text);

}  // namespace cairn::kernel
