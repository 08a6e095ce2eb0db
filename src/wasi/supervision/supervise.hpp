// Runs a program until it has ended for good.
#pragma once

#include <cstdint>
#include <optional>

#include "wasi/interface/file.hpp"
#include "wasi/supervision/restart_delays.hpp"

namespace cairn::wasi {

// Calls `run()`, which runs the program once and returns its ProgramEnd, as often as `restart` says, and waits between
// two runs with system.sleep_until(). After each run it calls `note(end, delay)`: `delay` is the number of nanoseconds
// until the next run, or nothing if this was the last one. Returns the end of the last run.
template <class Run, class Note>
ProgramEnd supervise(System& system, Restart restart, Run run, Note note) {
  RestartDelays delays(restart);
  for (;;) {
    const uint64_t start = system.now(ClockId::monotonic);
    const ProgramEnd end = run();
    const std::optional<uint64_t> delay = delays.after(end.kind, system.now(ClockId::monotonic) - start);
    note(end, delay);
    if (!delay) return end;
    system.sleep_until(system.now(ClockId::monotonic) + *delay);
  }
}

}  // namespace cairn::wasi
