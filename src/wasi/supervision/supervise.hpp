// Runs a program until it has ended for good.
#pragma once

#include <cstdint>
#include <optional>

#include "wasi/interface/file.hpp"
#include "wasi/supervision/restart_delays.hpp"

namespace cairn::wasi {

// Calls `run()`, which runs the program once and returns its ProgramEnd, as often as `restart` says. After each run it
// calls `note(end, delay)`: `delay` is the number of nanoseconds until the next run, or nothing if this was the last
// one. It waits for the next run by `wait(delay)`, and ends if that returns false. Returns the end of the last run.
template <class Run, class Note, class Wait>
ProgramEnd supervise(System& system, Restart restart, Run run, Note note, Wait wait) {
  RestartDelays delays(restart);
  for (;;) {
    const uint64_t start = system.now(ClockId::monotonic);
    const ProgramEnd end = run();
    const std::optional<uint64_t> delay = delays.after(end.kind, system.now(ClockId::monotonic) - start);
    note(end, delay);
    if (!delay || !wait(*delay)) return end;
  }
}

}  // namespace cairn::wasi
