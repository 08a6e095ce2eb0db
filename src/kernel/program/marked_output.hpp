// The console's output ports as streams of several programs, each of which a fiber holds while it writes.
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

// The line that was begun last on standard output or standard error.
PortLine& line_of(Port port);

// Converts the result of a function of the console.
wasi::WasiResult<size_t> in_wasi(std::expected<size_t, StreamFailure> result);

// Writes a message of the kernel's about a program. Each line begins with `mark`, unless that is empty.
void write_message(Port port, std::string_view mark, std::string_view text);

}  // namespace cairn::kernel
