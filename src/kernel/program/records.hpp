// Sends records on the control port (base/boot_protocol.hpp).
#pragma once

#include <cstdint>
#include <string_view>

#include "wasi/program.hpp"

namespace cairn::kernel {

// Sends one control record: its words, separated by spaces. An empty `name` is left out.
void send_record(std::string_view kind, std::string_view name, uint64_t value);

// Sends the times and statistics of a system that has ended. `booted` is when its programs were started, in nanoseconds
// since boot; `times` are those of its main program, null if it has none.
void send_times(uint64_t booted, const wasi::PhaseTimes* times);

}  // namespace cairn::kernel
